//! cf-gears-toolkit-auth: `BearerAuthLayer`, refreshing 10 s ahead.

use std::time::Duration;

use http::Request;
use toolkit_auth::{BearerAuthLayer, ClientAuthMethod, OAuthClientConfig, TokenProvider};
use toolkit_http::HttpError;
use tower::{BoxError, Layer, ServiceExt};

use crate::{
    endpoint,
    noop::Body,
    peer::{Answer, Caller, Inner, Layered, Peer, Setup},
};

const AHEAD: Duration = Duration::from_secs(10);

/// Its layer.
#[derive(Clone)]
pub struct CfGears(BearerAuthLayer);

impl Peer for CfGears {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let provider = TokenProvider::new(OAuthClientConfig {
            token_endpoint: Some(endpoint::publish(&setup.issuer, setup.due + AHEAD).parse()?),
            issuer_url: None,
            client_id: "acme".to_owned(),
            client_secret: toolkit_auth::SecretString::new("swordfish"),
            scopes: Vec::new(),
            auth_method: ClientAuthMethod::Basic,
            extra_headers: Vec::new(),
            refresh_offset: AHEAD,
            jitter_max: Duration::ZERO,
            min_refresh_period: Duration::from_secs(1),
            default_ttl: Duration::from_secs(300),
            http_config: None,
        })?;
        Ok(Self(BearerAuthLayer::new(provider)))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        let inner =
            ServiceExt::<Request<Body>>::map_err(inner, HttpError::Transport as fn(BoxError) -> HttpError);
        Layered(self.0.layer(inner))
    }
}
