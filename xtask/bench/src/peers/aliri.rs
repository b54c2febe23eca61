//! aliri_tokens: `TokenWatcher`; it fetches when it is built.

use std::{sync::Arc, time::Duration};

use aliri_clock::DurationSecs;
use aliri_tokens::{
    AccessToken, IdToken, TokenLifetimeConfig, TokenWatcher, TokenWithLifetime, backoff::ErrorBackoffConfig,
    jitter::NullJitter, sources::AsyncTokenSource,
};
use async_trait::async_trait;
use http::HeaderValue;
use tower::BoxError;

use crate::{
    issuer::{Issuer, Refused},
    peer::{Answer, Caller, Header, Inner, Peer, Setup, Stamped},
    peers::floor::bearer,
};

const AHEAD: Duration = Duration::from_secs(10);

/// Its watcher.
#[derive(Clone)]
pub struct Aliri(TokenWatcher);

impl Peer for Aliri {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let life = setup.due + AHEAD;
        let source = Source { issuer: Arc::clone(&setup.issuer), due: setup.due, life };
        let backoff = ErrorBackoffConfig::default();
        Ok(Self(TokenWatcher::spawn_from_token_source(source, NullJitter, backoff).await?))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Stamped(self.clone(), inner)
    }
}

impl Header for Aliri {
    async fn header(&self) -> Result<HeaderValue, BoxError> {
        bearer(self.0.token().access_token().as_str())
    }
}

struct Source {
    issuer: Arc<Issuer>,
    due: Duration,
    life: Duration,
}

#[async_trait]
impl AsyncTokenSource for Source {
    type Error = Refused;

    async fn request_token(&mut self) -> Result<TokenWithLifetime, Refused> {
        let token = self.issuer.issue().await?;
        let fresh = self.due.as_secs_f64() / self.life.as_secs_f64();
        let config = TokenLifetimeConfig::new(fresh, DurationSecs(1));
        Ok(config.create_token(AccessToken::new(token), None::<IdToken>, DurationSecs(self.life.as_secs())))
    }
}
