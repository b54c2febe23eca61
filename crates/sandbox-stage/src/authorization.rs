//! Reads the `Authorization` header of a request to an API, and says what is wrong with it.
//!
//! ```
//! use claviger_sandbox_stage::authorization::{basic, bearer};
//! use http::HeaderValue;
//!
//! let header = HeaderValue::from_static("Basic aWQ6c2VjcmV0");
//! assert_eq!(basic(&header), Some(("id".to_owned(), "secret".to_owned())));
//! assert!(bearer(&header).is_err());
//! ```

use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::fault::Target;

/// Says why a request is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Denial {
    /// Gives the status it is answered with.
    pub status: StatusCode,
    text: &'static str,
    challenge: Option<&'static str>,
}

impl Denial {
    /// Denies with a status; 401 comes with the challenge of RFC 6750 §3.
    pub fn new(status: StatusCode, text: &'static str) -> Self {
        Self { status, text, challenge: (status == StatusCode::UNAUTHORIZED).then_some(INVALID_TOKEN) }
    }

    /// Denies with 401.
    pub fn unauthorized(text: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, text)
    }

    /// Says it in a provider's own words.
    pub fn answer(self, refuse: fn(Target, StatusCode, &str) -> Response) -> Response {
        let mut answer = refuse(Target::Api, self.status, self.text);
        if let Some(challenge) = self.challenge {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        answer
    }
}

/// Gives the only `Authorization` header of a request, which must carry no token elsewhere.
///
/// # Errors
///
/// If there is none, or more than one, or a token in the query.
pub fn authorization(request: &Request) -> Result<&HeaderValue, Denial> {
    // RFC 6750 §2: in the header only, and by one method per request.
    if parameter(request.uri().query(), "access_token").is_some() {
        let text = "an access token does not belong in the query";
        return Err(Denial::new(StatusCode::BAD_REQUEST, text));
    }
    only(request.headers(), AUTHORIZATION.as_str(), "more than one Authorization header")
        .map_err(|text| Denial::new(StatusCode::BAD_REQUEST, text))?
        // RFC 6750 §3.1: who sends no credentials is told no error code.
        .ok_or(Denial {
            challenge: Some("Bearer"),
            ..Denial::unauthorized("the Authorization header is missing")
        })
}

/// Reads the token.
///
/// # Errors
///
/// If the header carries none.
pub fn bearer(authorization: &HeaderValue) -> Result<&str, Denial> {
    after(authorization, "bearer")
        .ok_or(Denial::unauthorized("the Authorization header carries no bearer token"))
}

/// Reads the two parts of HTTP Basic (RFC 7617), as they are.
pub fn basic(authorization: &HeaderValue) -> Option<(String, String)> {
    let pair = String::from_utf8(STANDARD.decode(after(authorization, "basic")?).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Gives the only header of a name.
///
/// # Errors
///
/// `repeated`, if there are two.
pub fn only<'a>(
    headers: &'a HeaderMap,
    name: &str,
    repeated: &'static str,
) -> Result<Option<&'a HeaderValue>, &'static str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(repeated) } else { Ok(first) }
}

/// Gives a parameter of a query.
pub fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    pairs.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

fn after<'a>(authorization: &'a HeaderValue, scheme: &str) -> Option<&'a str> {
    // RFC 9110 §11.1: the scheme is compared without regard to case.
    let (other, value) = authorization.to_str().ok()?.split_once(' ')?;
    other.eq_ignore_ascii_case(scheme).then(|| value.trim_start())
}

const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_basic_is_nothing() {
        for text in ["Basic", "Basic !!!", "Bearer aWQ6c2VjcmV0", "Basic aWRzZWNyZXQ="] {
            assert_eq!(basic(&HeaderValue::from_static(text)), None, "{text}");
        }
        // RFC 7617: only the first colon parts them, and nothing is form-encoded.
        let header = HeaderValue::from_static("bAsIc YSVmOmI6Kw==");
        assert_eq!(basic(&header), Some(("a%f".to_owned(), "b:+".to_owned())));
    }
}
