//! `POST /authenticate/`: an id and a secret as JSON, or the form of RFC 6749 that Airbyte's connector sends.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, post};
use claviger_sandbox_stage::token_request::{By, Refusal, TokenRequest, issued, media_type};
use claviger_sandbox_stage::{Emulate as _, Grant, Target, drain};
use http::StatusCode;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::{Clazar, MANNER, add_slash, refuse};

pub(super) fn routes(clazar: &Clazar) -> Router {
    Router::new()
        .route(MANNER.token_path, post(issue).fallback(wrong_method))
        .route("/authenticate", any(add_slash))
        .with_state(clazar.clone())
}

async fn issue(State(clazar): State<Clazar>, request: Request) -> Response {
    grant(&clazar, request).await.unwrap_or_else(|(status, text)| refuse(Target::Token, status, &text))
}

async fn grant(clazar: &Clazar, request: Request) -> Result<Response, (StatusCode, String)> {
    let credentials = match media_type(request.headers()).as_str() {
        "application/json" => from_json(request).await?,
        _ => from_form(request).await?,
    };
    match credentials {
        Some((id, secret)) if clazar.account().accepts(&id, &secret) => {}
        _ => {
            return Err((StatusCode::UNAUTHORIZED, "the client id or the client secret is wrong".to_owned()));
        }
    }
    let issuing = clazar.tokens().issue(Grant::to("clazar"));
    let (token, life) =
        issuing.map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, "no random bytes".to_owned()))?;
    // Source: developers.clazar.io, "Get an access token": in lower case.
    Ok(issued(&token, json!({ "token_type": "bearer", "expires_in": life.as_secs() })))
}

async fn from_json(request: Request) -> Result<Option<(String, String)>, (StatusCode, String)> {
    let has_header = request.headers().contains_key(AUTHORIZATION);
    let body = drain(request.into_body()).await;
    let bad = |text: &str| (StatusCode::BAD_REQUEST, text.to_owned());
    let body: Value = serde_json::from_slice(&body).map_err(|_| bad("the body is not JSON"))?;
    if has_header {
        return Err(bad("credentials both in the header and in the body"));
    }
    if body.get("grant_type").is_some_and(|grant| grant != "client_credentials") {
        return Err(bad("grant_type is client_credentials, or is left out"));
    }
    let given = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (given("client_id"), given("client_secret")) {
        (Some(id), Some(secret)) => Ok(Some((id.to_owned(), secret.to_owned()))),
        _ => Err(bad("client_id and client_secret are required")),
    }
}

async fn from_form(request: Request) -> Result<Option<(String, String)>, (StatusCode, String)> {
    let refused = |refusal: Refusal| (refusal.status, refusal.description);
    let asked = TokenRequest::read(request).await.map_err(refused)?;
    asked.check_grant().map_err(refused)?;
    Ok(asked.client.filter(|(.., by)| *by == By::Body).map(|(id, secret, _)| (id, secret)))
}

async fn wrong_method(request: Request) -> Response {
    drain(request.into_body()).await;
    refuse(Target::Token, StatusCode::METHOD_NOT_ALLOWED, "use POST")
}
