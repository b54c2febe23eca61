//! The ready client.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, CredentialSource, Error, PublishIdentity, Thumbprint, TokenCache};
use claviger_mtls::Tls;
use claviger_oauth_cc::ClientCredentials;
use http::Request;
use http_body::Body;
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{ClaraLayer, Config, Endpoints, layer::ClaraService};

/// Talks to Clara: certificate, token and tax identifier are put on every request.
///
/// A request's URI may be a path, such as `/api/v3/transactions`, or a whole URL of Clara's; any other is
/// refused. In the test environment `/api/` becomes `/api-test/`, and a URL is refused that is not surely of
/// it (see [`Environment`](crate::Environment)). Clones share connections and tokens.
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
    tls: Tls,
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

    /// Returns what connections are made with, those for tokens included: that of [`Config::tls`].
    ///
    /// [`Tls::replace_identity`] presents another certificate from the next request on. Requests under way end as
    /// they are, and tokens that are bound to the old certificate are replaced. [`Config::rotation`] does it when
    /// files change.
    #[must_use]
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    fn assemble(config: &Config, tls: Tls, layer: ClaraLayer) -> Self {
        let client = claviger_client::Client::builder(tls.clone()).with_proxies(config.proxies()).build();
        Self {
            service: layer.layer(client),
            tls,
            tokens: layer.tokens().cloned(),
            endpoints: config.endpoints().clone(),
        }
    }
}

impl<B> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            tls: self.tls.clone(),
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
        self.tls.thumbprint()
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
    type Future = ResponseFuture<<ClaraService<claviger_client::Client<B>> as Service<Request<B>>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let state = match self.endpoints.resolve(request.uri()) {
            Ok(uri) => {
                *request.uri_mut() = uri;
                State::Calling { future: self.service.call(request) }
            }
            Err(error) => State::Refused { error: Some(error) },
        };
        ResponseFuture { state }
    }
}

pin_project! {
    /// The future of [`Client`].
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        // Waiting for the layers and what is below them.
        Calling { #[pin] future: F },
        // The request goes nowhere.
        Refused { error: Option<Error> },
    }
}

impl<F, T> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Calling { future } => future.poll(cx),
            StateProj::Refused { error } => {
                Poll::Ready(Err(error.take().expect("a future is not polled after it is ready").into()))
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use claviger_auth_core::{ErrorKind, StaticToken};
    use claviger_mtls::{Identity, Trust};
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use tower::ServiceExt;

    use super::*;
    use crate::{Country, Credentials, Environment};

    fn client(environment: Environment) -> Client {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
        let identity = Identity::from_pem([certificate.as_bytes(), key.serialize_pem().as_bytes()]).unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = parameters.self_signed(&key).unwrap().pem();
        let config = Config::new(Country::Mexico, Credentials::new("acme", "swordfish".into(), identity))
            .with_environment(environment)
            .with_trust(Trust::given([ca.as_bytes()]).unwrap())
            // Nobody listens there, so that what cannot connect would have been sent.
            .with_api_url("https://127.0.0.1:1/clara/")
            .unwrap();
        Client::with_credentials(&config, StaticToken::bearer("given".into()).unwrap()).unwrap()
    }

    async fn kind(client: &Client, uri: &str) -> ErrorKind {
        let request = Request::get(uri).body(Full::default()).unwrap();
        let error = client.clone().oneshot(request).await.unwrap_err();
        Error::find(&*error).unwrap().kind()
    }

    #[tokio::test]
    async fn sends_only_what_is_surely_of_the_environment() {
        let (production, test) = (client(Environment::Production), client(Environment::Test));
        for uri in ["/api/v3/cards", "/api-test/v3/cards", "https://127.0.0.1:1/clara/api/v3/cards"] {
            for client in [&production, &test] {
                assert_eq!(kind(client, uri).await, ErrorKind::Connect, "{uri}");
            }
        }
        for uri in
            ["/api/../api/v3/payments", "/%61pi/v3/payments", "https://127.0.0.1:1/clara//api/v3/cards"]
        {
            assert_eq!(kind(&production, uri).await, ErrorKind::Connect, "{uri}");
            assert_eq!(kind(&test, uri).await, ErrorKind::Configuration, "{uri}");
        }
        for uri in ["https://evil.example/api/v3/cards", "http://127.0.0.1:1/clara/api/v3/cards"] {
            for client in [&production, &test] {
                assert_eq!(kind(client, uri).await, ErrorKind::Origin, "{uri}");
            }
        }
    }
}
