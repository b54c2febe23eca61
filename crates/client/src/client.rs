//! The pooled client and its builder.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use claviger_auth_core::{BoxError, Origin, PublishIdentity, Thumbprint};
use claviger_mtls::Tls;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    connections::Watch,
    failure,
    polled::Polled,
    pools::{Pools, Settings},
    proxy::Proxies,
};

/// Sends requests over pooled connections, HTTP/2 where the server speaks it.
///
/// A clone is cheap and shares the pool. The type parameter is the body of requests: anything that is
/// [`Body`] and `Send + Unpin + 'static`, with data that is `Send` and an error that goes into a
/// [`BoxError`], such as `http_body_util::Full<Bytes>`.
///
/// Requests that come while there is no connection to an origin share one attempt to connect and, over HTTP/2, the
/// connection; what the attempt fails with is told to all of them.
///
/// After [`Tls::replace_identity`], the next request goes over a connection with the new identity, and no request
/// over one with the old; those under way end as they are.
///
/// The service's error holds a [`claviger_auth_core::Error`]. Requests want a tokio runtime with I/O and time
/// enabled, as hyper-util does.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use claviger_auth_core::PublishIdentity;
/// use claviger_client::Client;
/// use http_body_util::Full;
///
/// # let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
/// # let key = rcgen::KeyPair::generate()?;
/// # let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
/// # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
/// # let ca = parameters.self_signed(&key)?.pem();
/// # let trust = claviger_mtls::Trust::given([ca.as_bytes()])?;
/// # let tls = claviger_mtls::Tls::builder(trust).with_crypto_provider(provider).build()?;
/// let client: Client<Full<Bytes>> = Client::builder(tls).build();
/// assert_eq!(client.thumbprint(), None); // no identity was given
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client<B> {
    pools: Arc<Pools<B>>,
}

impl<B> Client<B> {
    /// Starts from what connections are made with.
    #[must_use]
    pub fn builder(tls: Tls) -> ClientBuilder<B> {
        let settings = Settings {
            tls,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            loopback_http: false,
            proxies: None,
        };
        ClientBuilder { settings, body: PhantomData }
    }
}

impl<B> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self { pools: Arc::clone(&self.pools) }
    }
}

impl<B> fmt::Debug for Client<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("tls", &self.pools.settings().tls).finish_non_exhaustive()
    }
}

impl<B: Send> PublishIdentity for Client<B> {
    fn thumbprint(&self) -> Option<Thumbprint> {
        self.pools.settings().tls.thumbprint()
    }
}

impl<B> Service<Request<B>> for Client<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // The pool takes as many requests as come.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let uri = request.uri();
        let origin =
            if self.pools.settings().loopback_http { Origin::of_with_loopback(uri) } else { Origin::of(uri) };
        let state = match origin {
            Err(error) => State::Refused { error: Some(error.into()) },
            Ok(origin) => {
                let pool = self.pools.current();
                let watch = pool.connections.watch(origin);
                State::Sending { response: pool.client.request(request), watch }
            }
        };
        ResponseFuture { state }
    }
}

pin_project! {
    /// The future of [`Client`].
    pub struct ResponseFuture {
        #[pin]
        state: State,
    }
}

pin_project! {
    #[project = StateProj]
    enum State {
        // The request goes where this client does not; it is not sent.
        Refused { error: Option<BoxError> },
        // Waiting for the head of the response.
        Sending { #[pin] response: legacy::ResponseFuture, watch: Watch },
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<Incoming>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Refused { error } => {
                Poll::Ready(Err(error.take().expect("a future is not polled after it is done")))
            }
            StateProj::Sending { response, watch } => {
                let _polled = Polled::enter(watch.moment());
                response.poll(cx).map_err(|error| failure::of_request(error, watch).into())
            }
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Collects what a [`Client`] is made of.
pub struct ClientBuilder<B> {
    settings: Settings,
    body: PhantomData<fn(B)>,
}

impl<B> ClientBuilder<B> {
    /// Sets how long name resolution, TCP and TLS may take together. The default is 10 s.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// Sets how long an unused connection is kept. The default is 90 s.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.idle_timeout = timeout;
        self
    }

    /// Lets plain `http` pass to `localhost`, `127.0.0.0/8` and `[::1]`, as tests and side-cars need it.
    #[must_use]
    pub fn with_loopback_http(mut self) -> Self {
        self.settings.loopback_http = true;
        self
    }

    /// Connects through a proxy where `proxies` says so. The default is to connect straight.
    #[must_use]
    pub fn with_proxies(mut self, proxies: impl Into<Option<Proxies>>) -> Self {
        self.settings.proxies = proxies.into();
        self
    }

    /// Puts the client together. It connects when the first request comes.
    #[must_use]
    pub fn build(self) -> Client<B>
    where
        B: Body + Send,
        B::Data: Send,
    {
        Client { pools: Arc::new(Pools::new(self.settings)) }
    }
}

impl<B> fmt::Debug for ClientBuilder<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("settings", &self.settings).finish()
    }
}

#[cfg(test)]
mod tests;
