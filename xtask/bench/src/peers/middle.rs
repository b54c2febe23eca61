//! middle: `BasicClientCredentialAuthorizer`, refreshing 10 s ahead; it fetches when it is built.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;
use middle::{Authorizer, BasicClientCredentialAuthorizer};
use tower::BoxError;

use crate::{
    endpoint,
    peer::{Answer, Caller, Header, Inner, Peer, Setup, Stamped},
};

const AHEAD: Duration = Duration::from_secs(10);

/// Its authorizer, shared.
#[derive(Clone)]
pub struct Middle(Arc<BasicClientCredentialAuthorizer>);

impl Peer for Middle {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let url = endpoint::publish(&setup.issuer, setup.due + AHEAD).parse()?;
        let builder = BasicClientCredentialAuthorizer::basic_builder("acme", "swordfish", url);
        Ok(Self(Arc::new(builder.refresh_tolerance(AHEAD).build().await?)))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Stamped(self.clone(), inner)
    }
}

impl Header for Middle {
    async fn header(&self) -> Result<HeaderValue, BoxError> {
        Ok((*self.0.authorization_header()?).clone())
    }
}
