//! gcp_auth: a service account's key, with an endpoint that takes what it signs; 20 s ahead.

use std::{env, sync::Arc, time::Duration};

use gcp_auth::{CustomServiceAccount, TokenProvider};
use http::HeaderValue;
use tower::BoxError;

use crate::{
    endpoint,
    peer::{Answer, Caller, Header, Inner, Peer, Setup, Stamped},
    peers::floor::bearer,
};

const AHEAD: Duration = Duration::from_secs(20);

/// Its account, shared.
#[derive(Clone)]
pub struct Gcp(Arc<CustomServiceAccount>);

impl Peer for Gcp {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let account = serde_json::json!({
            "type": "service_account",
            "project_id": "acme",
            "private_key_id": "1",
            "private_key": key()?,
            "client_email": "acme@example",
            "client_id": "1",
            "auth_uri": "http://127.0.0.1/",
            "token_uri": endpoint::publish(&setup.issuer, setup.due + AHEAD),
        });
        Ok(Self(Arc::new(CustomServiceAccount::from_json(&account.to_string())?)))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Stamped(self.clone(), inner)
    }
}

impl Header for Gcp {
    async fn header(&self) -> Result<HeaderValue, BoxError> {
        bearer(self.0.token(&["scope"]).await?.as_str())
    }
}

/// The variable in which a run hands its key down: making one takes minutes where instructions are counted.
pub const KEY: &str = "CLAVIGER_BENCH_RSA_KEY";

/// A key of this run.
pub fn key() -> Result<String, BoxError> {
    if let Ok(key) = env::var(KEY) {
        return Ok(key);
    }
    Ok(rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256)?.serialize_pem())
}
