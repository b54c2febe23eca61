//! `POST /v1/oauth/token`: a form with the client's credentials, in the body or as HTTP Basic, and the audience.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use claviger_sandbox_stage::token_request::{
    Refusal, TokenRequest, issued, refuse, server_error, wrong_method,
};
use claviger_sandbox_stage::{Emulate as _, Error, Grant};
use claviger_sandbox_stage::{clock, random};
use http::StatusCode;
use serde_json::json;

use super::{Clarify, MANNER};

pub(super) fn routes(clarify: &Clarify) -> Router {
    Router::new().route(MANNER.token_path, post(issue).fallback(wrong_method)).with_state(clarify.clone())
}

async fn issue(State(clarify): State<Clarify>, request: Request) -> Response {
    let asked = TokenRequest::read(request).await;
    let judged = asked.and_then(|asked| judge(&clarify, &asked));
    match judged.and_then(|()| draw(&clarify).map_err(|_| server_error())) {
        Ok(token) => {
            let seconds = clarify.tokens().life().as_secs();
            clarify.tokens().enter(token.clone(), Grant::to("clarify"));
            let rest =
                json!({ "token_type": "Bearer", "expires_in": seconds, "scope": "invoke:integration" });
            issued(&token, rest)
        }
        Err(refusal) => refuse(refusal),
    }
}

fn judge(clarify: &Clarify, asked: &TokenRequest) -> Result<(), Refusal> {
    let denied = |status, text: &str| Refusal::new(status, "access_denied", text);
    asked.check_grant()?;
    let is_known = asked.client.as_ref().is_some_and(|(id, secret, _)| clarify.account().accepts(id, secret));
    if !is_known {
        return Err(denied(StatusCode::UNAUTHORIZED, "Unauthorized"));
    }
    // Source: docs.clarify.io, "Obtaining an access token": the audience is the apiUrl, with its slash. The texts are
    // those of Auth0, which stands behind it.
    match asked.given("audience") {
        Some(audience) if audience == clarify.api_url() => Ok(()),
        Some(audience) => Err(denied(StatusCode::FORBIDDEN, &format!("Service not found: {audience}"))),
        None => {
            let text = "No audience parameter was provided, and no default audience has been configured";
            Err(denied(StatusCode::FORBIDDEN, text))
        }
    }
}

/// Draws a token in the form of a JWT, for `@clarify/api` insists that it decodes as one. Source of the claims: the
/// stubs of `@clarify/api-test-support`. The signature is random, so nobody can guess it.
fn draw(clarify: &Clarify) -> Result<String, Error> {
    let (id, now) = (clarify.client_id(), clock::wall().as_secs());
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "sandbox" });
    let claims = json!({
        "iss": format!("https://{}/", clarify.address()),
        "sub": format!("{id}@clients"),
        "aud": clarify.api_url(),
        "iat": now,
        "exp": now.saturating_add(clarify.tokens().life().as_secs()),
        "azp": id,
        "gty": "client-credentials",
        "scope": "invoke:integration",
    });
    let encode = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    Ok(format!("{}.{}.{}", encode(header), encode(claims), random::text::<64>()?))
}
