//! The client of the measurements end to end: hyper-util's pool over TLS 1.3.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{TryFutureExt, future::MapErr};
use http::Request;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, Error, ResponseFuture, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use tower::{BoxError, Service};

use crate::noop::Body;

/// The two versions of HTTP that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.1, a connection per request that is under way.
    Http1,
    /// HTTP/2, one connection.
    Http2,
}

/// A pooled client.
#[derive(Clone)]
pub struct Pooled(Client<HttpsConnector<HttpConnector>, Body>);

impl Pooled {
    /// Trusts this certificate and no other.
    pub fn new(certificate: CertificateDer<'static>, version: Version) -> Result<Self, BoxError> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only();
        let connector = match version {
            Version::Http1 => connector.enable_http1().build(),
            Version::Http2 => connector.enable_http2().build(),
        };
        let mut client = Client::builder(TokioExecutor::new());
        client.timer(TokioTimer::new()).http2_only(version == Version::Http2);
        Ok(Self(client.build(connector)))
    }
}

impl Service<Request<Body>> for Pooled {
    type Response = http::Response<Incoming>;
    type Error = BoxError;
    type Future = MapErr<ResponseFuture, fn(Error) -> BoxError>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.request(request).map_err(Into::into)
    }
}
