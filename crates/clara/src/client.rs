//! The ready client.

use std::{
    fmt,
    task::{Context, Poll},
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, CredentialSource, Error, PublishIdentity, Thumbprint, TokenCache};
use claviger_mtls::Tls;
use claviger_oauth_cc::ClientCredentials;
use http::Request;
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use crate::{ClaraLayer, Config, Endpoints, layer::ClaraService};

/// Talks to Clara: certificate, token and tax identifier are put on every request.
///
/// A request's URI may be a path, such as `/api/v3/transactions`, or a whole URL of Clara's; any other is
/// refused. In the test environment `/api/` becomes `/api-test/`. Clones share connections and tokens.
///
/// The body of requests is `Full<Bytes>` unless said otherwise; it must be one that can be cloned, since a
/// request whose token was revoked is sent once more.
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the folder that Clara sent, and calls Clara.
/// use bytes::Bytes;
/// use claviger_clara::{Client, Config, Country, Credentials, TaxIdentifier};
/// use http_body_util::{BodyExt, Full};
/// use tower::{BoxError, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let config = Config::new(Country::Mexico, Credentials::from_dir("acme-credentials/")?)
///     .with_tax_identifier(TaxIdentifier::new("ACME8001011H0", Country::Mexico)?);
/// let client = Client::new(&config)?;
/// let request = http::Request::get("/api/v3/transactions").body(Full::<Bytes>::default())?;
/// let response = client.oneshot(request).await?;
/// let body = response.into_body().collect().await?.to_bytes();
/// # Ok(())
/// # }
/// ```
pub struct Client<B = Full<Bytes>> {
    service: ClaraService<claviger_client::Client<B>>,
    identity: claviger_client::Client<B>,
    tokens: Option<TokenCache<ClientCredentials>>,
    endpoints: Endpoints,
}

impl<B> Client<B>
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    /// Puts the client together. It connects when the first request comes.
    ///
    /// # Errors
    ///
    /// Those of [`Config::tls`] and [`ClaraLayer::new`].
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self::assemble(config, config.tls()?, ClaraLayer::new(config, config.transport()?)?))
    }

    /// Puts the client together with credentials of one's own: a cache that several clients share, or one over
    /// a store of tokens (see [`Config::token_source`]).
    ///
    /// # Errors
    ///
    /// Those of [`Config::tls`].
    pub fn with_credentials(config: &Config, source: impl CredentialSource + 'static) -> Result<Self, Error> {
        Ok(Self::assemble(config, config.tls()?, ClaraLayer::with_credentials(config, source)))
    }

    /// Returns the cache of tokens; none where the credentials are one's own.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
    }

    fn assemble(config: &Config, tls: Tls, layer: ClaraLayer) -> Self {
        let client = claviger_client::Client::builder(tls).with_proxies(config.proxies()).build();
        let layer = layer.with_identity(client.clone());
        Self {
            service: layer.layer(client.clone()),
            identity: client,
            tokens: layer.tokens().cloned(),
            endpoints: config.endpoints().clone(),
        }
    }
}

impl<B> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            identity: self.identity.clone(),
            tokens: self.tokens.clone(),
            endpoints: self.endpoints.clone(),
        }
    }
}

impl<B> fmt::Debug for Client<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl<B: Send> PublishIdentity for Client<B> {
    fn thumbprint(&self) -> Option<Thumbprint> {
        self.identity.thumbprint()
    }
}

impl<B> Service<Request<B>> for Client<B>
where
    B: Body + Clone + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = <ClaraService<claviger_client::Client<B>> as Service<Request<B>>>::Response;
    type Error = BoxError;
    type Future = <ClaraService<claviger_client::Client<B>> as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        *request.uri_mut() = self.endpoints.resolve(request.uri());
        self.service.call(request)
    }
}
