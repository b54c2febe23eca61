//! Reads the `Authorization` header of a request to an API, and says what is wrong with it.

use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::fault::Target;
use crate::stage::Refuse;

/// Says why a request is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Denial {
    pub(crate) status: StatusCode,
    text: &'static str,
    challenge: Option<&'static str>,
}

impl Denial {
    pub(crate) fn new(status: StatusCode, text: &'static str) -> Self {
        Self { status, text, challenge: (status == StatusCode::UNAUTHORIZED).then_some(INVALID_TOKEN) }
    }

    pub(crate) fn unauthorized(text: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, text)
    }

    /// Says it in a provider's own words.
    pub(crate) fn answer(self, refuse: Refuse) -> Response {
        let mut answer = refuse(Target::Api, self.status, self.text);
        if let Some(challenge) = self.challenge {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        answer
    }
}

/// Gives the only `Authorization` header of a request, which must carry no token elsewhere.
pub(crate) fn authorization(request: &Request) -> Result<&HeaderValue, Denial> {
    // RFC 6750 §2: in the header only, and by one method per request.
    if parameter(request.uri().query(), "access_token").is_some() {
        let text = "an access token does not belong in the query";
        return Err(Denial::new(StatusCode::BAD_REQUEST, text));
    }
    only(request.headers(), AUTHORIZATION.as_str())
        .map_err(|()| Denial::new(StatusCode::BAD_REQUEST, "more than one Authorization header"))?
        // RFC 6750 §3.1: who sends no credentials is told no error code.
        .ok_or(Denial {
            challenge: Some("Bearer"),
            ..Denial::unauthorized("the Authorization header is missing")
        })
}

/// Reads the token.
pub(crate) fn bearer(authorization: &HeaderValue) -> Result<&str, Denial> {
    after(authorization, "bearer")
        .ok_or(Denial::unauthorized("the Authorization header carries no bearer token"))
}

/// Reads the two parts of HTTP Basic (RFC 7617), as they are.
pub(crate) fn basic(authorization: &HeaderValue) -> Option<(String, String)> {
    let pair = String::from_utf8(STANDARD.decode(after(authorization, "basic")?).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Gives the only header of a name; it is an error if there are two.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(()) } else { Ok(first) }
}

/// Gives a parameter of a query.
pub(crate) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    pairs.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

fn after<'a>(authorization: &'a HeaderValue, scheme: &str) -> Option<&'a str> {
    // RFC 9110 §11.1: the scheme is compared without regard to case.
    let (other, value) = authorization.to_str().ok()?.split_once(' ')?;
    other.eq_ignore_ascii_case(scheme).then(|| value.trim_start())
}

pub(crate) const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\"";

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
