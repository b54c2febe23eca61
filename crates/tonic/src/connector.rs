//! Makes the connections of one channel.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_mtls::{MtlsConnector, MtlsLayer};
use http::Uri;
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use tokio::time;
use tonic::{ConnectError, transport::Endpoint};
use tower_layer::Layer;
use tower_service::Service;

use crate::connections::Connections;

/// Connects to one server, whatever it is asked for: where calls go is said in one place.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    inner: MtlsConnector<HttpConnector>,
    uri: Uri,
    timeout: Option<Duration>,
    connections: Connections,
}

impl Connector {
    /// Takes from the endpoint what tonic tells of its TCP settings.
    pub(crate) fn new(layer: &MtlsLayer, uri: Uri, endpoint: &Endpoint) -> Self {
        let timeout = endpoint.get_connect_timeout();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(endpoint.get_tcp_nodelay());
        tcp.set_keepalive(endpoint.get_tcp_keepalive());
        tcp.set_keepalive_interval(endpoint.get_tcp_keepalive_interval());
        tcp.set_keepalive_retries(endpoint.get_tcp_keepalive_retries());
        // Shared out among the addresses of the host, so that one that is dead does not take it all.
        tcp.set_connect_timeout(timeout);
        Self { inner: layer.layer(tcp), uri, timeout, connections: Connections::default() }
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }
}

impl Service<Uri> for Connector {
    type Response = <MtlsConnector<HttpConnector> as Service<Uri>>::Response;
    // By this tonic knows that the call was not sent.
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(ConnectError)
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connecting = self.inner.call(self.uri.clone());
        let (timeout, uri, connections) = (self.timeout, self.uri.clone(), self.connections.clone());
        Box::pin(async move {
            let connected = match timeout {
                Some(limit) => {
                    time::timeout(limit, connecting).await.unwrap_or_else(|_| Err(late(&uri).into()))
                }
                None => connecting.await,
            };
            let stream = connected.map_err(ConnectError)?;
            connections.remember(&stream.connected());
            Ok(stream)
        })
    }
}

fn late(uri: &Uri) -> Error {
    Error::new(ErrorKind::Connect, "no connection within the time allowed")
        .with_subject(uri.authority().map(ToString::to_string).unwrap_or_default())
        .with_advice("check the host name, the port and the network")
}
