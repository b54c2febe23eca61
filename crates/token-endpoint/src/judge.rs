//! From an answer to a token, or to the error that says what is wrong.

use std::{fmt, time::SystemTime};

use claviger_auth_core::{AccessToken, Error, ErrorKind};
use http::StatusCode;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::{
    TokenAnswer, binding,
    endpoint::{Endpoint, said},
    members::Members,
    oauth_error, retry_after,
    transport::{Answer, AnswerBody},
};

/// Judges an answer to who asked for these scopes. The caller adds what stands beside the body.
pub(crate) fn judge(answer: &Answer, scope: &str) -> Result<TokenAnswer, Error> {
    if answer.status.is_success() {
        issued(&answer.body, scope)
    } else {
        Err(refused(answer, Endpoint::Token))
    }
}

/// Puts on an error what stands beside the body: the status, and how long the server asks to be left alone.
pub(crate) fn with_head(error: Error, answer: &Answer, now: SystemTime) -> Error {
    let error = error.with_status(answer.status);
    let wait = answer.retry_after.as_ref().and_then(|value| retry_after::parse(value, now));
    match wait {
        Some(wait) if error.kind() == ErrorKind::Unavailable => wait.told_with(error),
        _ => error,
    }
}

/// Returns the body of a success, as far as it came.
pub(crate) fn success(body: &AnswerBody, endpoint: Endpoint) -> Result<&[u8], Error> {
    match body {
        AnswerBody::Broken(error) => Err(error.clone()),
        AnswerBody::Encoded => {
            Err(protocol(said!(endpoint, "the ", "'s answer is compressed, which was not asked for"))
                .with_advice(
                    "ask whoever runs the server, or the proxy before it, to honour Accept-Encoding",
                ))
        }
        AnswerBody::TooLarge => Err(protocol(said!(endpoint, "the ", "'s answer is larger than 1 MiB"))),
        AnswerBody::Whole(body) => Ok(body.as_ref()),
    }
}

fn issued(body: &AnswerBody, scope: &str) -> Result<TokenAnswer, Error> {
    let body: Members = members(success(body, Endpoint::Token)?)?;
    if !body.error.is_void() {
        // RFC 6749 §5.2 asks for a 400; some servers say 200 all the same.
        let code = body.error.text().and_then(oauth_error::registered);
        let error = protocol("the token endpoint answered with an error");
        return Err(code
            .and_then(|code| oauth_error::meaning(code, Endpoint::Token))
            .unwrap_or_else(|| with_code(error, code)));
    }
    let Some(token) = body.access_token.text().filter(|token| !token.is_empty()) else {
        return Err(protocol("the token endpoint's answer has no access token"));
    };
    // RFC 6749 §7.1: compared without case, and a type that is not understood must not be used.
    let bearer = |name: &str| name.trim().eq_ignore_ascii_case("bearer");
    if !body.token_type.is_void() && !body.token_type.text().is_some_and(bearer) {
        return Err(protocol("the token endpoint issued a token of another type than Bearer")
            .with_advice("ask the provider for bearer tokens; no other type is supported"));
    }
    let binding = binding::of_token(token);
    let granted = body.scope.words();
    let withheld_scopes = if granted.is_empty() { Vec::new() } else { without(scope, &granted) };
    let mut access_token = AccessToken::bearer(&SecretString::from(token))?.with_scopes(granted);
    if let Some(life) = body.expires_in.seconds() {
        access_token = access_token.with_expires_in(life);
    }
    if let Some(certificate) = binding {
        access_token = access_token.with_binding(certificate);
    }
    let refresh_token = body.refresh_token.text().filter(|token| !token.is_empty()).map(SecretString::from);
    Ok(TokenAnswer { access_token, refresh_token, withheld_scopes })
}

/// Lists the words of `scope` that are not in `granted`.
fn without(scope: &str, granted: &[String]) -> Vec<String> {
    let asked = scope.split_ascii_whitespace();
    asked.filter(|word| !granted.iter().any(|other| other == word)).map(ToOwned::to_owned).collect()
}

pub(crate) fn members<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let body = trimmed(body);
    if body.is_empty() {
        return Err(protocol("the token endpoint's answer is empty"));
    }
    if is_html(body) {
        return Err(protocol("the token endpoint answered with an HTML page")
            .with_advice("check the token URL: a web site, a login page or a proxy answered in its place"));
    }
    // The error itself is not kept: it quotes values.
    serde_json::from_slice(body).map_err(|error| {
        let what = if error.is_data() {
            "the token endpoint's answer is not a JSON object"
        } else {
            "the token endpoint's answer is not JSON"
        };
        protocol(what).with_source(Position::of(&error))
    })
}

fn trimmed(body: &[u8]) -> &[u8] {
    body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body).trim_ascii()
}

fn is_html(body: &[u8]) -> bool {
    let body = trimmed(body);
    body.starts_with(b"<") && !body.starts_with(b"<?xml")
}

