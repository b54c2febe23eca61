//! REST under `/api/`: bodies like those of JSON:API.

use axum::extract::{Path, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use claviger_sandbox_stage::identifier::uuid;
use claviger_sandbox_stage::random;
use claviger_sandbox_stage::token_request::media_type;
use claviger_sandbox_stage::{Target, drain};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Tenant, refuse, stock};

pub(super) fn routes() -> Router {
    Router::new()
        .route("/api/{resource}", get(list).post(create))
        .route("/api/{resource}/{id}", get(one).patch(update))
        .method_not_allowed_fallback(wrong_method)
}

async fn list(Extension(Tenant(tenant)): Extension<Tenant>, Path(resource): Path<String>) -> Response {
    if !RESOURCES.contains(&&*resource) {
        return no(StatusCode::NOT_FOUND, "there is no such resource");
    }
    let items = stock::items(tenant, &resource);
    Json(json!({ "meta": { "subdomain": tenant, "total": items.len() }, "data": items })).into_response()
}

async fn one(
    Extension(Tenant(tenant)): Extension<Tenant>,
    Path((resource, id)): Path<(String, String)>,
) -> Response {
    match known(tenant, &resource, &id) {
        Some(item) => Json(json!({ "data": item })).into_response(),
        None => no(StatusCode::NOT_FOUND, "there is no such record"),
    }
}

async fn create(
    Extension(Tenant(tenant)): Extension<Tenant>,
    Path(resource): Path<String>,
    request: Request,
) -> Response {
    let attributes = match attributes(request).await {
        Ok(attributes) => attributes,
        Err(answer) => return *answer,
    };
    if !RESOURCES.contains(&&*resource) {
        return no(StatusCode::NOT_FOUND, "there is no such resource");
    }
    let Ok(drawn) = random::text::<16>() else {
        return no(StatusCode::INTERNAL_SERVER_ERROR, "no random bytes");
    };
    let data = json!({ "type": resource, "id": uuid(&drawn), "attributes": attributes });
    let body = json!({ "meta": { "subdomain": tenant }, "data": data });
    (StatusCode::CREATED, Json(body)).into_response()
}

async fn update(
    Extension(Tenant(tenant)): Extension<Tenant>,
    Path((resource, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    match (attributes(request).await, known(tenant, &resource, &id)) {
        (Err(answer), _) => *answer,
        (Ok(_), None) => no(StatusCode::NOT_FOUND, "there is no such record"),
        (Ok(_), Some(_)) => StatusCode::NO_CONTENT.into_response(),
    }
}

/// Reads `data.attributes`. Source: "Creating records".
async fn attributes(request: Request) -> Result<Value, Box<Response>> {
    let media_type = media_type(request.headers());
    let body = drain(request.into_body()).await;
    if !["application/json", "application/vnd.api+json"].contains(&&*media_type) {
        return Err(Box::new(no(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json",
        )));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return Err(Box::new(no(StatusCode::BAD_REQUEST, "the body is not JSON")));
    };
    match body.pointer("/data/attributes") {
        Some(attributes) if attributes.is_object() => Ok(attributes.clone()),
        _ => Err(Box::new(no(StatusCode::UNPROCESSABLE_ENTITY, "data.attributes is missing"))),
    }
}

async fn wrong_method(request: Request) -> Response {
    drain(request.into_body()).await;
    no(StatusCode::METHOD_NOT_ALLOWED, "not with this method")
}

fn known(tenant: &str, resource: &str, id: &str) -> Option<Value> {
    RESOURCES.contains(&resource).then(|| stock::item(tenant, resource, id)).flatten()
}

fn no(status: StatusCode, text: &str) -> Response {
    refuse(Target::Api, status, text)
}

const RESOURCES: &[&str] = &["customers", "orders", "products", "suppliers"];
