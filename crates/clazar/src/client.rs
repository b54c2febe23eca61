//! The ready client.

use std::{
    fmt,
    task::{Context, Poll},
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, CredentialSource, Error, TokenCache};
use claviger_mtls::Tls;
use claviger_oauth_cc::ClientCredentials;
use http::Request;
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use crate::{ClazarLayer, ClazarService, Config, Endpoints};

/// Talks to Clazar: a token is put on every request.
///
/// A request's URI may be a path, such as `/contracts/`, or a whole URL of Clazar's; any other
/// is refused. Clones share connections and tokens.
///
/// The body of requests is `Full<Bytes>` unless said otherwise; it must be one that can be cloned, since a
/// request whose token was rejected is sent once more.
///
/// # Example
///
/// ```no_run
/// // no_run: it calls Clazar.
/// use bytes::Bytes;
/// use claviger_clazar::{Client, Config};
/// use http_body_util::{BodyExt, Full};
/// use tower::{BoxError, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let client = Client::new(&Config::new("integration", "swordfish".into()))?;
/// let request = http::Request::get("/contracts/?page=1").body(Full::<Bytes>::default())?;
/// let response = client.oneshot(request).await?;
/// let body = response.into_body().collect().await?.to_bytes();
/// # Ok(())
/// # }
/// ```
pub struct Client<B = Full<Bytes>> {
    service: ClazarService<claviger_client::Client<B>>,
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
    /// Those of [`Config::tls`] and [`ClazarLayer::new`].
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self::assemble(config, config.tls()?, &ClazarLayer::new(config, config.transport()?)?))
    }

    /// Puts the client together with credentials of one's own: a cache that several clients share, or one over
    /// a store of tokens (see [`Config::token_source`]).
    ///
    /// # Errors
    ///
    /// Those of [`Config::tls`].
    pub fn with_credentials(config: &Config, source: impl CredentialSource + 'static) -> Result<Self, Error> {
        Ok(Self::assemble(config, config.tls()?, &ClazarLayer::with_credentials(config, source)))
    }

    /// Returns the cache of tokens; none where the credentials are one's own.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
    }

    fn assemble(config: &Config, tls: Tls, layer: &ClazarLayer) -> Self {
        let client = claviger_client::Client::builder(tls).with_proxies(config.proxies()).build();
        Self {
            service: layer.layer(client),
            tokens: layer.tokens().cloned(),
            endpoints: config.endpoints().clone(),
        }
    }
}

impl<B> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), tokens: self.tokens.clone(), endpoints: self.endpoints.clone() }
    }
}

impl<B> fmt::Debug for Client<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for Client<B>
where
    B: Body + Clone + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = <ClazarService<claviger_client::Client<B>> as Service<Request<B>>>::Response;
    type Error = BoxError;
    type Future = <ClazarService<claviger_client::Client<B>> as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        *request.uri_mut() = self.endpoints.resolve(request.uri());
        self.service.call(request)
    }
}

#[cfg(test)]
mod tests {
    use claviger_auth_core::ErrorKind;
    use claviger_mtls::Trust;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn completes_paths_and_refuses_other_hosts() {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = parameters.self_signed(&key).unwrap().pem();
        // Nobody listens there, so that whose token cannot be fetched has passed as Clazar's.
        let config = Config::new("acme", "swordfish".into())
            .with_trust(Trust::given([ca.as_bytes()]).unwrap())
            .with_api_url("https://127.0.0.1:1")
            .unwrap();
        let client = Client::new(&config).unwrap();
        for (uri, kind) in [
            ("/contracts/", ErrorKind::Connect),
            ("https://127.0.0.1:1/contracts/", ErrorKind::Connect),
            ("https://api.clazar.io/contracts/", ErrorKind::Origin),
        ] {
            let request = Request::get(uri).body(Full::<Bytes>::default()).unwrap();
            let error = client.clone().oneshot(request).await.unwrap_err();
            assert_eq!(Error::find(&*error).unwrap().kind(), kind, "{uri}");
        }
    }
}
