//! Clarify (clarify.io): a form with `audience` on the token endpoint; JSON-RPC 2.0 with a bearer token, or with HTTP
//! Basic; `X-API-Version`.

mod methods;
mod query;
mod rpc;
mod signals;
mod times;
mod token;
mod trace;

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, middleware};
use claviger_sandbox_stage::identifier::xid;
use claviger_sandbox_stage::{Account, Emulate as _, Error, Manner, Provider, Target};
use claviger_sandbox_stage::{random, token_request};
use http::StatusCode;
use serde_json::json;

use self::rpc::Failure;
use self::signals::Signals;

/// Emulates Clarify; clones steer the same one.
#[derive(Clone, Debug)]
pub struct Clarify {
    inner: Arc<Inner>,
}

impl Clarify {
    pub(crate) fn new(address: SocketAddr, token_life: Duration) -> Result<Self, Error> {
        let integration = xid(&random::text::<16>()?);
        let inner = Inner {
            provider: Provider::new(address, token_life, MANNER)?,
            // clarify-go: the user name of the Basic credentials is the id of the integration.
            basic: Account::named(integration)?,
            signals: Mutex::default(),
            failures: Mutex::default(),
            withheld: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Gives the one URL of all methods.
    pub fn rpc_url(&self) -> String {
        format!("{}rpc", self.api_url())
    }

    /// Gives the id of the integration, which is also the user name of its Basic credentials.
    pub fn integration(&self) -> &str {
        self.inner.basic.id()
    }

    /// Gives the password of the Basic credentials. It is no client secret, and the token endpoint refuses it.
    pub fn basic_password(&self) -> String {
        self.inner.basic.secret()
    }

    /// Sets the password of the Basic credentials.
    pub fn set_basic_password(&self, password: impl Into<String>) {
        self.inner.basic.set_secret(password.into());
    }

    /// Answers the next call that is good with this error: with status 200, and without doing what was asked. Those
    /// that are queued are played one after the other.
    pub fn play_rpc_error(&self, code: i32) {
        lock(&self.inner.failures).push_back(code);
    }

    /// Takes a namespace (`admin`, `clarify`) away from the integration: its methods are forbidden. In the beginning
    /// all are granted.
    pub fn withhold(&self, namespace: impl Into<String>) {
        lock(&self.inner.withheld).push(namespace.into());
    }

    pub(crate) fn router(&self) -> Router {
        let routes = token::routes(self).merge(rpc::routes(self)).fallback(rpc::not_found);
        self.around(routes.layer(middleware::from_fn(trace::attend)))
    }

    fn signals(&self) -> MutexGuard<'_, Signals> {
        lock(&self.inner.signals)
    }

    /// Says how a call fails that nothing is wrong with.
    fn failure(&self, method: &str) -> Option<Failure> {
        // Source: clarify-go: `integration` is always granted, `admin` and `clarify` when somebody did so.
        let namespace = method.split('.').next().unwrap_or_default();
        if lock(&self.inner.withheld).iter().any(|withheld| withheld == namespace) {
            return Some(Failure::new(-32003, "Forbidden"));
        }
        lock(&self.inner.failures).pop_front().map(Failure::of_code)
    }
}

impl Deref for Clarify {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        &self.inner.provider
    }
}

struct Inner {
    provider: Provider,
    basic: Account,
    signals: Mutex<Signals>,
    failures: Mutex<VecDeque<i32>>,
    withheld: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Says no. What the body is then is documented for the token endpoint alone, by the stubs of `@clarify/api`: the
/// Auth0 form, whose code for a bad client is `access_denied`.
fn refuse(target: Target, status: StatusCode, text: &str) -> Response {
    match (target, status) {
        (Target::Token, StatusCode::UNAUTHORIZED) => token_request::error(status, "access_denied", text),
        (Target::Token, _) => token_request::fault(status, text),
        _ => (status, Json(json!({ "message": text }))).into_response(),
    }
}

const MANNER: Manner = Manner { api_path: "/v1/", token_path: "/v1/oauth/token", refuse };

#[cfg(test)]
mod tests;
