//! What a step asks of an answer, and of what arrived.

use bytes::Bytes;
use claviger_auth_core::{BoxError, Error};
use claviger_sandbox::Entry;
use http::{Request, Response, StatusCode, request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use crate::{exit::Exit, failure::Failure};

/// Puts a body on a request.
pub(super) fn built(
    request: request::Builder,
    body: impl Into<Bytes>,
) -> Result<Request<Full<Bytes>>, Failure> {
    request.body(Full::new(body.into())).map_err(|error| Failure::from(BoxError::from(error)))
}

/// Takes the body of an answer that has this status.
pub(super) async fn answer(
    result: Result<Response<Incoming>, BoxError>,
    status: StatusCode,
) -> Result<String, Failure> {
    let response = result?;
    prove(response.status() == status, "another status")?;
    let body = response.into_body().collect().await.map_err(|error| Failure::from(BoxError::from(error)))?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}

/// Takes the words in which the client refused, or told that it was refused.
pub(super) fn refusal<T>(result: Result<T, BoxError>) -> Result<Error, Failure> {
    let Err(error) = result else { return Err(unproven("a refusal")) };
    Error::find(&*error).cloned().ok_or_else(|| unproven("a refusal in our own words"))
}

/// The token that arrived.
pub(super) fn bearer(entry: &Entry) -> Option<&str> {
    entry.header("authorization")?.strip_prefix("Bearer ")
}

/// Ends the demo where it does not hold.
pub(super) fn prove(holds: bool, what: &'static str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(unproven(what)) }
}

pub(super) fn unproven(what: &'static str) -> Failure {
    let error = format!("the demo did not go as it should: expected {what}");
    Failure::new(Exit::Other, error, "report it with what was printed: it holds no secret")
}
