//! `POST /oauth/token`: client credentials by HTTP Basic or in the body, for the documents say nothing against either;
//! codes and refresh tokens, for those who log in. `X-Clarus-Subdomain` may be there and means nothing.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use claviger_sandbox_stage::token_request::{
    Refusal, TokenRequest, invalid_client, issued, refuse, server_error, wrong_method,
};
use claviger_sandbox_stage::{Emulate as _, Grant};
use http::StatusCode;
use serde_json::json;

use super::{CLIENT, Clarus, MANNER};

pub(super) fn routes(clarus: &Clarus) -> Router {
    Router::new().route(MANNER.token_path, post(issue).fallback(wrong_method)).with_state(clarus.clone())
}

async fn issue(State(clarus): State<Clarus>, request: Request) -> Response {
    grant(&clarus, request).await.unwrap_or_else(refuse)
}

async fn grant(clarus: &Clarus, request: Request) -> Result<Response, Refusal> {
    let asked = TokenRequest::read(request).await?;
    if let Some(answer) = clarus.login().grant(&asked)? {
        return Ok(answer);
    }
    asked.check_grant()?;
    match &asked.client {
        Some((id, secret, _)) if clarus.account().accepts(id, secret) => {}
        // RFC 6749 §4.4: for clients with a secret alone.
        None if asked.given("client_id") == Some(clarus.login().public_client_id()) => {
            let text = "this client has no secret";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "unauthorized_client", text));
        }
        _ => return Err(invalid_client("client authentication failed")),
    }
    let (token, life) = clarus.tokens().issue(Grant::to(CLIENT)).map_err(|_| server_error())?;
    // RFC 6749 §5.1: the scope need not be told where it is as requested; here it is, and left out if none was.
    let rest = json!({ "token_type": "Bearer", "expires_in": life.as_secs(), "scope": asked.given("scope") });
    Ok(issued(&token, rest))
}
