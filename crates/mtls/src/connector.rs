//! Makes TLS connections over any TCP connector.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use claviger_auth_core::{BoxError, Error, Origin};
use http::{Uri, uri::Scheme};
use hyper::rt;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::Connection;
use rustls::ClientConfig;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    Handshake, MtlsStream, Tls,
    demand::Watched,
    failure::{self, Peer},
};

/// Applies [`MtlsConnector`] to a TCP connector.
#[derive(Clone, Debug)]
pub struct MtlsLayer {
    tls: Tls,
    loopback_http: bool,
    offer: Offer,
}

/// Which protocols a handshake offers (ALPN).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Offer {
    OfTls,
    Http2,
    Nothing,
}

impl MtlsLayer {
    /// Makes connections with `tls`, to `https` URIs only.
    #[must_use]
    pub fn new(tls: Tls) -> Self {
        Self { tls, loopback_http: false, offer: Offer::OfTls }
    }

    /// Lets plain `http` pass to `localhost`, `127.0.0.0/8` and `[::1]`, as tests and side-cars need it.
    #[must_use]
    pub fn with_loopback_http(mut self) -> Self {
        self.loopback_http = true;
        self
    }

    /// Offers HTTP/2 alone, whatever `tls` offers, and refuses a server that does not take it.
    ///
    /// It is for callers that speak nothing else, as gRPC does. Over plain `http` nothing is negotiated.
    #[must_use]
    pub fn with_http2_only(mut self) -> Self {
        self.offer = Offer::Http2;
        self
    }

    /// Offers no protocol, whatever `tls` offers: for what is not HTTP, such as MQTT.
    ///
    /// A server that knows none of the protocols that it is offered breaks the handshake off (RFC 7301 §3.2).
    #[must_use]
    pub fn with_no_protocol(mut self) -> Self {
        self.offer = Offer::Nothing;
        self
    }
}

impl<C> Layer<C> for MtlsLayer {
    type Service = MtlsConnector<C>;

    fn layer(&self, inner: C) -> Self::Service {
        MtlsConnector { tls: self.tls.clone(), loopback_http: self.loopback_http, offer: self.offer, inner }
    }
}

/// Makes TLS connections over the TCP connections of `C`, and presents the identity that is current then.
///
/// `C` is hyper-util's `HttpConnector` with `enforce_http(false)`, or anything that makes byte streams for a
/// URI. The service's error holds a [`claviger_auth_core::Error`].
///
/// Whichever `https` server asks is shown the identity: its certificate, and a signature, but never the key.
/// TLS has no audience as tokens have; so use a client with an identity for its provider's origins alone.
/// Requests to others, as `ForeignOrigin::PassWithout` lets them pass, go without the token but show the
/// certificate.
#[derive(Clone, Debug)]
pub struct MtlsConnector<C> {
    tls: Tls,
    loopback_http: bool,
    offer: Offer,
    inner: C,
}

impl<C> Service<Uri> for MtlsConnector<C>
where
    C: Service<Uri> + Clone,
    C::Response: Connection + rt::Read + rt::Write + Send + Unpin + 'static,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = MtlsStream<C::Response>;
    type Error = BoxError;
    // Connections are few; and hyper-util wants the future `Unpin`.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(|error| failure::tcp(error.into(), None).into())
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let allowed = if self.loopback_http { Origin::of_with_loopback(&uri) } else { Origin::of(&uri) };
        if let Err(error) = allowed {
            return Box::pin(async move { Err(error.into()) });
        }
        let peer = Peer::new(&uri, self.tls.identity().is_some());
        // The connector that was polled ready makes this connection; its clone stays here.
        let clone = self.inner.clone();
        let tcp = Tcp { inner: std::mem::replace(&mut self.inner, clone), address: peer.address() };
        let mut https = HttpsConnector::from((tcp, self.client_config()));
        if uri.scheme() != Some(&Scheme::HTTP) {
            https.enforce_https();
        }
        let handshake = Watched::new(https.call(uri));
        let http2_only = self.offer == Offer::Http2;
        Box::pin(async move {
            let (result, asked) = handshake.await;
            let peer = peer.with_asked(asked);
            match result {
                Ok(stream) => {
                    let connection = match &stream {
                        MaybeHttpsStream::Https(tls) => Some(tls.inner().get_ref().1),
                        MaybeHttpsStream::Http(_) => None,
                    };
                    if http2_only && connection.is_some_and(|it| it.alpn_protocol() != Some(H2)) {
                        return Err(failure::not_http2(&peer).into());
                    }
                    let peer = peer.with_version(connection.and_then(|it| it.protocol_version()));
                    let seen = connection.map(|connection| Handshake::of(connection, asked));
                    Ok(MtlsStream::new(stream, peer, seen))
                }
                Err(error) => Err(failure::handshake(error, &peer).into()),
            }
        })
    }
}

impl<C> MtlsConnector<C> {
    fn client_config(&self) -> Arc<ClientConfig> {
        let mut config = self.tls.client_config();
        // A copy shares all that costs anything: sessions, verifier, the identity.
        match self.offer {
            Offer::OfTls => {}
            Offer::Http2 => Arc::make_mut(&mut config).alpn_protocols = vec![H2.to_vec()],
            Offer::Nothing => Arc::make_mut(&mut config).alpn_protocols.clear(),
        }
        config
    }
}

/// The name of HTTP/2 over TLS (RFC 9113 §3.1).
const H2: &[u8] = b"h2";

/// Marks the errors of the TCP connector as such, before TLS errors join them.
struct Tcp<C> {
    inner: C,
    address: Arc<str>,
}

impl<C> Service<Uri> for Tcp<C>
where
    C: Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
    C::Response: 'static,
{
    type Response = C::Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx).map_err(|error| failure::tcp(error.into(), Some(&self.address)))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, address) = (self.inner.call(uri), Arc::clone(&self.address));
        Box::pin(async move { connecting.await.map_err(|error| failure::tcp(error.into(), Some(&address))) })
    }
}

#[cfg(test)]
mod tests;
