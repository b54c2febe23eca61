//! `POST /oauth/token`: HTTP Basic, and a body that is empty or asks for the client credentials grant.

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use claviger_sandbox_stage::token_request::{
    By, Refusal, TokenRequest, invalid_client, issued, refuse, server_error, wrong_method,
};
use claviger_sandbox_stage::{Emulate as _, Grant, Peer};
use serde_json::json;

use super::{Clara, Environment, MANNER};

pub(super) fn routes(clara: &Clara) -> Router {
    Router::new().route(MANNER.token_path, post(issue).fallback(wrong_method)).with_state(clara.clone())
}

async fn issue(State(clara): State<Clara>, peer: Option<Extension<Peer>>, request: Request) -> Response {
    let thumbprint = peer.and_then(|Extension(peer)| peer.thumbprint);
    let granted = TokenRequest::read(request).await.and_then(|asked| judge(&clara, &asked)).and_then(|to| {
        let grant = Grant::to(to.name()).bound_to(thumbprint);
        clara.tokens().issue(grant).map_err(|_| server_error())
    });
    match granted {
        Ok((token, life)) => issued(&token, json!({ "token_type": "Bearer", "expires_in": life.as_secs() })),
        Err(refusal) => refuse(refusal),
    }
}

/// Tells which environment's client asks, if it asks in the right way.
fn judge(clara: &Clara, asked: &TokenRequest) -> Result<Environment, Refusal> {
    let environment = match &asked.client {
        Some((id, secret, By::Header)) if clara.account().accepts(id, secret) => Environment::Production,
        Some((id, secret, By::Header)) if clara.inner.test.accepts(id, secret) => Environment::Test,
        _ => return Err(invalid_client("client authentication by HTTP Basic failed")),
    };
    // Two of Clara's own samples send no body at all.
    if !asked.is_empty() {
        asked.check_grant()?;
    }
    Ok(environment)
}
