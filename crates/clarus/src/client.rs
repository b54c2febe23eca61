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

use crate::{ClarusLayer, ClarusService, Config, Endpoints};

/// Talks to Clarus: token, subdomain and content type are put on every request.
///
/// A request's URI may be a path, such as `/api/orders` or `/graphql`, or a whole URL of Clarus's; any other
/// is refused. Clones share connections and tokens.
///
/// The body of requests is `Full<Bytes>` unless said otherwise; it must be one that can be cloned, since a
/// request whose token was rejected is sent once more.
///
/// # Example
///
/// ```no_run
/// // no_run: it calls Clarus.
/// use bytes::Bytes;
/// use claviger_clarus::{Client, Config, Credentials, Subdomain};
/// use http_body_util::{BodyExt, Full};
/// use tower::{BoxError, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let config = Config::new(Subdomain::new("acme")?, Credentials::new("integration", "swordfish".into()));
/// let client = Client::new(&config)?;
/// let query = r#"{"query":"{ orders(first: 10) { pageInfo { hasNextPage } } }"}"#;
/// let request = http::Request::post("/graphql").body(Full::<Bytes>::from(query))?;
/// let response = client.oneshot(request).await?;
/// let body = response.into_body().collect().await?.to_bytes();
/// # Ok(())
/// # }
/// ```
pub struct Client<B = Full<Bytes>> {
    service: ClarusService<claviger_client::Client<B>>,
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
    /// Those of [`Config::tls`] and [`ClarusLayer::new`].
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self::assemble(config, config.tls()?, &ClarusLayer::new(config, config.transport()?)?))
    }

    /// Puts the client together with credentials of one's own: a cache that several clients share, or one over
    /// a store of tokens (see [`Config::token_source`]).
    ///
    /// # Errors
    ///
    /// Those of [`Config::tls`].
    pub fn with_credentials(config: &Config, source: impl CredentialSource + 'static) -> Result<Self, Error> {
        Ok(Self::assemble(config, config.tls()?, &ClarusLayer::with_credentials(config, source)))
    }

    /// Returns the cache of tokens; none for a given token, or where the credentials are one's own.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
    }

    fn assemble(config: &Config, tls: Tls, layer: &ClarusLayer) -> Self {
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
    type Response = <ClarusService<claviger_client::Client<B>> as Service<Request<B>>>::Response;
    type Error = BoxError;
    type Future = <ClarusService<claviger_client::Client<B>> as Service<Request<B>>>::Future;

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
    use claviger_auth_core::{ErrorKind, StaticToken};
    use claviger_mtls::Trust;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use tower::ServiceExt;

    use super::*;
    use crate::Credentials;

    fn trust() -> Trust {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = parameters.self_signed(&key).unwrap().pem();
        Trust::given([ca.as_bytes()]).unwrap()
    }

    #[tokio::test]
    async fn completes_paths_and_refuses_other_hosts() {
        let credentials = Credentials::new("acme", "swordfish".into());
        let client = Client::new(&Config::per_request(credentials).with_trust(trust())).unwrap();
        assert!(client.tokens().is_some());
        // Nobody is named, so that nothing is sent; who is refused for that has passed as Clarus's.
        for (uri, kind) in [
            ("/graphql", ErrorKind::Tenant),
            ("https://clarus-api.com/api/orders", ErrorKind::Tenant),
            ("https://clarus-api.com.evil.example/api/orders", ErrorKind::Origin),
        ] {
            let request = Request::post(uri).body(Full::<Bytes>::default()).unwrap();
            let error = client.clone().oneshot(request).await.unwrap_err();
            assert_eq!(Error::find(&*error).unwrap().kind(), kind, "{uri}");
        }
    }

    #[test]
    fn has_no_cache_for_a_given_token() {
        let token = StaticToken::bearer("swordfish".into()).unwrap();
        let config = Config::per_request(token).with_trust(trust());
        assert!(Client::<Full<Bytes>>::new(&config).unwrap().tokens().is_none());
    }
}
