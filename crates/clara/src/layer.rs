//! The order of the stack, written once.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use claviger_auth_core::{
    CredentialSource, Error, PublishIdentity, TokenCache,
    authorization::{Authorization, AuthorizationLayer},
    retry_unauthorized::{ReplayCloned, RetryUnauthorized, RetryUnauthorizedLayer},
    set_tenant::{SetTenant, SetTenantLayer},
};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::Transport;
use http::HeaderName;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Config, config::Tenancy};

/// Applies Clara's three layers to a client of one's own.
///
/// ```text
/// request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ your client, with the certificate
/// ```
///
/// The client below presents the certificate: [`Config::tls`] has what it takes. The request's body must be
/// one that can be cloned, since a request whose token was revoked is sent once more. Its URI is a whole URL of
/// Clara's, sent as it is: [`Endpoints::url`](crate::Endpoints::url) makes those of the
/// [`Environment`](crate::Environment).
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the folder that Clara sent.
/// use bytes::Bytes;
/// use claviger_clara::{ClaraLayer, Config, Country, Credentials};
/// use claviger_client::Client;
/// use http_body_util::Full;
/// use tower_layer::Layer;
///
/// let config = Config::new(Country::Mexico, Credentials::from_dir("acme-credentials/")?);
/// let client: Client<Full<Bytes>> = Client::builder(config.tls()?).build(); // or any other
/// let service = ClaraLayer::new(&config, client.clone())?.layer(client);
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClaraLayer<P = ReplayCloned> {
    tenant: SetTenantLayer,
    retry: RetryUnauthorizedLayer<P>,
    authorization: AuthorizationLayer<Source>,
    tokens: Option<TokenCache<ClientCredentials>>,
}

/// A cache of tokens, or whatever credentials somebody brings.
type Source = Arc<dyn CredentialSource>;

impl ClaraLayer {
    /// Fetches tokens over `transport`, which presents the certificate and follows no redirect.
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
        let origin = || config.endpoints().origin().clone();
        let tenant = match config.tenancy() {
            Tenancy::Fixed(identifier) => {
                SetTenantLayer::fixed(X_TAX_IDENTIFIER, identifier.clone().into(), origin())
            }
            Tenancy::Optional => SetTenantLayer::optional(X_TAX_IDENTIFIER, origin()),
            Tenancy::Required => SetTenantLayer::required(X_TAX_IDENTIFIER, origin()),
        };
        let source: Source = Arc::new(source);
        Self {
            tenant,
            retry: RetryUnauthorizedLayer::cloned(),
            authorization: AuthorizationLayer::new(source, origin()).with_identity(config.identity().clone()),
            tokens: None,
        }
    }
}

impl<P> ClaraLayer<P> {
    /// Says how a request is sent once more. Default: its body is cloned. For bodies that stream, and for reqwest,
    /// `claviger-replay` has others.
    #[must_use]
    pub fn with_retry<Q>(self, retry: RetryUnauthorizedLayer<Q>) -> ClaraLayer<Q> {
        let Self { tenant, authorization, tokens, .. } = self;
        ClaraLayer { tenant, retry, authorization, tokens }
    }

    /// Says who publishes the certificate that the client presents, where that may change. Default: it is
    /// that of the configuration. A token is not sent over another than the one that fetched it (RFC 8705 §3).
    #[must_use]
    pub fn with_identity(mut self, identity: impl PublishIdentity + 'static) -> Self {
        self.authorization = self.authorization.with_identity(identity);
        self
    }

    /// Returns the cache of tokens, shared by all services that this layer makes; none where the credentials
    /// are one's own.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
    }
}

impl<P: Clone, S> Layer<S> for ClaraLayer<P> {
    type Service = ClaraService<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        // Authorization is innermost: it must see the very answer to the token that it stamped.
        let authorized = self.authorization.layer(inner);
        // Outside it, so that the second request is stamped with the new token.
        let retried = self.retry.layer(authorized);
        // Outermost: the company of a request is settled once, and the same for both times it is sent.
        ClaraService { inner: self.tenant.layer(retried) }
    }
}

/// A client with Clara's layers on it.
#[derive(Clone, Debug)]
pub struct ClaraService<S, P = ReplayCloned> {
    inner: Stack<S, P>,
}

/// The layers, which may become others: the name of none of them is promised.
type Stack<S, P> = SetTenant<RetryUnauthorized<Authorization<S, Source>, P>>;

impl<S, P, R> Service<R> for ClaraService<S, P>
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

const X_TAX_IDENTIFIER: HeaderName = HeaderName::from_static("x-tax-identifier");

#[cfg(test)]
mod tests;
