//! What the status of an answer says: in words, with what to do, and for scripts.

use claviger_profiles::Authentication;
use http::StatusCode;

use crate::{certificate::Verdict, exit::Exit};

/// Says what the body may not: that it is not what was asked for, and what to do.
pub(super) fn words(
    status: StatusCode,
    authentication: Authentication,
    verdict: Option<Verdict>,
) -> Option<(String, &'static str)> {
    if let Some(verdict) = verdict {
        return Some((format!("the API answered {status}; {}", verdict.words()), verdict.advice()));
    }
    let (what, advice) = match status.as_u16() {
        300..400 => ("; redirects are not followed", "-i shows where it leads, in Location: write that path"),
        401 => of_unauthorized(authentication),
        403 => (
            "; the credentials are good, the permission is missing (or the tenant is wrong)",
            "check the tenant, and what these credentials may do at the provider",
        ),
        404 | 405 => ("", "check the method and the path; where paths begin, claviger request --help says"),
        429 | 500.. => ("", "wait, and try again; if it stays, the provider can say more"),
        400.. => ("", "what is wrong with the request, the body of the answer may say"),
        _ => return None,
    };
    Some((format!("the API answered {status}{what}"), advice))
}

fn of_unauthorized(authentication: Authentication) -> (&'static str, &'static str) {
    match authentication {
        Authentication::Fetched => (
            "; it does not take the token that was just fetched or kept",
            "check that api_url and token_url belong together, and scope, audience and certificate; \
             a new token that was refused is not replaced within 5 s",
        ),
        Authentication::Given => (
            "; it does not take the credentials",
            "check the user and the password, or the token, with whoever issued them: \
             a token that was given is never renewed",
        ),
        Authentication::LoggedIn => (
            "; it does not take the token of this login",
            "if somebody else logs in with the same account, that may have ended the session: try again in some seconds, \
             for a token younger than 5 s is not replaced; else check that api_url and token_url belong together, and scope \
             and audience",
        ),
        Authentication::None => (
            "; the profile sends no credentials",
            "choose another profile with --profile, or another way with auth in this one",
        ),
    }
}

/// What `--fail` makes of a status.
pub(super) fn judge(status: StatusCode, verdict: Option<Verdict>) -> Exit {
    match status.as_u16() {
        _ if verdict.is_some() => Exit::Connection,
        401 | 403 => Exit::Refused,
        400.. => Exit::Api,
        _ => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fails_by_status_when_told_to() {
        let codes = [200, 204, 302, 400, 401, 403, 404, 429, 500, 511];
        let exits = codes.map(|code| {
            let status = StatusCode::from_u16(code).unwrap();
            judge(status, Verdict::of(status, b"")) as u8
        });
        assert_eq!(exits, [0, 0, 0, 1, 3, 3, 1, 1, 1, 4]);
        assert_eq!(judge(StatusCode::BAD_REQUEST, Some(Verdict::Demanded)), Exit::Connection);
    }

    #[test]
    fn has_words_where_the_answer_is_no_answer() {
        let of = |code, authentication| words(StatusCode::from_u16(code).unwrap(), authentication, None);
        assert_eq!(of(204, Authentication::Fetched), None);
        for (code, expected) in
            [(307, "not followed"), (403, "permission"), (404, "404 Not Found"), (503, "wait")]
        {
            let (said, advice) = of(code, Authentication::Fetched).unwrap();
            assert!(said.contains(expected) || advice.contains(expected), "{said} {advice}");
        }
        let status = StatusCode::BAD_REQUEST;
        let (said, _) = words(status, Authentication::Fetched, Some(Verdict::Demanded)).unwrap();
        assert!(said.contains("demands a client certificate"), "{said}");
        for (authentication, expected) in [
            (Authentication::Fetched, "token_url"),
            (Authentication::Given, "password"),
            (Authentication::LoggedIn, "same account"),
            (Authentication::None, "--profile"),
        ] {
            assert!(of(401, authentication).unwrap().1.contains(expected), "{authentication:?}");
        }
    }
}