/// Sorts an answer that is no success, by its status and its registered error code.
pub(crate) fn refused(answer: &Answer, endpoint: Endpoint) -> Error {
    let (html, code) = match &answer.body {
        AnswerBody::Broken(_) | AnswerBody::Encoded | AnswerBody::TooLarge => (false, None),
        AnswerBody::Whole(body)
            if answer.status == StatusCode::BAD_REQUEST && is_about_certificate(body.as_ref()) =>
        {
            return certificate_demanded(endpoint);
        }
        AnswerBody::Whole(body) => {
            let error = members(body.as_ref()).map(|members: Members| members.error).unwrap_or_default();
            (is_html(body.as_ref()), error.text().and_then(oauth_error::registered))
        }
    };
    let error = by_status(answer.status, endpoint)
        .or_else(|| code.and_then(|code| oauth_error::meaning(code, endpoint)))
        .unwrap_or_else(|| by_lesser_status(answer.status, endpoint));
    if !html || says_enough(answer.status) {
        return with_code(error, code);
    }
    let advice = match answer.status {
        StatusCode::BAD_REQUEST => {
            said!(endpoint, "check the URL of the ", ": a web server or a proxy answered in its place")
        }
        _ => error.advice(),
    };
    Error::new(error.kind(), said!(endpoint, "the ", " answered with an HTML page")).with_advice(advice)
}

/// Tells nginx's pages for a client certificate that is missing or wrong from its other pages: they share the
/// status 400 (nginx, `ngx_http_special_response.c`: "No required SSL certificate was sent", "The SSL certificate error").
fn is_about_certificate(body: &[u8]) -> bool {
    let words = b"SSL certificate";
    is_html(body) && body.windows(words.len()).any(|window| window == words)
}

fn certificate_demanded(endpoint: Endpoint) -> Error {
    Error::new(
        ErrorKind::ClientCertificate,
        said!(endpoint, "the ", " demands a client certificate, or refuses the one it got"),
    )
}

/// Tells whether a status says more than that the body is a page: nearly every 404 is one.
fn says_enough(status: StatusCode) -> bool {
    matches!(status.as_u16(), 300..=399 | 404 | 405 | 407 | 410 | 495 | 496 | 511)
}

/// The statuses that outweigh an error code.
fn by_status(status: StatusCode, endpoint: Endpoint) -> Option<Error> {
    let error = match status.as_u16() {
        300..=399 => protocol(said!(endpoint, "the ", " redirects, and no redirect is followed"))
            .with_advice(said!(
                endpoint,
                "correct the URL of the ",
                ": mind http in place of https, and a slash at its end"
            )),
        401 => Error::new(
            ErrorKind::CredentialsRefused,
            said!(endpoint, "the ", " refused the client credentials"),
        ),
        403 => Error::new(ErrorKind::CredentialsRefused, said!(endpoint, "the ", " denied access"))
            .with_advice("ask the provider whether this client, from this network, may fetch tokens"),
        408 => Error::new(ErrorKind::Unavailable, said!(endpoint, "the ", " is not available")),
        429 => {
            Error::new(ErrorKind::Unavailable, said!(endpoint, "the ", " says that it is asked too often"))
        }
        // Clara answers 511, and nginx has 495 and 496, where a client certificate is missing or wrong. It is
        // a matter of configuration: the same attempt never succeeds.
        495 | 496 | 511 => certificate_demanded(endpoint),
        500..=599 => Error::new(ErrorKind::Unavailable, said!(endpoint, "the ", " is not available")),
        _ => return None,
    };
    Some(error)
}

/// The statuses that count where there is no error code.
fn by_lesser_status(status: StatusCode, endpoint: Endpoint) -> Error {
    match status.as_u16() {
        404 | 405 | 410 => {
            Error::new(ErrorKind::Configuration, said!(endpoint, "there is no ", " at this URL"))
                .with_advice(said!(endpoint, "correct the URL of the ", "; a slash at its end can matter"))
        }
        // Not a matter of the connection, which would be tried again: only a human can give the credentials.
        407 => Error::new(
            ErrorKind::Configuration,
            said!(endpoint, "a proxy on the way to the ", " asks for credentials"),
        )
        .with_advice("give the HTTP client the proxy's credentials, or go around the proxy"),
        415 => {
            Error::new(ErrorKind::Configuration, said!(endpoint, "the ", " does not take this kind of body"))
                .with_advice("use the method json where the provider documents a JSON body, else another one")
        }
        _ => protocol(said!(endpoint, "the ", " refused the request")).with_advice(said!(
            endpoint,
            "check the URL of the ",
            ", the client authentication method and the parameters with the provider"
        )),
    }
}

fn protocol(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}

fn with_code(error: Error, code: Option<&'static str>) -> Error {
    match code {
        Some(code) => error.with_oauth_error(code),
        None => error,
    }
}

/// Where a document is malformed; what stands there is not said.
#[derive(Debug)]
pub(crate) struct Position {
    line: usize,
    column: usize,
}

impl Position {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        Self { line: error.line(), column: error.column() }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl std::error::Error for Position {}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

#[cfg(test)]
mod tests;
