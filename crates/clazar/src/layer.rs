//! The order of the stack, written once.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use claviger_auth_core::{
    CredentialSource, Error, TokenCache,
    authorization::{Authorization, AuthorizationLayer},
    retry_unauthorized::{ReplayCloned, RetryUnauthorized, RetryUnauthorizedLayer},
};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::Transport;
use tower_layer::Layer;
use tower_service::Service;

use crate::Config;

/// Applies Clazar's two layers to a client of one's own.
///
/// ```text
/// request ─▶ RetryUnauthorized ─▶ Authorization ─▶ your client
/// ```
///
/// The request's URI is a whole URL of Clazar's ([`Endpoints`](crate::Endpoints) makes them), and its body one
/// that can be cloned, since a request whose token was rejected is sent once more.
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the platform's certificates.
/// use bytes::Bytes;
/// use claviger_clazar::{ClazarLayer, Config};
/// use claviger_client::Client;
/// use http_body_util::Full;
/// use tower_layer::Layer;
///
/// let config = Config::new("integration", "swordfish".into());
/// let client: Client<Full<Bytes>> = Client::builder(config.tls()?).build(); // or any other
/// let service = ClazarLayer::new(&config, client.clone())?.layer(client);
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClazarLayer<P = ReplayCloned> {
    retry: RetryUnauthorizedLayer<P>,
    authorization: AuthorizationLayer<Source>,
    tokens: Option<TokenCache<ClientCredentials>>,
}

/// A cache of tokens, or whatever credentials somebody brings.
type Source = Arc<dyn CredentialSource>;

impl ClazarLayer {
    /// Fetches tokens over `transport`, which follows no redirect.
    ///
    /// Where it limits how much it does at a time, it must not share that limit with the requests: they would
    /// hold all of it while they wait for a token that cannot be fetched.
    ///
    /// # Errors
    ///
    /// Those of [`Config::token_source`].
    pub fn new(config: &Config, transport: impl Transport) -> Result<Self, Error> {
        let cache = TokenCache::builder(config.token_source(transport)?);
        let tokens = match config.spacing() {
            Some(spacing) => cache.with_spacing(spacing).build(),
            None => cache.build(),
        };
        let layer = Self::with_credentials(config, tokens.clone());
        Ok(Self { tokens: Some(tokens), ..layer })
    }

    /// Stamps requests from `source`: a cache that several stacks share, or one over a store of tokens.
    #[must_use]
    pub fn with_credentials(config: &Config, source: impl CredentialSource + 'static) -> Self {
        let source: Source = Arc::new(source);
        Self {
            retry: RetryUnauthorizedLayer::cloned(),
            authorization: AuthorizationLayer::new(source, config.endpoints().origin().clone()),
            tokens: None,
        }
    }
}

impl<P> ClazarLayer<P> {
    /// Says how a request is sent once more. Default: its body is cloned. For bodies that stream, and for reqwest,
    /// `claviger-replay` has others.
    #[must_use]
    pub fn with_retry<Q>(self, retry: RetryUnauthorizedLayer<Q>) -> ClazarLayer<Q> {
        let Self { authorization, tokens, .. } = self;
        ClazarLayer { retry, authorization, tokens }
    }

    /// Returns the cache of tokens, shared by all services that this layer makes; none where the credentials
    /// are one's own.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
    }
}

impl<P: Clone, S> Layer<S> for ClazarLayer<P> {
    type Service = ClazarService<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        // Authorization is innermost: it must see the very answer to the token that it stamped.
        let authorized = self.authorization.layer(inner);
        // Outside it, so that the second request is stamped with the new token.
        ClazarService { inner: self.retry.layer(authorized) }
    }
}

/// A client with Clazar's layers on it.
#[derive(Clone, Debug)]
pub struct ClazarService<S, P = ReplayCloned> {
    inner: Stack<S, P>,
}

/// The layers, which may become others: the name of none of them is promised.
type Stack<S, P> = RetryUnauthorized<Authorization<S, Source>, P>;

impl<S, P, R> Service<R> for ClazarService<S, P>
where
    Stack<S, P>: Service<R>,
{
    type Response = <Stack<S, P> as Service<R>>::Response;
    type Error = <Stack<S, P> as Service<R>>::Error;
    type Future = <Stack<S, P> as Service<R>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests;
