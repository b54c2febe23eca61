//! Channels whose connections show the client certificate.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use claviger_auth_core::{BoxError, Error, ErrorKind, Origin};
use claviger_mtls::{MtlsConnector, MtlsLayer, MtlsStream, Tls};
use http::{Uri, uri::Scheme};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use tonic::transport::{Channel, Endpoint};
use tower_layer::Layer;
use tower_service::Service;

/// Makes a channel to the origin of an `https` URL, over connections that are made with `tls`.
///
/// `customize` sets what else is to be set of tonic's [`Endpoint`]: time limits, keep-alive, window sizes. The
/// channel connects when the first call comes, and speaks HTTP/2 alone.
///
/// A connection keeps the client certificate that it was made with: after
/// [`Tls::replace_identity`](claviger_mtls::Tls::replace_identity) make a new channel, and drop the old one once
/// its calls have ended.
///
/// # Errors
///
/// [`Configuration`](ErrorKind::Configuration) if it is no absolute `https` URL, or names a user. What goes wrong with
/// a connection is told by the call, where [`Error::find`] finds it in the sources of tonic's `Status`.
///
/// # Panics
///
/// Outside of a tokio runtime, as tonic does.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = rcgen::KeyPair::generate()?;
/// # let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
/// # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
/// # let ca = parameters.self_signed(&key)?.pem();
/// # let tls = claviger_mtls::Tls::builder(claviger_mtls::Trust::given([ca.as_bytes()])?).build()?;
/// let channel = claviger_tonic::channel(tls.clone(), "https://api.example", |endpoint| {
///     endpoint.connect_timeout(Duration::from_secs(10))
/// })?;
/// assert!(claviger_tonic::channel(tls, "http://api.example", |endpoint| endpoint).is_err());
/// # Ok(())
/// # }
/// ```
pub fn channel(tls: Tls, url: &str, customize: impl FnOnce(Endpoint) -> Endpoint) -> Result<Channel, Error> {
    let origin = Origin::https(url)?.to_string();
    let malformed = |_| Error::new(ErrorKind::Configuration, "this is not a URL");
    let origin: Uri = origin.parse().map_err(malformed)?;
    // tonic refuses an https endpoint over a connector of one's own if any crate has turned its TLS on, and knows
    // of no TLS if none has. Over plain http it asks nothing; the connector below turns it into https again.
    let plain = with_scheme(origin.clone(), Scheme::HTTP)?;
    let endpoint = customize(Endpoint::from(plain)).origin(origin);
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    Ok(endpoint.connect_with_connector_lazy(Secure { inner: MtlsLayer::new(tls).layer(tcp) }))
}

fn with_scheme(uri: Uri, scheme: Scheme) -> Result<Uri, Error> {
    let mut parts = uri.into_parts();
    parts.scheme = Some(scheme);
    parts.path_and_query.get_or_insert_with(|| http::uri::PathAndQuery::from_static("/"));
    Uri::from_parts(parts).map_err(|_| Error::new(ErrorKind::Configuration, "this is not a URL"))
}

/// Makes an `https` connection of what tonic takes for `http`.
#[derive(Clone)]
struct Secure {
    inner: MtlsConnector<HttpConnector>,
}

type Stream = MtlsStream<<HttpConnector as Service<Uri>>::Response>;

impl Service<Uri> for Secure {
    type Response = Stream;
    type Error = BoxError;
    // Connections are few.
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = with_scheme(uri, Scheme::HTTPS).map(|uri| self.inner.call(uri));
        Box::pin(async move {
            let stream = connecting?.await?;
            if !stream.connected().is_negotiated_h2() {
                return Err(Error::new(
                    ErrorKind::Protocol,
                    "the server does not speak HTTP/2, which gRPC needs",
                )
                .with_advice("look whether the URL is that of the gRPC API, or of a proxy that ends TLS")
                .into());
            }
            Ok(stream)
        })
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").finish_non_exhaustive()
    }
}
