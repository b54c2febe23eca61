//! The control routes under `/sandbox/`, for people with a terminal. They are not in the journal.

use std::time::Duration;

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderName, StatusCode};
use serde_json::{Map, Value, json};

use crate::fault::{Fault, Target, Times, UnknownName};
use crate::journal::Entry;
use crate::provider::Provider;

pub(crate) fn routes(provider: &Provider) -> Router {
    Router::new()
        .route("/sandbox/journal", get(journal).delete(clear_journal))
        .route("/sandbox/faults", axum::routing::delete(clear_faults))
        .route("/sandbox/faults/{target}/{name}", post(play))
        .route("/sandbox/revoke", post(revoke))
        .with_state(provider.clone())
}

async fn journal(State(provider): State<Provider>) -> Json<Value> {
    Json(provider.journal().entries().iter().map(describe).collect())
}

async fn clear_journal(State(provider): State<Provider>) -> StatusCode {
    provider.journal().clear();
    StatusCode::NO_CONTENT
}

async fn play(
    State(provider): State<Provider>,
    Path((target, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    match order(&target, &name, query.as_deref().unwrap_or_default()) {
        Ok((target, fault, times)) => {
            provider.play(target, fault, times);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(text) => {
            let names = Fault::ALL.map(Fault::name);
            let body = json!({ "message": text, "targets": ["api", "login", "token"], "faults": names });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    }
}

async fn clear_faults(State(provider): State<Provider>) -> StatusCode {
    provider.clear_faults();
    StatusCode::NO_CONTENT
}

async fn revoke(State(provider): State<Provider>) -> Json<Value> {
    Json(json!({ "revoked": provider.revoke_all() }))
}

/// Reads what is to be played: once, if the query does not say otherwise.
fn order(target: &str, name: &str, query: &str) -> Result<(Target, Fault, Times), String> {
    let unknown = |error: UnknownName| error.to_string();
    let target = target.parse().map_err(unknown)?;
    let mut fault: Fault = name.parse().map_err(unknown)?;
    let mut times = Times::ONCE;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, value.parse::<u32>()) {
            ("times", Ok(count)) => times = Times::Count(count),
            ("times", Err(_)) if value == "until-cleared" => times = Times::UntilCleared,
            ("millis", Ok(millis)) => fault = fault.lasting(Duration::from_millis(millis.into())),
            ("seconds", Ok(seconds)) => fault = fault.lasting(Duration::from_secs(seconds.into())),
            _ => {
                return Err(
                    "the query takes times=N or times=until-cleared, seconds=N and millis=N".to_owned()
                );
            }
        }
    }
    Ok((target, fault, times))
}

fn describe(entry: &Entry) -> Value {
    let mut headers = Map::new();
    for (name, value) in &entry.headers {
        let text = if MASKED.contains(name) {
            mask(value.to_str().unwrap_or_default())
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let values = headers.entry(name.as_str()).or_insert_with(|| json!([]));
        if let Some(values) = values.as_array_mut() {
            values.push(text.into());
        }
    }
    json!({
        "sequence": entry.sequence,
        "atMillis": u64::try_from(entry.at.as_millis()).unwrap_or(u64::MAX),
        "target": entry.target.to_string(),
        "method": entry.method.as_str(),
        "path": entry.path,
        "query": entry.query.as_deref().map(mask_query),
        "headers": headers,
        "bodyLength": entry.body_length,
        "version": format!("{:?}", entry.version),
        "client": entry.peer.name,
        "thumbprint": entry.peer.thumbprint,
        "resumed": entry.peer.resumed,
        "status": entry.status.map(|status| status.as_u16()),
        "event": entry.event.map(|event| event.to_string()),
    })
}

/// Leaves the scheme, which is often what is wrong.
fn mask(value: &str) -> String {
    value.split_once(' ').map_or_else(|| "***".to_owned(), |(scheme, _)| format!("{scheme} ***"))
}

/// Leaves what pages through a list; every other value may be a secret.
fn mask_query(query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let masked = pairs.map(|(name, value)| {
        let value =
            if ["bytes", "page", "page_size", "size"].contains(&&*name) { value } else { "***".into() };
        format!("{name}={value}")
    });
    masked.collect::<Vec<_>>().join("&")
}

const MASKED: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_order() {
        let slow = Fault::Slow(Duration::from_millis(5));
        assert_eq!(order("api", "slow", "millis=5&times=2"), Ok((Target::Api, slow, Times::Count(2))));
        assert_eq!(order("token", "hang-up", ""), Ok((Target::Token, Fault::HangUp, Times::ONCE)));
        let always = order("api", "redirect", "times=until-cleared");
        assert_eq!(always, Ok((Target::Api, Fault::Redirect, Times::UntilCleared)));
        for (target, name, query) in
            [("api", "nonsense", ""), ("both", "slow", ""), ("api", "slow", "times=x")]
        {
            assert!(order(target, name, query).is_err());
        }
    }

    #[test]
    fn masks_what_may_be_a_secret() {
        assert_eq!(mask("Bearer swordfish"), "Bearer ***");
        assert_eq!(mask("swordfish"), "***");
        assert_eq!(mask_query("page=2&access_token=swordfish"), "page=2&access_token=***");
    }
}
