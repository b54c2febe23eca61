//! `POST /v1/rpc`: who may call, in which version, and the envelope of JSON-RPC 2.0.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use claviger_sandbox_stage::authorization::{Denial, authorization, basic, bearer, only};
use claviger_sandbox_stage::token_request::media_type;
use claviger_sandbox_stage::{Emulate as _, Target, drain};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::trace::Trace;
use super::{Clarify, methods, refuse};

pub(super) fn routes(clarify: &Clarify) -> Router {
    Router::new().route("/v1/rpc", post(call).fallback(wrong_method)).with_state(clarify.clone())
}

/// Says that there is nothing under this path.
pub(super) async fn not_found(request: Request) -> Response {
    drain(request.into_body()).await;
    refuse(Target::Api, StatusCode::NOT_FOUND, "there is nothing here")
}

async fn wrong_method(request: Request) -> Response {
    drain(request.into_body()).await;
    refuse(Target::Api, StatusCode::METHOD_NOT_ALLOWED, "use POST")
}

async fn call(State(clarify): State<Clarify>, request: Request) -> Response {
    let judged = judge(&clarify, &request);
    let trace = request.extensions().get::<Trace>().cloned();
    let body = drain(request.into_body()).await;
    let version = match judged {
        Ok(version) => version,
        Err(denial) => return denial.answer(refuse),
    };
    let mut answer = if body.len() > MAX_BODY {
        // Source: docs.clarify.io/api/1.1/rate-limits; the status is not documented.
        refuse(Target::Api, StatusCode::PAYLOAD_TOO_LARGE, "the body has more than 8 MiB")
    } else {
        match envelope(&clarify, &body, trace.as_ref()) {
            Some(value) => Json(value).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        }
    };
    answer.headers_mut().insert(VERSION, HeaderValue::from_static(version));
    answer
}

/// Tells in which version the call is served, if it may be made at all.
fn judge(clarify: &Clarify, request: &Request) -> Result<&'static str, Denial> {
    // Source: "Transport protocol (HTTP)", status codes: invalid, missing and expired are told alike.
    let alike = Denial::unauthorized("Invalid, missing or expired API credentials.");
    let header = authorization(request).map_err(|denial| match denial.status {
        StatusCode::UNAUTHORIZED => alike,
        _ => denial,
    })?;
    let is_known = match basic(header) {
        Some((id, password)) => clarify.inner.basic.accepts(&id, &password),
        None => bearer(header).is_ok_and(|token| clarify.tokens().check(token).is_ok()),
    };
    if !is_known {
        return Err(alike);
    }
    let bad = |text| Denial::new(StatusCode::BAD_REQUEST, text);
    let version =
        match only(request.headers(), VERSION.as_str(), "more than one X-API-Version header").map_err(bad)? {
            None => LATEST_STABLE,
            Some(asked) => VERSIONS
                .iter()
                .find(|(selector, _)| asked == selector)
                .map(|(_, served)| *served)
                .ok_or(bad("X-API-Version not found"))?,
        };
    if media_type(request.headers()) != "application/json" {
        return Err(bad("Content-Type must be application/json"));
    }
    Ok(version)
}

/// Calls the method that the body names; `None` answers a notification.
fn envelope(clarify: &Clarify, body: &[u8], trace: Option<&Trace>) -> Option<Value> {
    let answer = |id: Value, result: Result<Value, Failure>| {
        Some(match result {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(failure) => json!({ "jsonrpc": "2.0", "id": id, "error": failure.describe(trace) }),
        })
    };
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return answer(Value::Null, Err(Failure::new(-32700, "Parse error")));
    };
    let invalid = Failure::new(-32600, "Invalid Request");
    // Source: docs.clarify.io/api/1.1/protocol/jsonrpc: batches are not supported.
    let Some(members) = body.as_object() else { return answer(Value::Null, Err(invalid)) };
    let id = members.get("id").cloned().unwrap_or_default();
    let method = members.get("method").and_then(Value::as_str);
    let is_valid = members.get("jsonrpc") == Some(&"2.0".into())
        && (id.is_null() || id.is_string() || id.is_number())
        && members.get("params").is_none_or(|params| params.is_object() || params.is_array());
    let (true, Some(method)) = (is_valid, method) else { return answer(Value::Null, Err(invalid)) };
    let params = members.get("params").cloned().unwrap_or_else(|| json!({}));
    let result = methods::call(clarify, method, params);
    if id.is_null() { None } else { answer(id, result) }
}

/// Says why a call failed: with status 200, for JSON-RPC knows nothing of HTTP.
#[derive(Debug)]
pub(super) struct Failure {
    code: i32,
    message: &'static str,
    params: Map<String, Value>,
}

impl Failure {
    pub(super) fn new(code: i32, message: &'static str) -> Self {
        Self { code, message, params: Map::new() }
    }

    /// Says what is wrong with one parameter.
    pub(super) fn param(name: impl Into<String>, reason: impl Into<String>) -> Self {
        let params = Map::from_iter([(name.into(), json!([reason.into()]))]);
        Self { params, ..Self::new(-32602, "Invalid params") }
    }

    /// Fails with a code, in the words by which the SDKs for Go and JavaScript name it.
    pub(super) fn of_code(code: i32) -> Self {
        Self::new(
            code,
            match code {
                -32001 => "Produced invalid resource",
                -32002 => "Found invalid resource",
                -32003 => "Forbidden",
                -32009 => "Conflict",
                -32015 => "Try again",
                -32021 => "Partial failure",
                _ => "Server error",
            },
        )
    }

    fn describe(self, trace: Option<&Trace>) -> Value {
        let mut data = Map::from_iter([("trace".to_owned(), trace.map(|trace| trace.0.clone()).into())]);
        if !self.params.is_empty() {
            data.insert("params".to_owned(), self.params.into());
        }
        json!({ "code": self.code, "message": self.message, "data": data })
    }
}

const VERSION: HeaderName = HeaderName::from_static("x-api-version");
const LATEST_STABLE: &str = "1.2";
// Source: what Clarify's own SDKs send; pyclarify 0.7.0 notes that 1.2alpha1 is served as 1.2beta1.
const VERSIONS: &[(&str, &str)] = &[
    ("1.0", "1.0"),
    ("1.1beta1", "1.1beta1"),
    ("1.1beta2", "1.1beta2"),
    ("1.1", "1.1"),
    ("1.2alpha1", "1.2beta1"),
    ("1.2beta1", "1.2beta1"),
    ("1.2", "1.2"),
];
const MAX_BODY: usize = 8 * 1024 * 1024;
