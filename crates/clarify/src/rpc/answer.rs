//! What was answered to a call.

use std::fmt;

use bytes::Bytes;
use claviger_auth_core::{BoxError, Error, ErrorKind};
use http::{Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{CallError, RpcError, Traceparent};

/// Holds the result of a call; none for a notification.
#[derive(Clone)]
pub struct RpcAnswer {
    result: Option<Box<RawValue>>,
    api_version: Option<String>,
    traceparent: Option<Traceparent>,
}

impl RpcAnswer {
    /// Reads the result as an `R`. Where there is none, that is `()` or an `Option`.
    ///
    /// # Errors
    ///
    /// [`CallError::Answer`] of kind [`Protocol`](ErrorKind::Protocol) if it is of another type.
    pub fn read<R: DeserializeOwned>(&self) -> Result<R, CallError> {
        serde_json::from_str(self.json()).map_err(|error| {
            // What serde says quotes what it read.
            let place = format!("result, line {}, column {}", error.line(), error.column());
            let error = Error::new(ErrorKind::Protocol, "the result is not of the type that is asked for")
                .with_subject(place)
                .with_advice(
                    "compare the type with the method's documentation, in the version that is asked for",
                );
            CallError::Answer(error)
        })
    }

    /// Returns the result as JSON; `null` where there is none.
    #[must_use]
    pub fn json(&self) -> &str {
        self.result.as_deref().map_or("null", RawValue::get)
    }

    /// Returns the version in which the call was served, if Clarify said so.
    #[must_use]
    pub fn api_version(&self) -> Option<&str> {
        self.api_version.as_deref()
    }

    /// Returns the trace of the answer, if it has one.
    #[must_use]
    pub fn traceparent(&self) -> Option<&Traceparent> {
        self.traceparent.as_ref()
    }
}

impl fmt::Debug for RpcAnswer {
    /// Leaves out the result.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcAnswer").field("traceparent", &self.traceparent).finish_non_exhaustive()
    }
}

/// Reads the answer to the call with this id ("Transport protocol (HTTP)", "HTTP Response Status Codes").
pub(super) async fn read<B: Body<Error: Into<BoxError>>>(
    response: Response<B>,
    id: Option<u64>,
    limit: usize,
) -> Result<RpcAnswer, CallError> {
    let (head, body) = response.into_parts();
    let judged = match head.status {
        StatusCode::NO_CONTENT if id.is_none() => Ok(Ok(None)),
        StatusCode::NO_CONTENT => Err(protocol("the call was answered as if it were a notification")),
        StatusCode::OK => collect(body, limit).await.and_then(|body| judge(&body, id)),
        status => Err(refused(status)),
    };
    let traceparent = Traceparent::of(&head.headers);
    let trace = traceparent.as_ref().map(Traceparent::trace_id);
    match judged {
        Ok(Ok(result)) => {
            let api_version = head.headers.get("x-api-version").and_then(|version| version.to_str().ok());
            Ok(RpcAnswer { result, api_version: api_version.map(str::to_owned), traceparent })
        }
        Ok(Err(error)) => Err(CallError::Rpc(error.with_trace(trace))),
        Err(error) => Err(CallError::Answer(match trace {
            Some(trace) => error.with_subject(format!("trace {trace}")),
            None => error,
        })),
    }
}

async fn collect<B: Body<Error: Into<BoxError>>>(body: B, limit: usize) -> Result<Bytes, Error> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(protocol("the answer is larger than is allowed")
            .with_advice("ask for less at a time, or allow more with RpcClient::with_answer_limit")),
        Err(error) => Err(protocol("the answer broke off").with_source(error)),
    }
}

/// Finds the result, or the error, in the body of a 200. The content type tells nothing more.
fn judge(body: &[u8], id: Option<u64>) -> Result<Result<Option<Box<RawValue>>, RpcError>, Error> {
    let message: Message = serde_json::from_slice(body).map_err(|_| protocol("the answer is no JSON-RPC"))?;
    let is_of_call = message.id == id.map_or(Value::Null, Value::from);
    match (message.error, message.result) {
        // JSON-RPC 2.0, §5: without an id where that of the call could not be read.
        (Some(error), _) if is_of_call || message.id.is_null() => Ok(Err(error)),
        (None, Some(result)) if is_of_call => Ok(Ok(Some(result))),
        (None, None) => Err(protocol("the answer is no JSON-RPC")),
        _ => Err(protocol("the answer is to another call")),
    }
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: Value,
    error: Option<RpcError>,
    #[serde(default, deserialize_with = "even_null")]
    result: Option<Box<RawValue>>,
}

/// Tells a result that is `null` from one that is not there.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

fn refused(status: StatusCode) -> Error {
    let error = |kind, what| Error::new(kind, what).with_status(status);
    match status.as_u16() {
        400 => error(ErrorKind::Configuration, "Clarify does not take the request")
            .with_advice("check that there is such a version of the API (X-API-Version)"),
        401 => error(ErrorKind::CredentialsRefused, "Clarify does not take the credentials"),
        429 | 500.. => error(ErrorKind::Unavailable, "Clarify is not available"),
        _ => error(ErrorKind::Protocol, "this is no answer of Clarify's"),
    }
}

fn protocol(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}
