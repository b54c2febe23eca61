//! A tonic channel over our connector.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, Error, ErrorKind, Origin, Origins};
use claviger_mtls::Tls;
use http::{Request, Response, Uri};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tonic::{
    body::Body,
    transport::{self, Endpoint},
};
use tower_service::Service;

use crate::{
    connections::{Connections, Since},
    connector::Connector,
};

/// Sends calls to one gRPC server, over one HTTP/2 connection at a time.
///
/// It is tonic's own [`Channel`](transport::Channel) over our [`MtlsConnector`](claviger_mtls::MtlsConnector). It
/// connects when the first call comes, and anew when the connection is lost. Clones share the connection.
///
/// # Errors
///
/// As [`BoxError`]. Where [`Error::find`] finds ours in it, or in the [`tonic::Status`] that a client makes of it, it
/// says why there is no connection: [`Connect`](ErrorKind::Connect), [`Tls`](ErrorKind::Tls),
/// [`ClientCertificate`](ErrorKind::ClientCertificate); tonic calls them `UNAVAILABLE`. Or that this is no tokio
/// runtime: [`Runtime`](ErrorKind::Runtime). All others are tonic's.
///
/// # Cancellation
///
/// Dropping the future resets the call's stream; the connection stays.
#[derive(Clone)]
pub struct Channel {
    opening: Arc<Opening>,
    /// Since the first poll. tonic's constructor would spawn a task.
    inner: Option<transport::Channel>,
}

impl Channel {
    /// Sends everything to the origin of an `https` URL, with the defaults of [`ChannelBuilder`].
    ///
    /// # Errors
    ///
    /// As [`ChannelBuilder::build`].
    pub fn new(tls: Tls, url: &str) -> Result<Self, Error> {
        Self::builder(tls, url).build()
    }

    /// Begins a channel with settings of its own. Of the URL the origin counts; gRPC has its own paths.
    pub fn builder(tls: Tls, url: &str) -> ChannelBuilder {
        // Of this endpoint the settings alone are taken; the URL is looked at by `build`.
        let endpoint = Endpoint::from(Uri::default()).connect_timeout(CONNECT_TIMEOUT);
        ChannelBuilder { tls, url: url.into(), loopback_http: false, endpoint }
    }

    /// Returns where it sends everything, for the layers around it: relative URIs, as tonic makes them, included.
    #[must_use]
    pub fn origins(&self) -> Origins {
        Origins::bound_to(self.opening.origin.clone())
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("origin", &self.opening.origin).finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for Channel
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = ChannelFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let inner = match &mut self.inner {
            Some(inner) => inner,
            none => none.insert(self.opening.open()?),
        };
        inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = self.inner.as_mut().expect("a service is polled ready before it is called");
        let connections = self.opening.connector.connections().clone();
        // tonic's own body stays what it is.
        ChannelFuture { since: connections.now(), inner: inner.call(request.map(Body::new)), connections }
    }
}

pin_project! {
    /// The future of [`Channel`].
    #[derive(Debug)]
    pub struct ChannelFuture {
        #[pin]
        inner: <transport::Channel as Service<Request<Body>>>::Future,
        connections: Connections,
        since: Since,
    }
}

impl Future for ChannelFuture {
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.inner.poll(cx).map_err(|error| this.connections.explain(error.into(), *this.since))
    }
}

/// Sets up a [`Channel`].
#[must_use = "a builder does nothing until it is built"]
pub struct ChannelBuilder {
    tls: Tls,
    url: Box<str>,
    loopback_http: bool,
    endpoint: Endpoint,
}

impl ChannelBuilder {
    /// Lets the URL be plain `http` to `localhost`, `127.0.0.0/8` or `[::1]`, as tests and side-cars need it.
    pub fn with_loopback_http(mut self) -> Self {
        self.loopback_http = true;
        self
    }

    /// Changes the settings of tonic's endpoint: time-outs, keep-alive, limits, windows, the user agent.
    ///
    /// The default is tonic's, but for 10 s to connect, TLS included. What it says of URI, origin, local address and
    /// TLS does not count.
    pub fn with_endpoint(mut self, change: impl FnOnce(Endpoint) -> Endpoint) -> Self {
        self.endpoint = change(self.endpoint);
        self
    }

    /// Builds the channel. Nothing is connected or spawned.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the URL is not `https`, names a user, or is none.
    pub fn build(self) -> Result<Channel, Error> {
        let origin =
            if self.loopback_http { Origin::loopback_http(&self.url) } else { Origin::https(&self.url) }?;
        // An origin is a URI without its path.
        let uri: Uri = origin.to_string().parse().expect("an origin is a URI");
        let mut layer = claviger_mtls::MtlsLayer::new(self.tls).with_http2_only();
        if self.loopback_http {
            layer = layer.with_loopback_http();
        }
        let endpoint = self.endpoint.origin(uri.clone());
        let connector = Connector::new(&layer, uri, &endpoint);
        let opening = Opening { origin, endpoint, connector, channel: OnceLock::new() };
        Ok(Channel { opening: Arc::new(opening), inner: None })
    }
}

impl fmt::Debug for ChannelBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: a password may stand in it.
        f.debug_struct("ChannelBuilder")
            .field("tls", &self.tls)
            .field("loopback_http", &self.loopback_http)
            .finish_non_exhaustive()
    }
}

/// What the channel is made of when it is first polled, once for all clones.
struct Opening {
    origin: Origin,
    endpoint: Endpoint,
    connector: Connector,
    channel: OnceLock<transport::Channel>,
}

impl Opening {
    fn open(&self) -> Result<transport::Channel, Error> {
        Handle::try_current()
            .map_err(|_| Error::new(ErrorKind::Runtime, "calls can only be sent on a tokio runtime"))?;
        // Not tonic's `connect_with_connector_lazy`: with a TLS feature of tonic's turned on, be it by somebody else,
        // that puts tonic's TLS on top of the connector's for an https endpoint, or refuses it.
        let open = || transport::Channel::new(self.connector.clone(), self.endpoint.clone());
        Ok(self.channel.get_or_init(open).clone())
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
