//! Claviger's own layers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use claviger_auth_core::{
    AccessToken, Clock, Error, ErrorKind, Fetch, Origin, SystemClock, TokenCache, TokenSource,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_basic::Basic;
use tower::{BoxError, Layer};

use crate::{
    counted::LONG,
    issuer::Issuer,
    noop::TENANT,
    peer::{Answer, Caller, Inner, Layered, Peer, Setup},
};

/// `Authorization` over HTTP Basic, with a password as long as the token.
#[derive(Clone)]
pub struct OverBasic(AuthorizationLayer<Basic>);

impl Peer for OverBasic {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        // In Base64 it is a third longer.
        let password =
            setup.issuer.token().chars().take(setup.issuer.token().len() * 3 / 4).collect::<String>();
        let basic = Basic::new("acme", &password.into())?;
        Ok(Self(AuthorizationLayer::new(basic, Origin::https(&setup.origin)?)))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Layered(self.0.layer(inner))
    }
}

/// `Authorization` over a `TokenCache`.
#[derive(Clone)]
pub struct OverCache(AuthorizationLayer<TokenCache<Source>>);

impl Peer for OverCache {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        // A token is fetched ahead at 70 to 85 % of its life.
        let life = setup.due.mul_f64(1.3);
        let source = Source { issuer: Arc::clone(&setup.issuer), life };
        let tokens = TokenCache::builder(source);
        // What comes due here is brought about; where nothing does, it is the clock that everybody has.
        let tokens =
            if setup.due < LONG { tokens.with_clock(Ahead(SystemClock::new())) } else { tokens }.build();
        Ok(Self(AuthorizationLayer::new(tokens, Origin::https(&setup.origin)?)))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Layered(self.0.layer(inner))
    }
}

/// The same with `SetTenant` outside.
#[derive(Clone)]
pub struct WithTenant(OverCache, SetTenantLayer);

impl Peer for WithTenant {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let tenant = SetTenantLayer::fixed(TENANT, Tenant::new("acme")?, Origin::https(&setup.origin)?);
        Ok(Self(OverCache::start(setup).await?, tenant))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Layered(self.1.layer(self.0.0.layer(inner)))
    }
}

/// The same with `RetryUnauthorized` between them.
#[derive(Clone)]
pub struct WithRetry(WithTenant);

impl Peer for WithRetry {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        WithTenant::start(setup).await.map(Self)
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        let WithTenant(cache, tenant) = &self.0;
        Layered(tenant.layer(RetryUnauthorizedLayer::cloned().layer(cache.0.layer(inner))))
    }
}

/// Asks the issuer.
pub struct Source {
    issuer: Arc<Issuer>,
    life: Duration,
}

#[async_trait]
impl TokenSource for Source {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        let token = self.issuer.issue().await;
        let token = token.map_err(|_| Error::new(ErrorKind::Unavailable, "the token endpoint is down"))?;
        Ok(AccessToken::bearer(&token.into())?.with_expires_in(self.life))
    }
}

/// How far all of our clocks are ahead of the machine's.
static AHEAD_MILLIS: AtomicU64 = AtomicU64::new(0);

/// Lets this much time pass for the caches that are there.
pub fn advance(time: Duration) {
    AHEAD_MILLIS.fetch_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// The machine's clocks, further on: so that a scenario need not wait for a token to come due.
#[derive(Debug)]
struct Ahead(SystemClock);

impl Clock for Ahead {
    fn monotonic(&self) -> Duration {
        self.0.monotonic() + ahead()
    }

    fn wall(&self) -> SystemTime {
        self.0.wall() + ahead()
    }
}

fn ahead() -> Duration {
    Duration::from_millis(AHEAD_MILLIS.load(Ordering::Relaxed))
}
