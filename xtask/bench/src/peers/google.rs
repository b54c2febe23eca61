//! google-cloud-auth: user credentials, `Credentials::headers`; 240 s ahead.

use std::time::Duration;

use google_cloud_auth::credentials::{CacheableResource, Credentials, user_account};
use http::{Extensions, HeaderMap, HeaderValue, header::AUTHORIZATION};
use tower::BoxError;

use crate::{
    endpoint,
    peer::{Answer, Caller, Header, Inner, Peer, Setup, Stamped},
};

const AHEAD: Duration = Duration::from_secs(240);

/// Its credentials, asked for headers each time.
#[derive(Clone)]
pub struct Google(Credentials);

impl Peer for Google {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let user = serde_json::json!({
            "type": "authorized_user",
            "client_id": "acme",
            "client_secret": "swordfish",
            "refresh_token": "swordfish",
        });
        let url = endpoint::publish(&setup.issuer, setup.due + AHEAD);
        Ok(Self(user_account::Builder::new(user).with_token_uri(url).build()?))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Stamped(self.clone(), inner)
    }
}

impl Header for Google {
    async fn header(&self) -> Result<HeaderValue, BoxError> {
        match self.0.headers(Extensions::new()).await? {
            CacheableResource::New { data, .. } => authorization(&data),
            CacheableResource::NotModified => Err("not modified since never".into()),
        }
    }
}

fn authorization(headers: &HeaderMap) -> Result<HeaderValue, BoxError> {
    Ok(headers.get(AUTHORIZATION).ok_or("no authorization header")?.clone())
}
