//! Reads a request to a token endpoint as RFC 6749 has it, and answers it.
//!
//! ```
//! use axum::extract::Request;
//! use claviger_sandbox_stage::token_request::TokenRequest;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let request = Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
//! let request = request.body("grant_type=password&scope=read".into()).expect("all its parts are valid");
//! let asked = TokenRequest::read(request).await.expect("it is a form");
//! assert_eq!(asked.given("scope"), Some("read"));
//! assert_eq!(asked.check_grant().unwrap_err().code, "unsupported_grant_type");
//! # }
//! ```

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::authorization::{basic, only};
use crate::event::Event;
use crate::stage::drain;

/// Says no.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Refusal {
    /// Gives the status.
    pub status: StatusCode,
    /// Gives the error code.
    pub code: &'static str,
    /// Says it to people.
    pub description: String,
    /// Tells the journal what came of it.
    pub event: Option<Event>,
}

impl Refusal {
    /// Says no with these.
    pub fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self { status, code, description: description.into(), event: None }
    }
}

/// Tells in which way a client has authenticated itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum By {
    /// In the body.
    Body,
    /// By HTTP Basic.
    Header,
}

/// Holds what was asked.
#[derive(Debug)]
pub struct TokenRequest {
    parameters: Vec<(String, String)>,
    /// Gives the id and the secret of the client, where they were found and could be read.
    pub client: Option<(String, String, By)>,
}

impl TokenRequest {
    /// Reads the request to its end.
    ///
    /// # Errors
    ///
    /// If it is no form, repeats something, or has credentials where none belong.
    pub async fn read(request: Request) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let body = drain(body).await;
        Self::parse(&head.headers, head.uri.query(), &body).map_err(invalid)
    }

    fn parse(headers: &HeaderMap, query: Option<&str>, body: &[u8]) -> Result<Self, &'static str> {
        // RFC 6749 §2.3.1: these go in the request body at most, never in the URI.
        let query = query.unwrap_or_default().as_bytes();
        if form(query).any(|(name, _)| NEVER_IN_QUERY.contains(&&*name)) {
            return Err("credentials do not belong in the query");
        }
        let mut asked = Self { parameters: parameters(headers, body)?, client: None };
        let authorization = only(headers, AUTHORIZATION.as_str(), "more than one Authorization header")?;
        // RFC 6749 §2.3: one method of client authentication per request.
        if authorization.is_some() && CREDENTIALS.iter().any(|name| asked.given(name).is_some()) {
            return Err("credentials both in the header and in the body");
        }
        asked.client = match authorization {
            // RFC 6749 §2.3.1: each part is form-urlencoded.
            Some(header) => {
                basic(header).and_then(|(id, secret)| Some((decode(&id)?, decode(&secret)?, By::Header)))
            }
            None => asked.given("client_id").zip(asked.given("client_secret")).map(in_body),
        };
        Ok(asked)
    }

    /// Gives a parameter of the body.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }

    /// Tells whether the body says nothing.
    pub fn is_empty(&self) -> bool {
        self.parameters.is_empty()
    }

    /// Refuses any grant but that of client credentials.
    ///
    /// # Errors
    ///
    /// If another is asked for, or none.
    pub fn check_grant(&self) -> Result<(), Refusal> {
        match self.given("grant_type") {
            Some("client_credentials") => Ok(()),
            Some(_) => Err(Refusal::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "only client_credentials is",
            )),
            None => Err(invalid("grant_type is missing")),
        }
    }
}

/// Answers with a token: `rest` has the members beside `access_token`.
pub fn issued(token: &str, mut rest: Value) -> Response {
    if let Some(members) = rest.as_object_mut() {
        members.insert("access_token".to_owned(), token.into());
        members.retain(|_, value| !value.is_null());
    }
    ([(CACHE_CONTROL, "no-store")], Json(rest)).into_response()
}

/// Says no as RFC 6749 §5.2 has it.
pub fn error(status: StatusCode, error: &str, description: &str) -> Response {
    let body = Json(json!({ "error": error, "error_description": description }));
    let mut answer = (status, [(CACHE_CONTROL, "no-store")], body).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"sandbox\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}

/// Answers with a refusal.
pub fn refuse(refusal: Refusal) -> Response {
    let mut answer = error(refusal.status, refusal.code, &refusal.description);
    refusal.event.map(|event| answer.extensions_mut().insert(event));
    answer
}

/// Says no with the code that belongs to a status: for the faults.
pub fn fault(status: StatusCode, text: &str) -> Response {
    let code = match status {
        StatusCode::BAD_REQUEST => "invalid_request",
        StatusCode::UNAUTHORIZED => "invalid_client",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        _ => "temporarily_unavailable",
    };
    error(status, code, text)
}

/// Says that a token endpoint takes POST alone.
pub async fn wrong_method(request: Request) -> Response {
    drain(request.into_body()).await;
    let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "use POST");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    answer
}

/// Says that the request is not as it should be.
pub(crate) fn invalid(description: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", description)
}

/// Says that the client has not authenticated itself.
pub fn invalid_client(description: &str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
}

/// Says that no token could be drawn.
pub fn server_error() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "no random bytes")
}

/// Gives the media type of a body, without its parameters, in lower case.
pub fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads the body as RFC 6749 §3.2 has it: empty parameters count as absent, none is repeated.
pub(crate) fn parameters(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, &'static str> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    if media_type(headers) != "application/x-www-form-urlencoded" {
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

fn in_body((id, secret): (&str, &str)) -> (String, String, By) {
    (id.to_owned(), secret.to_owned(), By::Body)
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

fn form(text: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    form_urlencoded::parse(text).into_owned()
}

const CREDENTIALS: &[&str] = &["client_id", "client_secret", "client_assertion"];
const NEVER_IN_QUERY: &[&str] = &[
    "access_token",
    "client_assertion",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "password",
    "refresh_token",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn client(authorization: &'static str) -> Option<(String, String, By)> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(authorization));
        TokenRequest::parse(&headers, None, b"").unwrap().client
    }

    #[test]
    fn takes_away_the_encoding_of_rfc_6749() {
        // Of DEPENDENCIES §5b: `id` and `se cret:+`.
        let found = Some(("id".to_owned(), "se cret:+".to_owned(), By::Header));
        assert_eq!(client("Basic aWQ6c2UrY3JldCUzQSUyQg=="), found);
        assert_eq!(client("bAsIc aWQ6c2UrY3JldCUzQSUyQg=="), found);
    }

    #[test]
    fn what_is_not_encoded_is_nobody() {
        // `id:%xx`
        assert_eq!(client("Basic aWQ6JXh4"), None);
        assert_eq!(client("Bearer aWQ6c2VjcmV0"), None);
    }
}
