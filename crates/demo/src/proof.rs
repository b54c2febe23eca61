//! What a step asks of an answer, and of what arrived.

use bytes::Bytes;
use claviger_auth_core::{BoxError, Error, ErrorKind};
use claviger_sandbox::Entry;
use http::{Request, Response, StatusCode, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

/// Puts a body on a request.
pub(crate) fn built(
    request: request::Builder,
    body: impl Into<Bytes>,
) -> Result<Request<Full<Bytes>>, BoxError> {
    Ok(request.body(Full::new(body.into()))?)
}

/// Takes the body of an answer that has this status.
pub(crate) async fn answer(
    result: Result<Response<Incoming>, BoxError>,
    status: StatusCode,
) -> Result<String, BoxError> {
    let response = result?;
    prove(response.status() == status, "another status")?;
    let body = response.into_body().collect().await?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

/// Takes the words in which the client refused, or told that it was refused.
pub(crate) fn refusal<T>(result: Result<T, BoxError>) -> Result<Error, BoxError> {
    let Err(error) = result else { return Err(unproven("a refusal")) };
    Error::find(&*error).cloned().ok_or_else(|| unproven("a refusal in our own words"))
}

/// The token that arrived.
pub(crate) fn bearer(entry: &Entry) -> Option<&str> {
    entry.header("authorization")?.strip_prefix("Bearer ")
}

/// Ends the demo where it does not hold.
pub(crate) fn prove(holds: bool, what: &'static str) -> Result<(), BoxError> {
    if holds { Ok(()) } else { Err(unproven(what)) }
}

pub(crate) fn unproven(what: &'static str) -> BoxError {
    Error::new(ErrorKind::Protocol, "the demo did not go as it should")
        .with_subject(format!("expected {what}"))
        .with_advice("report it with what was printed: it holds no secret")
        .into()
}
