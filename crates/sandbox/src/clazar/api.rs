//! The lists, and the metering of usage.

use axum::extract::{Path, RawQuery, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use claviger_sandbox_stage::authorization::parameter;
use claviger_sandbox_stage::identifier::uuid;
use claviger_sandbox_stage::{Emulate as _, Target, drain};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Clazar, add_slash, refuse};

pub(super) fn routes(clazar: &Clazar) -> Router {
    // Not documented: in what others wrote against it, the paths are seen with and without the slash. That a POST needs it is Django's way.
    Router::new()
        .route("/metering/", get(metered).post(meter))
        .route("/metering", get(metered).fallback(add_slash))
        .route("/{resource}", get(list))
        .route("/{resource}/", get(list))
        .method_not_allowed_fallback(wrong_method)
        .route_layer(middleware::from_fn_with_state(clazar.clone(), admit))
        .with_state(clazar.clone())
}

/// Says that there is nothing under this path.
pub(super) async fn not_found(request: Request) -> Response {
    drain(request.into_body()).await;
    no(StatusCode::NOT_FOUND, "there is nothing here")
}

async fn admit(State(clazar): State<Clazar>, request: Request, next: Next) -> Response {
    match clazar.admit(&request) {
        Ok(_) => next.run(request).await,
        Err(denial) => {
            drain(request.into_body()).await;
            denial.answer(refuse)
        }
    }
}

async fn list(
    State(clazar): State<Clazar>,
    Path(resource): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    if !RESOURCES.contains(&&*resource) {
        return no(StatusCode::NOT_FOUND, "there is no such resource");
    }
    page(&clazar, &resource, query.as_deref(), &items(&resource))
}

async fn metered(State(clazar): State<Clazar>, RawQuery(query): RawQuery) -> Response {
    page(&clazar, "metering", query.as_deref(), &items("metering"))
}

fn page(clazar: &Clazar, resource: &str, query: Option<&str>, items: &[Value]) -> Response {
    let number = |name: &str, default| match parameter(query, name) {
        Some(text) => text.parse::<usize>().ok(),
        None => Some(default),
    };
    let (Some(page @ 1..), Some(size @ 1..=MAX_SIZE)) = (number("page", 1), number("page_size", 10)) else {
        return no(StatusCode::BAD_REQUEST, "page counts from 1, page_size is from 1 to 5000");
    };
    let start = (page - 1).saturating_mul(size);
    if start > 0 && start >= items.len() {
        return no(StatusCode::NOT_FOUND, "there is no such page");
    }
    let link = |page: usize| format!("{}/{resource}/?page={page}&page_size={size}", clazar.api_url());
    let body = json!({
        "count": items.len(),
        "next": (start + size < items.len()).then(|| link(page + 1)),
        "previous": (page > 1).then(|| link(page - 1)),
        "results": items.iter().skip(start).take(size).collect::<Vec<_>>(),
    });
    Json(body).into_response()
}

/// Takes usage records: a 200 says nothing of the single record.
async fn meter(request: Request) -> Response {
    let body = drain(request.into_body()).await;
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return no(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    let Some(records) = body.get("request").and_then(Value::as_array) else {
        return no(StatusCode::BAD_REQUEST, "request is an array of usage records");
    };
    let results: Vec<Value> = records.iter().map(record).collect();
    Json(json!({ "results": results })).into_response()
}

fn record(record: &Value) -> Value {
    let contract = record.get("contract_id").cloned().unwrap_or_default();
    let is_known = items("contracts").iter().any(|other| other.get("id") == Some(&contract));
    let quantity = record.get("quantity");
    let is_number = quantity.is_some_and(|quantity| {
        quantity.is_number() || quantity.as_str().is_some_and(|text| text.parse::<f64>().is_ok())
    });
    let problem = match (is_known, is_number) {
        (false, _) => Some(("contract_not_found", "there is no such contract", "contract_id")),
        (true, false) => Some(("invalid_quantity", "the quantity is not a number", "quantity")),
        (true, true) => None,
    };
    match problem {
        None => {
            let id = uuid(&record.to_string());
            json!({ "id": id, "contract_id": contract, "status": "success", "errors": [] })
        }
        Some((code, message, field)) => json!({
            "contract_id": contract,
            "status": "error",
            "code": code,
            "message": message,
            "errors": [{ "field": field, "message": message }],
        }),
    }
}

/// Lists what there is of a resource: made up, and the same at every start.
fn items(resource: &str) -> Vec<Value> {
    let item = |index| {
        json!({
            "id": uuid(&format!("clazar/{resource}/{index}")),
            "name": format!("{resource} {index}"),
            "cloud": "aws",
            "status": "active",
        })
    };
    (1..=PER_RESOURCE).map(item).collect()
}

async fn wrong_method(request: Request) -> Response {
    drain(request.into_body()).await;
    no(StatusCode::METHOD_NOT_ALLOWED, "not with this method")
}

fn no(status: StatusCode, text: &str) -> Response {
    refuse(Target::Api, status, text)
}

// As Airbyte's and other connectors read them.
const RESOURCES: &[&str] = &["buyers", "contracts", "listings", "opportunities", "private_offers"];
const PER_RESOURCE: usize = 25;
const MAX_SIZE: usize = 5000;
