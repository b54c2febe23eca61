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

use crate::{ClarifyLayer, ClarifyService, Config, Endpoints};

/// Talks to Clarify: the credential, `X-API-Version` and `Content-Type` are put on every request.
///
/// A request's URI may be a path or a whole URL of Clarify's; any other is refused. A path is put behind the
/// API's URL, unless it begins with the path of that: `rpc`, `/rpc` and `/v1/rpc` are the same. All methods
/// are called at that one. Clones share connections and tokens.
///
/// The body of requests is `Full<Bytes>` unless said otherwise; it must be one that can be cloned, since a
/// request whose token was revoked is sent once more.
///
/// # Timeouts
///
/// There is none on requests here; [`RpcClient`](crate::RpcClient) has one. One of your own should allow for 20 s:
/// Clarify delays calls over its rate limits, up to 15 s, where others would refuse them (Clarify's
/// documentation, API 1.1, "Rate limits").
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the file that Clarify issued, and calls Clarify.
/// use bytes::Bytes;
/// use claviger_clarify::{Client, Config, Credentials};
/// use http_body_util::{BodyExt, Full};
/// use tower::{BoxError, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let config = Config::new(Credentials::from_file("clarify-credentials.json")?);
/// let client = Client::new(&config)?;
/// let call = r#"{"jsonrpc":"2.0","id":1,"method":"clarify.selectItems","params":{"query":{"limit":1}}}"#;
/// let request = http::Request::post("/rpc").body(Full::<Bytes>::from(call))?;
/// let response = client.oneshot(request).await?;
/// let body = response.into_body().collect().await?.to_bytes();
/// # Ok(())
/// # }
/// ```
pub struct Client<B = Full<Bytes>> {
    service: ClarifyService<claviger_client::Client<B>>,
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
    /// Those of [`Config::tls`] and [`ClarifyLayer::new`].
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self::assemble(config, config.tls()?, &ClarifyLayer::new(config, config.transport()?)?))
    }

    /// Puts the client together with credentials of one's own: a cache that several clients share, or one over
    /// a store of tokens (see [`Config::token_source`]).
    ///
    /// # Errors
    ///
    /// Those of [`Config::tls`].
    pub fn with_credentials(config: &Config, source: impl CredentialSource + 'static) -> Result<Self, Error> {
        Ok(Self::assemble(config, config.tls()?, &ClarifyLayer::with_credentials(config, source)))
    }

    fn assemble(config: &Config, tls: Tls, layer: &ClarifyLayer) -> Self {
        let client = claviger_client::Client::builder(tls).with_proxies(config.proxies()).build();
        Self {
            service: layer.layer(client),
            tokens: layer.tokens().cloned(),
            endpoints: config.endpoints().clone(),
        }
    }

    /// Returns the cache of tokens; none for HTTP Basic, or where the credentials are one's own.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
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
    type Response = <ClarifyService<claviger_client::Client<B>> as Service<Request<B>>>::Response;
    type Error = BoxError;
    type Future = <ClarifyService<claviger_client::Client<B>> as Service<Request<B>>>::Future;

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
    use crate::Credentials;

    fn client(credentials: Credentials) -> Client {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        let config = Config::new(credentials)
            .with_trust(Trust::given([ca.as_bytes()]).unwrap())
            // Nobody listens there.
            .with_api_url("https://127.0.0.1:1/v1/")
            .unwrap();
        Client::new(&config).unwrap()
    }

    async fn kind(uri: &str) -> ErrorKind {
        let client = client(Credentials::basic_auth("acme", "swordfish".into()));
        let request = Request::post(uri).body(Full::default()).unwrap();
        let error = client.oneshot(request).await.unwrap_err();
        Error::find(&*error).unwrap().kind()
    }

    #[tokio::test]
    async fn relative_uris_go_to_clarify_and_others_nowhere() {
        for ours in ["rpc", "/rpc", "/v1/rpc", "https://127.0.0.1:1/v1/rpc"] {
            assert_eq!(kind(ours).await, ErrorKind::Connect, "{ours}");
        }
        for other in ["https://evil.example/v1/rpc", "http://127.0.0.1:1/v1/rpc", "evil.example"] {
            assert_eq!(kind(other).await, ErrorKind::Origin, "{other}");
        }
    }

    #[test]
    fn has_tokens_for_oauth_alone() {
        assert!(client(Credentials::client_credentials("i", "acme", "swordfish".into())).tokens().is_some());
        assert!(client(Credentials::basic_auth("acme", "swordfish".into())).tokens().is_none());
    }
}
