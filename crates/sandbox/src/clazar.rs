//! Clazar (clazar.io): JSON without a grant type at `/authenticate/`, and slashes that matter.

mod api;
mod token;

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use claviger_sandbox_stage::{Emulate as _, Error, Manner, Provider, Target, drain};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde_json::json;

/// Emulates Clazar; clones steer the same one.
#[derive(Clone, Debug)]
pub struct Clazar {
    provider: Provider,
}

impl Clazar {
    pub(crate) fn new(address: SocketAddr, token_life: Duration) -> Result<Self, Error> {
        Ok(Self { provider: Provider::new(address, token_life, MANNER)? })
    }

    pub(crate) fn router(&self) -> Router {
        let routes = token::routes(self).merge(api::routes(self));
        self.around(routes.fallback(api::not_found))
    }
}

impl Deref for Clazar {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        &self.provider
    }
}

/// Sends a request without the slash to the path with it, as Django does: who follows with a POST loses its body.
async fn add_slash(request: Request) -> Response {
    let location = match request.uri().query() {
        Some(query) => format!("{}/?{query}", request.uri().path()),
        None => format!("{}/", request.uri().path()),
    };
    drain(request.into_body()).await;
    let mut answer = StatusCode::MOVED_PERMANENTLY.into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

/// Says no. Error bodies are not documented; one integration's test has `error` alone.
fn refuse(_: Target, status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
}

const MANNER: Manner = Manner { api_path: "", token_path: "/authenticate/", refuse };

#[cfg(test)]
mod tests;
