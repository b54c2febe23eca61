//! ClarusWMS (claruswms.com): client credentials or authorization code, `X-Clarus-Subdomain` on every API request,
//! REST and GraphQL.

mod graphql;
mod rest;
mod stock;
mod token;

use std::net::SocketAddr;
use std::ops::Deref;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use claviger_sandbox_stage::authorization::{Denial, only};
use claviger_sandbox_stage::token_request;
use claviger_sandbox_stage::{
    AuthorizationServer, Emulate as _, Error, Grant, Manner, Provider, Target, Terms, drain,
};
use http::StatusCode;
use serde_json::json;

/// Emulates ClarusWMS; clones steer the same one.
#[derive(Clone)]
pub struct Clarus {
    provider: Provider,
    static_token: String,
    login: AuthorizationServer,
}

impl Clarus {
    pub(crate) fn new(address: SocketAddr, token_life: Duration) -> Result<Self, Error> {
        let provider = Provider::new(address, token_life, MANNER)?;
        let static_token = provider.tokens().issue_for_good(Grant::to(PERSON))?;
        let login = AuthorizationServer::new(provider.clone(), TERMS)?;
        Ok(Self { provider, static_token, login })
    }

    /// Gives the one URL of GraphQL.
    pub fn graphql_url(&self) -> String {
        format!("{}/graphql", self.api_url())
    }

    /// Lists the tenants that the client may act for.
    pub fn subdomains(&self) -> Vec<&'static str> {
        OWN.to_vec()
    }

    /// Names a tenant that exists and is somebody else's.
    pub fn foreign_subdomain(&self) -> &'static str {
        FOREIGN
    }

    /// Gives a token made by hand, which does not expire: it is good until it is revoked.
    pub fn static_token(&self) -> &str {
        &self.static_token
    }

    /// Gives what lets people log in with a browser. Of this way the documents name the URL and nothing more: what is
    /// demanded, and that refresh tokens are issued, is the sandbox's own.
    pub fn login(&self) -> &AuthorizationServer {
        // Source: "API authentication", OAuth 2.0: Authorize, Token.
        &self.login
    }

    /// Does what happens when somebody logs into the front end with the account of the client: the access tokens issued
    /// to it are good no longer, though by the clock they would be. Refresh tokens are: what ends them is
    /// [`AuthorizationServer::end_logins`]. Tells how many there were.
    pub fn end_session(&self) -> usize {
        // Source: "API authentication", Use a dedicated user account.
        self.tokens().revoke_of(CLIENT)
    }

    pub(crate) fn router(&self) -> Router {
        let api = rest::routes().merge(graphql::routes());
        let api = api.route_layer(middleware::from_fn_with_state(self.clone(), admit));
        let steering = Router::new()
            .route("/sandbox/end-session", post(end_session))
            .route("/sandbox/end-logins", post(end_logins))
            .with_state(self.clone());
        let routes = token::routes(self).merge(self.login.routes()).merge(api).merge(steering);
        self.around(routes.fallback(not_found))
    }
}

impl Deref for Clarus {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        &self.provider
    }
}

impl std::fmt::Debug for Clarus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clarus").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Tells for which tenant a request that was let in asks.
#[derive(Clone, Copy)]
struct Tenant(&'static str);

async fn admit(State(clarus): State<Clarus>, mut request: Request, next: Next) -> Response {
    match judge(&clarus, &request) {
        Ok(tenant) => {
            request.extensions_mut().insert(tenant);
            next.run(request).await
        }
        Err(denial) => {
            drain(request.into_body()).await;
            denial.answer(refuse)
        }
    }
}

fn judge(clarus: &Clarus, request: &Request) -> Result<Tenant, Denial> {
    clarus.admit(request)?;
    // Source: "API authentication", The subdomain header: required. What is answered without it, or to one of another
    // tenant, is not documented.
    let bad = |text| Denial::new(StatusCode::BAD_REQUEST, text);
    let subdomain = only(request.headers(), "x-clarus-subdomain", "more than one X-Clarus-Subdomain header")
        .map_err(bad)?
        .ok_or(bad("the X-Clarus-Subdomain header is missing"))?;
    let own = OWN.iter().find(|own| subdomain == **own);
    own.map(|own| Tenant(own))
        .ok_or(Denial::new(StatusCode::FORBIDDEN, "the tenant is not one of this client"))
}

async fn end_session(State(clarus): State<Clarus>) -> Response {
    Json(json!({ "revoked": clarus.end_session() })).into_response()
}

async fn end_logins(State(clarus): State<Clarus>) -> Response {
    Json(json!({ "ended": clarus.login.end_logins() })).into_response()
}

async fn not_found(request: Request) -> Response {
    drain(request.into_body()).await;
    refuse(Target::Api, StatusCode::NOT_FOUND, "there is nothing here")
}

/// Says no. Error bodies are not documented; those of the bodies that are look like JSON:API, and so do these.
fn refuse(target: Target, status: StatusCode, text: &str) -> Response {
    if target == Target::Token {
        return token_request::fault(status, text);
    }
    let error = json!({ "status": status.as_str(), "title": status.canonical_reason(), "detail": text });
    (status, Json(json!({ "errors": [error] }))).into_response()
}

const MANNER: Manner = Manner { api_path: "", token_path: "/oauth/token", refuse };
/// What is registered is not documented. RFC 8252 §7.3: loopback, with any port.
const TERMS: Terms = Terms {
    holder: CLIENT,
    name: "ClarusWMS",
    redirect_uris: &["http://127.0.0.1/callback", "http://[::1]/callback"],
};
const OWN: &[&str] = &["acme", "acme-test"];
const FOREIGN: &str = "globex";
const CLIENT: &str = "client";
const PERSON: &str = "person";

#[cfg(test)]
mod tests;
