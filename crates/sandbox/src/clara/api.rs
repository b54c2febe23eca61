//! The API under `/api/` and, with credentials of its own, `/api-test/`.

use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use claviger_sandbox_stage::authorization::{Denial, only, parameter};
use claviger_sandbox_stage::identifier::{self, hex};
use claviger_sandbox_stage::random;
use claviger_sandbox_stage::{Emulate as _, Filler, Peer, Target, drain};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::companies::{self, Company};
use super::{Clara, Environment, refuse};

pub(super) fn routes(clara: &Clara) -> Router {
    Router::new()
        .nest("/api", environment(clara, Environment::Production))
        .nest("/api-test", environment(clara, Environment::Test))
}

/// Says that there is nothing under this path.
pub(super) async fn not_found(request: Request) -> Response {
    drain(request.into_body()).await;
    no(StatusCode::NOT_FOUND, "there is nothing here")
}

fn environment(clara: &Clara, environment: Environment) -> Router {
    let gate = Gate { clara: clara.clone(), environment };
    Router::new()
        .route("/v3/always-unauthorized", any(always_unauthorized))
        .route("/v3/large", get(large))
        .route("/v3/upload", post(upload).put(upload))
        .route("/{version}/{resource}", get(list).post(create))
        .route("/{version}/{resource}/{uuid}/{part}", get(part))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(gate, admit))
}

#[derive(Clone)]
struct Gate {
    clara: Clara,
    environment: Environment,
}

/// Tells for whom a request that was let in asks.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    environment: &'static str,
    pub(super) company: Option<&'static Company>,
}

/// Lets in who has a token that is good here, and learns for which company.
async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match judge(&gate.clara, gate.environment, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(denial) => {
            drain(request.into_body()).await;
            denial.answer(refuse)
        }
    }
}

/// Tells for whom a request asks, if its token is good for this environment and this certificate.
pub(super) fn judge(clara: &Clara, environment: Environment, request: &Request) -> Result<Caller, Denial> {
    let grant = clara.admit(request)?;
    let environment = environment.name();
    if grant.holder != environment {
        return Err(Denial::unauthorized("the access token belongs to the other environment"));
    }
    let peer = request.extensions().get::<Peer>().cloned().unwrap_or_default();
    if grant.thumbprint != peer.thumbprint {
        return Err(Denial::unauthorized("the access token is bound to another certificate"));
    }

    // Source: Clara's "MTLS Authentication & OAuth 2.0", Multi-Entity Project. What a wrong one is answered with is
    // not documented; 403 is its generic "valid token, insufficient permission".
    let tax_identifier = only(request.headers(), "x-tax-identifier", "more than one X-Tax-Identifier header")
        .map_err(|text| Denial::new(StatusCode::BAD_REQUEST, text))?;
    let company = match tax_identifier {
        None => None,
        Some(value) => Some(
            value
                .to_str()
                .ok()
                .and_then(companies::find)
                .ok_or(Denial::new(StatusCode::FORBIDDEN, "the company is not one of this group"))?,
        ),
    };
    Ok(Caller { environment, company })
}

