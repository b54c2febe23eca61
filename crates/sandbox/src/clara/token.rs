//! `POST /oauth/token`: HTTP Basic, and a body that is empty or asks for the client credentials grant.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use super::{Clara, Environment, TOKEN_PATH};
use crate::server::Peer;
use crate::stage::drain;

pub(super) fn routes(clara: &Clara) -> Router {
    Router::new().route(TOKEN_PATH, post(issue).fallback(wrong_method)).with_state(clara.clone())
}

/// Says no as RFC 6749 §5.2 has it.
pub(super) fn error(status: StatusCode, error: &str, description: &str) -> Response {
    let body = Json(json!({ "error": error, "error_description": description }));
    let mut answer = (status, [(CACHE_CONTROL, "no-store")], body).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"clara\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}

async fn issue(State(clara): State<Clara>, peer: Option<Extension<Peer>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = drain(body).await;
    let environment = match judge(&clara, &head.headers, head.uri.query(), &body) {
        Ok(environment) => environment,
        Err((status, code, description)) => return error(status, code, description),
    };
    let thumbprint = peer.and_then(|Extension(peer)| peer.thumbprint);
    match clara.inner.tokens.issue(environment, thumbprint) {
        Ok((token, life)) => {
            let body = Json(json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": life.as_secs(),
            }));
            ([(CACHE_CONTROL, "no-store")], body).into_response()
        }
        Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "no random bytes"),
    }
}

async fn wrong_method(request: Request) -> Response {
    drain(request.into_body()).await;
    let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "use POST");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    answer
}

type Refusal = (StatusCode, &'static str, &'static str);

/// Tells which account asks, if it asks in the right way.
fn judge(
    clara: &Clara,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &[u8],
) -> Result<Environment, Refusal> {
    let invalid = |description| (StatusCode::BAD_REQUEST, "invalid_request", description);
    // RFC 6749 §2.3.1: these go in the request body at most, never in the URI.
    if form(query.unwrap_or_default().as_bytes()).any(|(name, _)| NEVER_IN_QUERY.contains(&&*name)) {
        return Err(invalid("credentials do not belong in the query"));
    }
    let parameters = parameters(headers, body).map_err(invalid)?;
    let given = |name: &str| parameters.iter().find(|(other, _)| other == name).map(|(_, value)| &**value);
    let in_body = CREDENTIALS.iter().any(|name| given(name).is_some());

    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    let authorization = authorizations.next();
    if authorizations.next().is_some() {
        return Err(invalid("more than one Authorization header"));
    }
    // RFC 6749 §2.3: one method of client authentication per request.
    if authorization.is_some() && in_body {
        return Err(invalid("credentials both in the header and in the body"));
    }
    let environment = authorization
        .and_then(basic)
        .and_then(|(id, secret)| account(clara, &id, &secret))
        .ok_or((StatusCode::UNAUTHORIZED, "invalid_client", "client authentication by HTTP Basic failed"))?;

    match given("grant_type") {
        Some("client_credentials") => Ok(environment),
        Some(_) => Err((StatusCode::BAD_REQUEST, "unsupported_grant_type", "only client_credentials is")),
        // Two of Clara's own samples send no body at all.
        None if parameters.is_empty() => Ok(environment),
        None => Err(invalid("grant_type is missing")),
    }
}

/// Reads the body as RFC 6749 §3.2 has it: empty parameters count as absent, none is repeated.
fn parameters(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, &'static str> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err("the body is not application/x-www-form-urlencoded");
    }
    let mut parameters: Vec<(String, String)> = Vec::new();
    for (name, value) in form(body).filter(|(_, value)| !value.is_empty()) {
        if parameters.iter().any(|(other, _)| *other == name) {
            return Err("a parameter is repeated");
        }
        parameters.push((name, value));
    }
    Ok(parameters)
}

/// Reads the two parts of HTTP Basic, each form-urlencoded (RFC 6749 §2.3.1).
fn basic(authorization: &HeaderValue) -> Option<(String, String)> {
    let (scheme, value) = authorization.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(value.trim_start()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((decode(id)?, decode(secret)?))
}

/// Takes away one form-urlencoding; `None` if there is none to take away.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn account(clara: &Clara, id: &str, secret: &str) -> Option<Environment> {
    let accounts =
        [(&clara.inner.production, Environment::Production), (&clara.inner.test, Environment::Test)];
    let is_it = |account: &super::Account| account.client_id == id && *account.secret() == secret;
    accounts.into_iter().find(|(account, _)| is_it(account)).map(|(_, environment)| environment)
}

fn form(text: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    form_urlencoded::parse(text).into_owned()
}

const CREDENTIALS: &[&str] = &["client_id", "client_secret", "client_assertion"];
const NEVER_IN_QUERY: &[&str] =
    &["access_token", "client_assertion", "client_id", "client_secret", "code", "password", "refresh_token"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_away_the_encoding_of_rfc_6749() {
        // Of DEPENDENCIES §5b: `id` and `se cret:+`.
        let header = HeaderValue::from_static("Basic aWQ6c2UrY3JldCUzQSUyQg==");
        assert_eq!(basic(&header), Some(("id".to_owned(), "se cret:+".to_owned())));
        let header = HeaderValue::from_static("bAsIc aWQ6c2UrY3JldCUzQSUyQg==");
        assert!(basic(&header).is_some());
    }

    #[test]
    fn what_is_not_basic_is_nothing() {
        for text in ["Basic", "Basic !!!", "Bearer aWQ6c2VjcmV0", "Basic aWRzZWNyZXQ=", "Basic aWQ6JXh4"] {
            assert_eq!(basic(&HeaderValue::from_static(text)), None, "{text}");
        }
    }
}
