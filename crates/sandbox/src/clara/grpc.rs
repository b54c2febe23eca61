//! A gRPC service beside the API, with the same certificate, token and company: `claviger.sandbox.v1.Echo`.
//!
//! Clara has none. It is here for clients that speak gRPC, framed by hand ("gRPC over HTTP2") so that no client's
//! library is on both sides.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use claviger_sandbox_stage::drain;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, Full};

use super::api::{Caller, Gate, judge};
use super::{Clara, Environment};

pub(super) fn routes(clara: &Clara) -> Router {
    let gate = Gate { clara: clara.clone(), environment: Environment::Production };
    Router::new().route("/claviger.sandbox.v1.Echo/{method}", post(call)).with_state(gate)
}

async fn call(State(gate): State<Gate>, Path(method): Path<String>, request: Request) -> Response {
    let verdict = judge(&gate, &request);
    let is_late = request.headers().get("sandbox-status-in").is_some_and(|place| place == "trailers");
    let body = drain(request.into_body()).await;
    let caller = match verdict {
        Ok(caller) => caller,
        Err(denial) => {
            let code = match denial.status {
                StatusCode::UNAUTHORIZED => UNAUTHENTICATED,
                StatusCode::FORBIDDEN => PERMISSION_DENIED,
                _ => INVALID_ARGUMENT,
            };
            return if is_late { answer(None, &[], code) } else { at_once(code) };
        }
    };
    let Some(messages) = unframe(body) else { return at_once(INVALID_ARGUMENT) };
    match (method.as_str(), &messages[..]) {
        ("Say", messages @ [_]) => answer(Some(caller), messages, OK),
        ("Repeat", [message]) => {
            answer(Some(caller), &[message.clone(), message.clone(), message.clone()], OK)
        }
        ("Collect", messages) => {
            let bytes: usize = messages.iter().map(Bytes::len).sum();
            answer(Some(caller), &[format!("{} messages, {bytes} bytes", messages.len()).into()], OK)
        }
        ("Say" | "Repeat", _) => at_once(INVALID_ARGUMENT),
        _ => at_once(UNIMPLEMENTED),
    }
}

/// Answers with the status in the head, and nothing behind it.
fn at_once(code: &'static str) -> Response {
    let headers = [("content-type", APPLICATION_GRPC), ("grpc-status", code)];
    (StatusCode::OK, headers).into_response()
}

/// Answers with messages, and the status behind them.
fn answer(caller: Option<Caller>, messages: &[Bytes], code: &'static str) -> Response {
    let mut body = BytesMut::new();
    for message in messages {
        body.put_u8(0);
        body.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
        body.extend_from_slice(message);
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(code));
    let body = Full::new(body.freeze()).with_trailers(async { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(APPLICATION_GRPC));
    if let Some(company) = caller.and_then(|caller| caller.company) {
        let company = HeaderValue::from_static(company.tax_identifier);
        response.headers_mut().insert("sandbox-company", company);
    }
    response
}

/// Takes the messages out of their frames; none if the body is not whole, or compressed.
fn unframe(mut body: Bytes) -> Option<Vec<Bytes>> {
    let mut messages = Vec::new();
    while body.has_remaining() {
        if body.try_get_u8().ok()? != 0 {
            return None;
        }
        let length = usize::try_from(body.try_get_u32().ok()?).ok()?;
        if body.remaining() < length {
            return None;
        }
        messages.push(body.split_to(length));
    }
    Some(messages)
}

const APPLICATION_GRPC: &str = "application/grpc";
const OK: &str = "0";
const INVALID_ARGUMENT: &str = "3";
const PERMISSION_DENIED: &str = "7";
const UNIMPLEMENTED: &str = "12";
const UNAUTHENTICATED: &str = "16";
