//! The TLS listener: one handshake per task, so that a client that hangs holds up nobody but itself.

use std::error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use crate::authority::{Authority, Identity, thumbprint};
use crate::error::Error;
use crate::provider::Provider;

/// Tells what the handshake said about the other side of a connection.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Peer {
    /// Names the subject of the client certificate, if there was one.
    pub name: Option<String>,
    /// Tells whether the TLS session was resumed.
    pub resumed: bool,
    /// Gives the SHA-256 of the client certificate in lower-case hex, if there was one.
    pub thumbprint: Option<String>,
}

/// Marks an answer that is never sent: the connection is closed in its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HangUp;

impl fmt::Display for HangUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hung up on purpose")
    }
}

impl error::Error for HangUp {}

/// Serves one provider until it is dropped or stopped.
#[derive(Debug)]
pub struct Server {
    stop: watch::Sender<()>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Opens a port on loopback, and on nothing else; tells which.
    ///
    /// # Errors
    ///
    /// If the address is not loopback, or is taken.
    pub async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
        if !listen.ip().is_loopback() {
            return Err(Error::not_loopback(listen));
        }
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|error| Error::new(format!("could not listen on {listen}"), error))?;
        let address = listener.local_addr().map_err(|error| Error::new("could not learn the port", error))?;
        Ok((listener, address))
    }

    /// Serves `router` over TLS 1.2 and 1.3, as h2 and http/1.1. With `clients` it lets in only who has a certificate
    /// of theirs, and asks nobody for one without. Who fails in the handshake is in the journal of `provider`.
    ///
    /// # Errors
    ///
    /// If TLS refuses the certificates.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn start(
        listener: TcpListener,
        identity: &Identity,
        clients: Option<Arc<Authority>>,
        router: Router,
        provider: Provider,
    ) -> Result<Self, Error> {
        let config = config(identity, clients.as_deref())?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (stop, stopped) = watch::channel(());
        let listening = Listening { acceptor, clients, router, provider };
        let accepting = tokio::spawn(accept(listener, Arc::new(listening), stopped));
        Ok(Self { stop, accepting })
    }

    /// Stops accepting. The task ends when what is under way has, or when two seconds are over.
    pub fn stop(self) -> JoinHandle<()> {
        drop(self.stop);
        self.accepting
    }
}

fn config(identity: &Identity, clients: Option<&Authority>) -> Result<ServerConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = match clients {
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.certificate()).map_err(refused)?;
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(refused)?
        }
        None => WebPkiClientVerifier::no_client_auth(),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(refused)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![identity.certificate()], identity.private_key())
        .map_err(refused)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

struct Listening {
    acceptor: TlsAcceptor,
    clients: Option<Arc<Authority>>,
    router: Router,
    provider: Provider,
}

async fn accept(listener: TcpListener, listening: Arc<Listening>, mut stopped: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    connections.spawn(connection(tcp, Arc::clone(&listening), stopped.clone()));
                }
                // Out of file descriptors, most likely: others may close theirs meanwhile.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    // Who has not ended by then is cut off as the set is dropped.
    let _ = timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
}

async fn connection(tcp: TcpStream, listening: Arc<Listening>, mut stopped: watch::Receiver<()>) {
    // Without it small answers wait for an acknowledgement; that it may fail is no harm.
    let _ = tcp.set_nodelay(true);
    let handshake = timeout(HANDSHAKE, listening.acceptor.accept(tcp).into_fallible());
    let handshaken = tokio::select! {
        _ = stopped.changed() => return,
        handshaken = handshake => handshaken,
    };
    let journal = listening.provider.journal();
    match handshaken {
        Ok(Ok(tls)) => {
            let peer = peer(&tls, listening.clients.as_deref());
            serve(tls, peer, listening.router.clone(), stopped).await;
        }
        Ok(Err((error, tcp))) => {
            journal.handshake_failed(error.to_string());
            let _ = timeout(GRACE, close(tcp)).await;
        }
        Err(_) => journal.handshake_failed("the client said nothing in time".to_owned()),
    }
}

/// Ends a connection whose alert is already sent. To close with unread data would reset it, and the client would
/// lose the alert: so what still comes is read to its end.
async fn close(mut tcp: TcpStream) -> io::Result<()> {
    tcp.shutdown().await?;
    let mut rest = [0_u8; 1024];
    while tcp.read(&mut rest).await? > 0 {}
    Ok(())
}

fn peer(tls: &TlsStream<TcpStream>, clients: Option<&Authority>) -> Peer {
    let (_, session) = tls.get_ref();
    let thumbprint = session
        .peer_certificates()
        .and_then(|chain| chain.first())
        .map(|certificate| thumbprint(certificate));
    Peer {
        name: clients
            .zip(thumbprint.as_deref())
            .and_then(|(clients, thumbprint)| clients.name_of(thumbprint)),
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        thumbprint,
    }
}

async fn serve(tls: TlsStream<TcpStream>, peer: Peer, router: Router, mut stopped: watch::Receiver<()>) {
    let hang_up = Arc::new(Notify::new());
    let notify = Arc::clone(&hang_up);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let answer = router.clone().oneshot(request.map(Body::new));
        let notify = Arc::clone(&notify);
        async move {
            let Ok(answer) = answer.await;
            if answer.extensions().get::<HangUp>().is_none() {
                return Ok(answer);
            }
            // The error ends an HTTP/1 connection, but only one stream of an HTTP/2 connection.
            notify.notify_one();
            Err(HangUp)
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // A thousand requests may be held, or given up, on one connection: that is what tests do.
    builder.http2().max_concurrent_streams(STREAMS).max_pending_accept_reset_streams(STREAMS as usize);
    let connection = builder.serve_connection(TokioIo::new(tls), service);
    tokio::pin!(connection);
    // How a connection ends is its client's business; what it asked is in the journal.
    tokio::select! {
        biased;
        () = hang_up.notified() => {}
        _ = connection.as_mut() => {}
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

fn refused(error: impl error::Error + Send + Sync + 'static) -> Error {
    Error::new("could not set up TLS", error)
}

const GRACE: Duration = Duration::from_secs(2);
const HANDSHAKE: Duration = Duration::from_secs(10);
const STREAMS: u32 = 20_000;
