//! tower-http: `SetRequestHeaderLayer` with a value that never changes.

use http::{HeaderValue, header::AUTHORIZATION};
use tower::{BoxError, Layer};
use tower_http::set_header::SetRequestHeaderLayer;

use crate::{
    peer::{Answer, Caller, Inner, Layered, Peer, Setup},
    peers::floor::bearer,
};

/// Sets a static header.
#[derive(Clone)]
pub struct TowerHttp(SetRequestHeaderLayer<HeaderValue>);

impl Peer for TowerHttp {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        Ok(Self(SetRequestHeaderLayer::overriding(AUTHORIZATION, bearer(setup.issuer.token())?)))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Layered(self.0.layer(inner))
    }
}
