//! The order of the stack, written once.

use bytes::Bytes;
use claviger_auth_core::{
    BoxError, Error, PublishIdentity, TokenCache,
    authorization::{Authorization, AuthorizationLayer},
    retry_unauthorized::{ReplayCloned, RetryUnauthorized, RetryUnauthorizedLayer},
    set_tenant::{SetTenant, SetTenantLayer},
};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::TokenEndpoint;
use http::{HeaderName, Request, Response};
use http_body::Body;
use http_body_util::Full;
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
/// one that can be cloned, since a request whose token was revoked is sent once more.
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
pub struct ClaraLayer {
    tenant: SetTenantLayer,
    retry: RetryUnauthorizedLayer<ReplayCloned>,
    authorization: AuthorizationLayer<Tokens>,
    tokens: Tokens,
}

/// Where Clara's tokens are kept.
type Tokens = TokenCache<ClientCredentials>;

impl ClaraLayer {
    /// Fetches tokens over `transport`, which presents the same certificate and follows no redirect.
    ///
    /// # Errors
    ///
    /// Those of [`TokenEndpointBuilder::build`](claviger_token_endpoint::TokenEndpointBuilder::build).
    pub fn new<S, B>(config: &Config, transport: S) -> Result<Self, Error>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self::assemble(config, transport, |source| source, |layer| layer)
    }

    /// As [`new`](Self::new), with every token bound to the certificate that `identity` publishes now: none
    /// is sent once it publishes another (RFC 8705 §3).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_identity<S, B>(
        config: &Config,
        transport: S,
        identity: impl PublishIdentity + 'static,
    ) -> Result<Self, Error>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let binding = identity.thumbprint();
        let bind = |source: ClientCredentials| match binding {
            Some(certificate) => source.with_binding(certificate),
            None => source,
        };
        Self::assemble(config, transport, bind, |layer| layer.with_identity(identity))
    }

    /// Returns the cache of tokens, shared by all services that this layer makes.
    #[must_use]
    pub fn tokens(&self) -> &TokenCache<ClientCredentials> {
        &self.tokens
    }

    fn assemble<S, B>(
        config: &Config,
        transport: S,
        bind: impl FnOnce(ClientCredentials) -> ClientCredentials,
        publish: impl FnOnce(AuthorizationLayer<Tokens>) -> AuthorizationLayer<Tokens>,
    ) -> Result<Self, Error>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let endpoints = config.endpoints();
        let endpoint = TokenEndpoint::builder(endpoints.token_url(), config.client_authentication());
        let source = bind(ClientCredentials::new(endpoint.build(transport)?));
        let cache = TokenCache::builder(source);
        let tokens = match config.spacing() {
            Some(spacing) => cache.with_spacing(spacing).build(),
            None => cache.build(),
        };
        let origin = || endpoints.origin().clone();
        let tenant = match config.tenancy() {
            Tenancy::Fixed(identifier) => {
                SetTenantLayer::fixed(X_TAX_IDENTIFIER, identifier.clone().into(), origin())
            }
            Tenancy::Optional => SetTenantLayer::optional(X_TAX_IDENTIFIER, origin()),
            Tenancy::Required => SetTenantLayer::required(X_TAX_IDENTIFIER, origin()),
        };
        Ok(Self {
            tenant,
            retry: RetryUnauthorizedLayer::cloned(),
            authorization: publish(AuthorizationLayer::new(tokens.clone(), origin())),
            tokens,
        })
    }
}

impl<S> Layer<S> for ClaraLayer {
    type Service = ClaraService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        // Authorization is innermost: it must see the very answer to the token that it stamped.
        let authorized = self.authorization.layer(inner);
        // Outside it, so that the second request is stamped with the new token.
        let retried = self.retry.layer(authorized);
        // Outermost: the company of a request is settled once, and the same for both times it is sent.
        self.tenant.layer(retried)
    }
}

/// A client with Clara's layers on it.
pub type ClaraService<S> =
    SetTenant<RetryUnauthorized<Authorization<S, TokenCache<ClientCredentials>>, ReplayCloned>>;

const X_TAX_IDENTIFIER: HeaderName = HeaderName::from_static("x-tax-identifier");

#[cfg(test)]
mod tests;
