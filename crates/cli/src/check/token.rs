//! The access token: how it came, how long it lives, and what it is for.

use claviger_auth_core::AccessToken;
use claviger_login::Keeper;
use claviger_profiles::{Stack, TokenRequests};

use super::report::{Report, Stopped};

/// Gets a token, as a request would.
pub(super) async fn fetch(
    stack: &Stack,
    requests: Option<&TokenRequests>,
    keeper: &Keeper,
    report: &mut Report,
) -> Result<(), Stopped> {
    let (Some(tokens), Some(requests)) = (stack.tokens(), requests) else {
        report.skip("token", "the profile fetches none: what it sends, if anything, was given");
        return Ok(());
    };
    let token = report.need("token", tokens.token().await.map_err(Into::into))?;
    let from = match keeper.source() {
        "cache" if requests.login.is_some() => "of a login, kept since an earlier run".to_owned(),
        _ if requests.login.is_some() => "of a login, renewed just now".to_owned(),
        "cache" => "kept since an earlier run (--no-cache fetches another)".to_owned(),
        _ => format!("fetched by {}", requests.method),
    };
    tell(&token, requests.facts.scope.as_deref(), &from, report);
    Ok(())
}

fn tell(token: &AccessToken, asked: Option<&str>, from: &str, report: &mut Report) {
    let life = match token.expires_in() {
        Some(life) => format!("{} s left", life.as_secs()),
        None => "how long it lives was not told".to_owned(),
    };
    let binding = match token.binding() {
        Some(_) => "goes over this client certificate alone",
        None => "not bound to a certificate",
    };
    let granted = token.scopes();
    let scope = match (asked, granted) {
        (None, []) => "no scope asked for, none told".to_owned(),
        // RFC 6749 §5.1: then it is the one that was asked for.
        (Some(asked), []) => format!("scope as asked for: {asked}"),
        (_, granted) => format!("scope granted: {}", granted.join(" ")),
    };
    let found = format!("{from}, {life}; {scope}; {binding}");
    let asked = asked.unwrap_or_default().split_whitespace();
    let missing: Vec<_> = asked.filter(|scope| !granted.iter().any(|granted| granted == scope)).collect();
    if granted.is_empty() || missing.is_empty() {
        report.ok("token", found);
    } else {
        let advice = format!(
            "ask the provider to grant this client what is missing, or take it out of scope: {}",
            missing.join(" ")
        );
        report.warn("token", found, advice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_the_scope_that_was_granted_with_the_one_asked_for() {
        let mut report = Report::json(&[]);
        let token = || AccessToken::bearer(&"swordfish".into()).unwrap();
        tell(&token(), Some("a b"), "fetched", &mut report);
        tell(&token().with_scopes(["b", "a", "c"]), Some("a b"), "fetched", &mut report);
        tell(&token().with_scopes(["b"]), Some("a b"), "fetched", &mut report);
        let lines = report.lines();
        assert!(lines[0].starts_with("ok: token: ") && lines[0].contains("as asked for: a b"), "{lines:?}");
        assert!(lines[1].starts_with("ok: token: ") && lines[1].contains("granted: b a c"), "{lines:?}");
        assert!(lines[2].starts_with("warning: token: ") && !lines[2].contains("swordfish"), "{lines:?}");
    }
}
