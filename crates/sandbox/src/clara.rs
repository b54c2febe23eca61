//! Clara (clara.com): a client certificate on every connection, HTTP Basic on the token endpoint, a bearer token on
//! the API, and `X-Tax-Identifier` to act as one company of a group.

mod api;
mod companies;
mod grpc;
mod token;

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use claviger_sandbox_stage::{Account, Authority, Emulate as _, Error, Identity, Manner, Provider, Target};
use claviger_sandbox_stage::{clock, token_request};
use http::StatusCode;
use serde_json::json;

/// Emulates Clara; clones steer the same one. What it derefs to is its production environment.
#[derive(Clone, Debug)]
pub struct Clara {
    inner: Arc<Inner>,
}

impl Clara {
    pub(crate) fn new(address: SocketAddr, token_life: Duration) -> Result<Self, Error> {
        // Source: developers.clara.team/llms.txt, "Clara API Certificate Authority".
        let authority = Arc::new(Authority::new("Clara API Certificate Authority")?);
        let inner = Inner {
            provider: Provider::new(address, token_life, MANNER)?,
            identity: authority.issue_client("clara-sandbox")?,
            test: Account::draw()?,
            test_identity: authority.issue_client("clara-sandbox-test")?,
            authority,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Gives the client certificate of the production environment, with its key.
    pub fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    /// Gives the client id of the test environment (`/api-test/`).
    pub fn test_client_id(&self) -> &str {
        self.inner.test.id()
    }

    /// Gives the client secret of the test environment.
    pub fn test_client_secret(&self) -> String {
        self.inner.test.secret()
    }

    /// Gives the client certificate of the test environment, with its key.
    pub fn test_identity(&self) -> &Identity {
        &self.inner.test_identity
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

    /// Builds the routes, with the journal and the faults around them.
    pub(crate) fn router(&self) -> Router {
        let routes = token::routes(self).merge(api::routes(self)).merge(grpc::routes(self));
        self.around(routes.fallback(api::not_found))
    }

    pub(crate) fn client_authority(&self) -> Arc<Authority> {
        Arc::clone(&self.inner.authority)
    }
}

impl Deref for Clara {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        &self.inner.provider
    }
}

struct Inner {
    provider: Provider,
    authority: Arc<Authority>,
    identity: Identity,
    test: Account,
    test_identity: Identity,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Tells the two environments apart. Source: developers.clara.team/sandbox.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Environment {
    Production,
    Test,
}

impl Environment {
    fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
        }
    }
}

/// Says no as Clara's error page documents it, or, on the token endpoint, as RFC 6749 §5.2 has it.
fn refuse(target: Target, status: StatusCode, text: &str) -> Response {
    if target == Target::Token {
        return token_request::fault(status, text);
    }
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
    (status, Json(body)).into_response()
}

const MANNER: Manner = Manner { api_path: "", token_path: "/oauth/token", refuse };

#[cfg(test)]
mod tests;
