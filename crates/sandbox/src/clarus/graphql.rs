//! `POST /graphql`: whatever is asked for, a connection with cursors is the answer. What is wrong with a query is told
//! with status 200.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use claviger_sandbox_stage::token_request::media_type;
use claviger_sandbox_stage::{Target, drain};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Tenant, refuse, stock};

pub(super) fn routes() -> Router {
    Router::new().route("/graphql", post(answer).fallback(wrong_method))
}

async fn answer(Extension(Tenant(tenant)): Extension<Tenant>, request: Request) -> Response {
    let media_type = media_type(request.headers());
    let body = drain(request.into_body()).await;
    let bad = |text| refuse(Target::Api, StatusCode::BAD_REQUEST, text);
    if media_type != "application/json" {
        return bad("Content-Type must be application/json");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return bad("the body is not JSON") };
    let Some(query) = body.get("query").and_then(Value::as_str) else { return bad("query is missing") };
    let data = match field(query) {
        None => Err("syntax error: expected a field".to_owned()),
        Some("__typename") => Ok(json!("Query")),
        Some(field) => connection(tenant, field, body.get("variables").unwrap_or(&Value::Null)),
    };
    Json(match (data, field(query)) {
        (Ok(found), Some(field)) => json!({ "data": { field: found } }),
        (Ok(_), None) => json!({ "data": null }),
        (Err(message), _) => json!({ "data": null, "errors": [{ "message": message }] }),
    })
    .into_response()
}

/// Gives a page of what a tenant has. Source: the API reference, cursor connections with `first` and `after`.
fn connection(tenant: &str, field: &str, variables: &Value) -> Result<Value, String> {
    let items = stock::items(tenant, field);
    let first = match variables.get("first") {
        None | Some(Value::Null) => DEFAULT_FIRST,
        Some(first) => first
            .as_u64()
            .filter(|first| (1..=MAX_FIRST).contains(first))
            .ok_or_else(|| format!("first is a number from 1 to {MAX_FIRST}"))?,
    };
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    let cursor = |item: &Value| item.get("id").cloned().unwrap_or_default();
    let start = match variables.get("after") {
        None | Some(Value::Null) => 0,
        Some(after) => {
            items.iter().position(|item| cursor(item) == *after).ok_or("after is no cursor of these")? + 1
        }
    };
    let page: Vec<&Value> = items.iter().skip(start).take(first).collect();
    let node = |item: &Value| {
        let attribute = |name: &str| item.pointer(&format!("/attributes/{name}")).cloned();
        json!({ "id": cursor(item), "code": attribute("code"), "name": attribute("name") })
    };
    let edges: Vec<Value> =
        page.iter().map(|item| json!({ "cursor": cursor(item), "node": node(item) })).collect();
    Ok(json!({
        "edges": edges,
        "nodes": page.iter().map(|item| node(item)).collect::<Vec<_>>(),
        "totalCount": items.len(),
        "pageInfo": {
            "hasNextPage": start + page.len() < items.len(),
            "hasPreviousPage": start > 0,
            "endCursor": page.last().map(|item| cursor(item)),
        },
    }))
}

/// Finds the first field that is asked for: what stands behind the first brace.
fn field(query: &str) -> Option<&str> {
    let (_, selection) = query.split_once('{')?;
    let selection = selection.trim_start();
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let name = selection.split(|character| !is_name(character)).next()?;
    (!name.is_empty() && selection.contains('}')).then_some(name)
}

async fn wrong_method(request: Request) -> Response {
    drain(request.into_body()).await;
    refuse(Target::Api, StatusCode::METHOD_NOT_ALLOWED, "use POST")
}

const DEFAULT_FIRST: u64 = 5;
const MAX_FIRST: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_field_that_is_asked_for() {
        assert_eq!(field("{ products(first: 2) { nodes { id } } }"), Some("products"));
        assert_eq!(field("query Q($after: String) {\n  orders { nodes { id } }\n}"), Some("orders"));
        for text in ["", "products", "{", "{ }", "{ products"] {
            assert_eq!(field(text), None, "{text}");
        }
    }
}
