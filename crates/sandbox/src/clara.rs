//! Clara (clara.com): a client certificate on every connection, HTTP Basic on the token endpoint, a bearer token on
//! the API, and `X-Tax-Identifier` to act as one company of a group.

mod api;
mod companies;
mod token;
mod tokens;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, middleware};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use serde_json::json;

use self::tokens::Tokens;
use crate::authority::{Authority, Identity};
use crate::error::Error;
use crate::fault::{Fault, Target, Times};
use crate::journal::Journal;
use crate::server::Doorkeeper;
use crate::stage::{self, Hold, Stage};
use crate::{clock, control, random};

/// Emulates Clara; clones steer the same one.
#[derive(Clone, Debug)]
pub struct Clara {
    inner: Arc<Inner>,
}

impl Clara {
    pub(crate) fn new(address: SocketAddr, token_life: Duration) -> Result<Self, Error> {
        // Source: developers.clara.team/llms.txt, "Clara API Certificate Authority".
        let authority = Authority::new("Clara API Certificate Authority")?;
        let account = |name: &str| -> Result<Account, Error> {
            Ok(Account {
                client_id: random::text::<24>()?,
                client_secret: Mutex::new(random::text::<48>()?),
                identity: authority.issue_client(name)?,
            })
        };
        let inner = Inner {
            address,
            production: account("clara-sandbox")?,
            test: account("clara-sandbox-test")?,
            tokens: Tokens::new(token_life),
            stage: Arc::new(Stage::new(TOKEN_PATH, address.port(), refuse)),
            authority,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Gives the base of the API, without a slash at the end: `https://127.0.0.1:PORT`.
    pub fn api_url(&self) -> String {
        format!("https://{}", self.inner.address)
    }

    /// Gives the token endpoint.
    pub fn token_url(&self) -> String {
        format!("https://{}{TOKEN_PATH}", self.inner.address)
    }

    /// Gives the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// Gives the client id of the production environment.
    pub fn client_id(&self) -> &str {
        &self.inner.production.client_id
    }

    /// Gives the present client secret of the production environment.
    pub fn client_secret(&self) -> String {
        self.inner.production.secret().clone()
    }

    /// Gives the client certificate of the production environment, with its key.
    pub fn identity(&self) -> &Identity {
        &self.inner.production.identity
    }

    /// Gives the client id of the test environment (`/api-test/`).
    pub fn test_client_id(&self) -> &str {
        &self.inner.test.client_id
    }

    /// Gives the client secret of the test environment.
    pub fn test_client_secret(&self) -> String {
        self.inner.test.secret().clone()
    }

    /// Gives the client certificate of the test environment, with its key.
    pub fn test_identity(&self) -> &Identity {
        &self.inner.test.identity
    }

    /// Gives the certificate of the authority that issues the client certificates, as PEM.
    pub fn client_ca_pem(&self) -> &str {
        self.inner.authority.certificate_pem()
    }

    /// Lists the tax identifiers of the companies in the group.
    pub fn tax_identifiers(&self) -> Vec<&'static str> {
        companies::COMPANIES.iter().map(|company| company.tax_identifier).collect()
    }

    /// Issues one more client certificate that is let in.
    ///
    /// # Errors
    ///
    /// If no certificate could be made.
    pub fn issue_client_certificate(&self, name: &str) -> Result<Identity, Error> {
        self.inner.authority.issue_client(name)
    }

    /// Issues a client certificate that expired yesterday.
    ///
    /// # Errors
    ///
    /// If no certificate could be made.
    pub fn issue_expired_client_certificate(&self, name: &str) -> Result<Identity, Error> {
        self.inner.authority.issue_expired_client(name)
    }

    /// Issues a client certificate of an authority that Clara does not know.
    ///
    /// # Errors
    ///
    /// If no certificate could be made.
    pub fn issue_foreign_client_certificate(&self, name: &str) -> Result<Identity, Error> {
        Authority::new("Somebody Else's Certificate Authority")?.issue_client(name)
    }

    /// Gives the journal of all requests.
    pub fn journal(&self) -> &Journal {
        &self.inner.stage.journal
    }

    /// Queues a fault: it is played when those queued before it for the same target are through.
    pub fn play(&self, target: Target, fault: Fault, times: Times) {
        self.inner.stage.script.add(target, fault, times);
    }

    /// Forgets all faults that are queued.
    pub fn clear_faults(&self) {
        self.inner.stage.script.clear();
    }

    /// Holds back answers until the guard is dropped. Requests are judged as they arrive and only then held: a token
    /// that is revoked meanwhile is still handed out.
    pub fn hold(&self, target: Target) -> Hold {
        self.inner.stage.hold(target)
    }

    /// Revokes one access token, and tells whether it was known.
    pub fn revoke(&self, token: &str) -> bool {
        self.inner.tokens.revoke(token)
    }

    /// Revokes all access tokens of both environments, and tells how many there were.
    pub fn revoke_all(&self) -> usize {
        self.inner.tokens.revoke_all()
    }

    /// Makes all access tokens expire now, as if their life were over.
    pub fn expire_all(&self) {
        self.inner.tokens.expire_all();
    }

    /// Sets the life of the tokens issued from now on.
    pub fn set_token_life(&self, life: Duration) {
        self.inner.tokens.set_life(life);
    }

    /// Gives the production client a new random secret and returns it. The old one is refused from now on; tokens
    /// already issued stay good.
    ///
    /// # Errors
    ///
    /// If no random bytes can be had.
    pub fn rotate_secret(&self) -> Result<String, Error> {
        let secret = random::text::<48>()?;
        self.set_client_secret(secret.clone());
        Ok(secret)
    }

    /// Gives the production client this secret: for tests of characters that need encoding.
    pub fn set_client_secret(&self, secret: impl Into<String>) {
        *self.inner.production.secret() = secret.into();
    }

    /// Builds the routes, the journal and the faults around them.
    pub(crate) fn router(&self) -> Router {
        let stage = Arc::clone(&self.inner.stage);
        token::routes(self)
            .merge(api::routes(self))
            .merge(control::routes(self))
            .fallback(api::not_found)
            .layer(middleware::from_fn_with_state(stage, stage::attend))
    }

    pub(crate) fn client_authority(&self) -> &Authority {
        &self.inner.authority
    }

    pub(crate) fn doorkeeper(&self) -> Arc<dyn Doorkeeper> {
        Arc::clone(&self.inner) as Arc<dyn Doorkeeper>
    }
}

struct Inner {
    address: SocketAddr,
    authority: Authority,
    production: Account,
    test: Account,
    tokens: Tokens,
    stage: Arc<Stage>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Doorkeeper for Inner {
    fn journal(&self) -> &Journal {
        &self.stage.journal
    }

    fn name_of(&self, thumbprint: &str) -> Option<String> {
        self.authority.name_of(thumbprint)
    }
}

/// Holds what Clara gives to a project: one for production, one for the test environment.
struct Account {
    client_id: String,
    client_secret: Mutex<String>,
    identity: Identity,
}

impl Account {
    fn secret(&self) -> MutexGuard<'_, String> {
        self.client_secret.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the two environments apart. Source: developers.clara.team/sandbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Environment {
    Production,
    Test,
}

/// Says no as Clara's error page documents it, or, on the token endpoint, as RFC 6749 §5.2 has it.
fn refuse(target: Target, status: StatusCode, text: &str) -> Response {
    match target {
        Target::Api => {
            let code = match status {
                StatusCode::BAD_REQUEST => "VALIDATION_ERROR",
                StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
                StatusCode::FORBIDDEN => "FORBIDDEN",
                StatusCode::NOT_FOUND => "NOT_FOUND",
                StatusCode::METHOD_NOT_ALLOWED => "METHOD_NOT_ALLOWED",
                StatusCode::TOO_MANY_REQUESTS => "TOO_MANY_REQUESTS",
                _ => "INTERNAL_ERROR",
            };
            let body = json!({ "code": code, "message": text, "timestamp": clock::timestamp() });
            let mut answer = (status, Json(body)).into_response();
            if status == StatusCode::UNAUTHORIZED {
                answer.headers_mut().insert(WWW_AUTHENTICATE, http::HeaderValue::from_static(INVALID_TOKEN));
            }
            answer
        }
        Target::Token => {
            let error = match status {
                StatusCode::BAD_REQUEST => "invalid_request",
                StatusCode::UNAUTHORIZED => "invalid_client",
                StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
                _ => "temporarily_unavailable",
            };
            token::error(status, error, text)
        }
    }
}

const TOKEN_PATH: &str = "/oauth/token";
const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\"";

#[cfg(test)]
mod tests;
