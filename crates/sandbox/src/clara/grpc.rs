//! A gRPC service beside the API, `claviger.sandbox.v1.Echo`: Clara has none, and no other provider a certificate.
//!
//! It wants what the production API wants. Messages are bytes of any kind. The company that was asked for stands in the
//! metadata `sandbox-tenant` of the answer.
//!
//! | method | kind | answers |
//! | --- | --- | --- |
//! | `Say` | unary | the message |
//! | `Collect` | client streaming | how many messages came, a space, and how many bytes were in them |
//! | `Repeat` | server streaming | the message as often as the metadata `sandbox-times` says, else three times |
//!
//! Who is not let in is told so in the headers ("Trailers-Only"). With the metadata `sandbox-status-in: trailers` it is
//! told in the trailers, with `trailers-after-message` after a first message.
//!
//! Source: "gRPC over HTTP2" (PROTOCOL-HTTP2.md) and "Status codes and their use in gRPC" (statuscodes.md).

use std::convert::Infallible;
use std::future;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use claviger_sandbox_stage::authorization::Denial;
use claviger_sandbox_stage::{Target, drain};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, Full};

use super::api::{Caller, judge};
use super::{Clara, Environment};

pub(super) fn routes(clara: &Clara) -> Router {
    Router::new().route("/claviger.sandbox.v1.Echo/{method}", post(call)).with_state(clara.clone())
}

async fn call(State(clara): State<Clara>, Path(method): Path<String>, request: Request) -> Response {
    let judged = judge(&clara, Environment::Production, &request);
    let (head, body) = request.into_parts();
    let body = drain(body).await;
    if !head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(GRPC.as_bytes())) {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    match judged {
        Ok(caller) => match reply(&method, &head.headers, body) {
            Ok(messages) => told(caller, with_trailers(messages, status(OK, ""))),
            Err((code, text)) => told(caller, trailers_only(code, text)),
        },
        Err(denial) => refuse(denial, &head.headers),
    }
}

/// Gives the messages of the answer.
fn reply(method: &str, metadata: &HeaderMap, body: Bytes) -> Result<Vec<Bytes>, (u16, &'static str)> {
    let messages = messages(body)?;
    let only = || match &messages[..] {
        [message] => Ok(message.clone()),
        _ => Err((INVALID_ARGUMENT, "this method takes one message")),
    };
    match method {
        "Say" => Ok(vec![only()?]),
        "Collect" => {
            let bytes: usize = messages.iter().map(Bytes::len).sum();
            Ok(vec![format!("{} {bytes}", messages.len()).into()])
        }
        "Repeat" => {
            let times = metadata.get("sandbox-times").map(|times| times.to_str().unwrap_or_default().parse());
            match times.unwrap_or(Ok(3)) {
                Ok(times @ 0..=MAX_TIMES) => Ok(vec![only()?; times]),
                _ => Err((INVALID_ARGUMENT, "sandbox-times is a number up to 1000")),
            }
        }
        _ => Err((UNIMPLEMENTED, "there is no such method")),
    }
}

/// Takes the messages out of their frames: a flag, the length, the message.
fn messages(mut body: Bytes) -> Result<Vec<Bytes>, (u16, &'static str)> {
    let mut messages = Vec::new();
    while !body.is_empty() {
        if body.len() < PREFIX {
            return Err((INTERNAL, "the body ends within a prefix"));
        }
        if body.get_u8() != 0 {
            return Err((UNIMPLEMENTED, "messages are taken uncompressed only"));
        }
        let length = usize::try_from(body.get_u32()).unwrap_or(usize::MAX);
        if body.len() < length {
            return Err((INTERNAL, "the body ends within a message"));
        }
        messages.push(body.split_to(length));
    }
    Ok(messages)
}

/// Says no where the caller wants to be told it.
fn refuse(denial: Denial, metadata: &HeaderMap) -> Response {
    let mut answer = denial.answer(|_: Target, status, text| {
        let code = match status {
            StatusCode::UNAUTHORIZED => UNAUTHENTICATED,
            StatusCode::FORBIDDEN => PERMISSION_DENIED,
            _ => INVALID_ARGUMENT,
        };
        trailers_only(code, text)
    });
    let first = match metadata.get("sandbox-status-in").map(HeaderValue::as_bytes) {
        Some(b"trailers") => vec![],
        Some(b"trailers-after-message") => vec![Bytes::new()],
        _ => return answer,
    };
    let trailers = [GRPC_STATUS, GRPC_MESSAGE]
        .into_iter()
        .filter_map(|name| answer.headers_mut().remove(&name).map(|value| (name, value)))
        .collect();
    with_trailers(first, trailers)
}

fn told(caller: Caller, mut answer: Response) -> Response {
    if let Some(company) = caller.company {
        let tenant = HeaderValue::from_static(company.tax_identifier);
        answer.headers_mut().insert("sandbox-tenant", tenant);
    }
    answer
}

fn with_trailers(messages: Vec<Bytes>, trailers: HeaderMap) -> Response {
    let mut framed = BytesMut::new();
    for message in messages {
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
        framed.put(message);
    }
    let trailers = future::ready(Some(Ok::<_, Infallible>(trailers)));
    let body = Body::new(Full::new(framed.freeze()).with_trailers(trailers));
    ([(CONTENT_TYPE, GRPC)], body).into_response()
}

fn trailers_only(code: u16, text: &str) -> Response {
    ([(CONTENT_TYPE, GRPC)], status(code, text)).into_response()
}

/// Only an error has a message. The texts are such that nothing in them needs percent-encoding.
fn status(code: u16, text: &str) -> HeaderMap {
    let message = HeaderValue::from_str(text).ok().filter(|message| !message.is_empty());
    let message = message.map(|message| (GRPC_MESSAGE, message));
    [(GRPC_STATUS, code.into())].into_iter().chain(message).collect()
}

const GRPC: &str = "application/grpc";
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const PREFIX: usize = 5;
const MAX_TIMES: usize = 1000;

const OK: u16 = 0;
const INVALID_ARGUMENT: u16 = 3;
const PERMISSION_DENIED: u16 = 7;
const UNIMPLEMENTED: u16 = 12;
const INTERNAL: u16 = 13;
const UNAUTHENTICATED: u16 = 16;

#[cfg(test)]
mod tests;