async fn list(
    Extension(caller): Extension<Caller>,
    Path((version, resource)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    if !exists(LISTS, &version, &resource) {
        return no(StatusCode::NOT_FOUND, "there is no such resource");
    }
    let number = |name: &str, default: usize| match parameter(query.as_deref(), name) {
        Some(text) => text.parse().ok(),
        None => Some(default),
    };
    let (Some(page), Some(size @ 1..=100)) = (number("page", 0), number("size", 20)) else {
        return no(StatusCode::BAD_REQUEST, "page counts from 0, size is from 1 to 100");
    };
    let items = companies::items(caller.environment, &resource, caller.company);
    let content: Vec<&Value> = items.iter().skip(page.saturating_mul(size)).take(size).collect();
    Json(json!({
        "company": companies::describe(caller.company),
        "environment": caller.environment,
        "content": content,
        "page": page,
        "size": size,
        "totalElements": items.len(),
        "totalPages": items.len().div_ceil(size),
    }))
    .into_response()
}

async fn create(
    Extension(caller): Extension<Caller>,
    Path((version, resource)): Path<(String, String)>,
    request: Request,
) -> Response {
    let body = drain(request.into_body()).await;
    if !exists(CREATES, &version, &resource) {
        let status = if exists(LISTS, &version, &resource) {
            StatusCode::METHOD_NOT_ALLOWED
        } else {
            StatusCode::NOT_FOUND
        };
        return no(status, "nothing can be made here");
    }
    let Ok(received) = serde_json::from_slice::<Value>(&body) else {
        return no(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    let Ok(drawn) = random::text::<16>() else {
        return no(StatusCode::INTERNAL_SERVER_ERROR, "no random bytes");
    };
    let body = json!({
        "company": companies::describe(caller.company),
        "environment": caller.environment,
        "uuid": identifier::uuid(&drawn),
        "received": received,
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

async fn part(
    Extension(caller): Extension<Caller>,
    Path((version, resource, uuid, part)): Path<(String, String, String, String)>,
) -> Response {
    let items = companies::items(caller.environment, &resource, caller.company);
    let is_known = (version.as_str(), resource.as_str()) == ("v3", "transactions")
        && ["documents", "invoices"].contains(&part.as_str())
        && items.iter().any(|item| item.get("uuid").and_then(Value::as_str) == Some(&uuid));
    if !is_known {
        return no(StatusCode::NOT_FOUND, "there is no such transaction");
    }
    let content =
        json!([{ "uuid": identifier::uuid(&format!("{uuid}/{part}")), "name": format!("{part}.pdf") }]);
    Json(json!({
        "company": companies::describe(caller.company),
        "environment": caller.environment,
        "transaction": uuid,
        "content": content,
        "totalElements": 1,
        "totalPages": 1,
    }))
    .into_response()
}

async fn always_unauthorized(request: Request) -> Response {
    drain(request.into_body()).await;
    Denial::unauthorized("this route accepts no token").answer(refuse)
}

async fn large(RawQuery(query): RawQuery) -> Response {
    let length = parameter(query.as_deref(), "bytes").map_or(Ok(LARGE), |text| text.parse::<u64>());
    match length {
        Ok(length) if length <= MAX_LARGE => {
            let body = Body::new(Filler::new(b'x', length, Bytes::new()));
            ([(CONTENT_TYPE, "application/octet-stream")], body).into_response()
        }
        _ => no(StatusCode::BAD_REQUEST, "bytes is a number up to 1 GiB"),
    }
}

async fn upload(Extension(caller): Extension<Caller>, request: Request) -> Response {
    let mut body = request.into_body();
    let (mut length, mut digest) = (0, Sha256::new());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return no(StatusCode::BAD_REQUEST, "the body broke off") };
        if let Some(data) = frame.data_ref() {
            length += data.len() as u64;
            digest.update(data);
        }
    }
    let body = json!({
        "company": companies::describe(caller.company),
        "length": length,
        "sha256": hex(&digest.finalize()),
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

async fn wrong_method(request: Request) -> Response {
    drain(request.into_body()).await;
    no(StatusCode::METHOD_NOT_ALLOWED, "not with this method")
}

fn no(status: StatusCode, text: &str) -> Response {
    refuse(Target::Api, status, text)
}

fn exists(resources: &[(&str, &[&str])], version: &str, resource: &str) -> bool {
    resources.iter().any(|(other, names)| *other == version && names.contains(&resource))
}

// Source: developers.clara.team, the API reference.
const LISTS: &[(&str, &[&str])] = &[
    ("v1", &["logs", "subscribers", "transactions", "vcn"]),
    ("v2", &["invoices", "payments", "transactions"]),
    ("v3", &["billing-statements", "cards", "invoices", "reimbursements", "transactions", "users"]),
];
const CREATES: &[(&str, &[&str])] = &[("v1", &["subscribers"]), ("v3", &["users"])];
const LARGE: u64 = 8 * 1024 * 1024;
const MAX_LARGE: u64 = 1024 * 1024 * 1024;
