//! aws-smithy-runtime: `LazyCache` with a bearer token, then what its signer does; 5 to 10 s ahead.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::{
    identity::{
        Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityCache,
        SharedIdentityResolver, http::Token,
    },
    runtime_components::{RuntimeComponents, RuntimeComponentsBuilder},
};
use aws_smithy_types::config_bag::ConfigBag;
use http::HeaderValue;
use tower::BoxError;

use crate::{
    issuer::Issuer,
    peer::{Answer, Caller, Header, Inner, Peer, Setup, Stamped},
    peers::floor::bearer,
};

const AHEAD: Duration = Duration::from_secs(10);

/// Its cache, and what it wants to be handed.
#[derive(Clone)]
pub struct Aws(Arc<Parts>);

struct Parts {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    config: ConfigBag,
}

impl Peer for Aws {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let components = RuntimeComponentsBuilder::for_tests()
            .with_time_source(Some(SystemTimeSource::new()))
            .with_sleep_impl(Some(TokioSleep::new()))
            .build()?;
        let source = Source { issuer: Arc::clone(&setup.issuer), life: setup.due + AHEAD };
        Ok(Self(Arc::new(Parts {
            cache: IdentityCache::lazy().build(),
            resolver: SharedIdentityResolver::new(source),
            components,
            config: ConfigBag::base(),
        })))
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Stamped(self.clone(), inner)
    }
}

impl Header for Aws {
    async fn header(&self) -> Result<HeaderValue, BoxError> {
        let Parts { cache, resolver, components, config } = &*self.0;
        let identity = cache.resolve_cached_identity(resolver.clone(), components, config).await?;
        bearer(identity.data::<Token>().ok_or("no token")?.token())
    }
}

struct Source {
    issuer: Arc<Issuer>,
    life: Duration,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

impl ResolveIdentity for Source {
    fn resolve_identity<'a>(&'a self, _: &'a RuntimeComponents, _: &'a ConfigBag) -> IdentityFuture<'a> {
        IdentityFuture::new(async {
            let token = self.issuer.issue().await?;
            let end = SystemTime::now() + self.life;
            Ok(Identity::new(Token::new(token, Some(end)), Some(end)))
        })
    }
}
