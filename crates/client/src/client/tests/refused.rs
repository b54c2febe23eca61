//! Connections that end before they take a request. Nothing races: the server is in the stream, and what it ends
//! with is there as soon as the client's last handshake message is; the connection's task finds it at once.

use std::{collections::VecDeque, future, io, sync::Mutex, task::Waker};

use claviger_mtls::{MtlsConnector, MtlsLayer};
use http::Uri;
use hyper::rt::{Executor, Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use rustls::ServerConnection;
use tower_layer::Layer;

use super::*;
use crate::{connections::Connections, joined::Joined};

const ORIGIN: &str = "https://localhost";

/// How the server ends a connection.
#[derive(Clone, Copy)]
enum End {
    /// It demands a client certificate.
    Alert,
    /// It has enough, and says goodbye.
    Close,
}

/// Makes the connections: one of each configuration.
#[derive(Clone)]
struct Wires(Arc<Mutex<VecDeque<ServerConfig>>>);

impl Service<Uri> for Wires {
    type Response = Wire;
    type Error = BoxError;
    type Future = future::Ready<Result<Wire, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let config = self.0.lock().unwrap().pop_front().expect("no more connections than were foreseen");
        let server = ServerConnection::new(Arc::new(config)).unwrap();
        future::ready(Ok(Wire { server, reader: None, ended: false }))
    }
}

/// A connection and the server at its other end.
struct Wire {
    server: ServerConnection,
    reader: Option<Waker>,
    ended: bool,
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.server.wants_write() {
            let mut bytes = vec![0; buffer.remaining()];
            let mut free = &mut *bytes;
            let written = self.server.write_tls(&mut free)?;
            buffer.put_slice(&bytes[..written]);
        } else if !self.ended {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut unread = bytes;
        while !self.ended && !unread.is_empty() {
            self.server.read_tls(&mut unread)?;
            self.ended = self.server.process_new_packets().is_err();
            if !self.ended && !self.server.is_handshaking() {
                self.server.send_close_notify();
                self.ended = true;
            }
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// Runs each task at once up to where it waits, as another thread may, and before it the request that is to wait
/// for the connection.
#[derive(Clone, Default)]
struct Eager(Arc<Mutex<Option<legacy::ResponseFuture>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Eager {
    fn execute(&self, future: F) {
        let mut cx = Context::from_waker(Waker::noop());
        if let Some(waiting) = self.0.lock().unwrap().as_mut() {
            let _polled = Polled::enter(Connections::default().watch(origin()).moment());
            assert!(Pin::new(waiting).poll(&mut cx).is_pending());
        }
        let mut future = Box::pin(future);
        if future.as_mut().poll(&mut cx).is_pending() {
            tokio::spawn(future);
        }
    }
}

/// A client of a server within reach of the test alone.
struct Scene {
    inner: legacy::Client<Joined<MtlsConnector<Wires>>, Full<Bytes>>,
    connections: Connections,
    executor: Eager,
}

impl Scene {
    /// The connections end like this, one after the other.
    fn new(ends: impl IntoIterator<Item = End>) -> Self {
        let stage = Stage::new(&TLS13, HTTP_2);
        let configs = ends.into_iter().map(|end| match end {
            End::Alert => stage.demanding(),
            End::Close => stage.lenient(),
        });
        let wires = Wires(Arc::new(Mutex::new(configs.collect())));
        let connector = MtlsLayer::new(stage.tls().build().unwrap()).layer(wires);
        let connections = Connections::default();
        let connector = Joined::new(connector, connections.clone());
        let executor = Eager::default();
        let inner = legacy::Client::builder(executor.clone()).build(connector);
        Self { inner, connections, executor }
    }

    fn watch(&self) -> Watch {
        self.connections.watch(origin())
    }

    fn send(&self) -> legacy::ResponseFuture {
        self.inner.request(request(ORIGIN))
    }

    /// Sends two requests: one that fails, and one that waited for its connection.
    async fn send_two(&self) -> (legacy::Error, legacy::ResponseFuture) {
        *self.executor.0.lock().unwrap() = Some(self.send());
        let first = self.raw(self.send()).await;
        (first, self.executor.0.lock().unwrap().take().unwrap())
    }

    /// Returns what the pool says by itself.
    async fn raw(&self, mut response: legacy::ResponseFuture) -> legacy::Error {
        let result = future::poll_fn(|cx| {
            let _polled = Polled::enter(self.watch().moment());
            Pin::new(&mut response).poll(cx)
        });
        result.await.expect_err("no connection takes a request")
    }

    async fn refusal(&self) -> Error {
        told(self.send(), self.watch()).await
    }
}

async fn told(response: legacy::ResponseFuture, watch: Watch) -> Error {
    let state = State::Sending { response, watch };
    let error = ResponseFuture { state }.await.expect_err("no connection takes a request");
    Error::find(&*error).unwrap().clone()
}

fn origin() -> Origin {
    Origin::of(&Uri::from_static(ORIGIN)).unwrap()
}

fn is_about_the_certificate(error: &Error) -> bool {
    error.kind() == ErrorKind::ClientCertificate
        && error.to_string().starts_with("the server demands a client certificate")
}

#[tokio::test]
async fn a_refusal_is_told_that_comes_before_the_first_request() {
    let error = Scene::new([End::Alert]).refusal().await;
    assert!(is_about_the_certificate(&error), "{error:?}");
}

#[tokio::test]
async fn a_refusal_is_told_to_those_who_waited_for_the_connection() {
    let scene = Scene::new([End::Alert]);
    let watch = scene.watch();
    let (_, waiting) = scene.send_two().await;
    let error = told(waiting, watch).await;
    assert!(is_about_the_certificate(&error), "{error:?}");
}

/// The day that this fails, `Connections` may have become needless.
#[tokio::test]
async fn the_pool_itself_does_not_tell_a_refusal() {
    let scene = Scene::new([End::Alert]);
    let (first, waiting) = scene.send_two().await;
    let second = scene.raw(waiting).await;
    for cause in [&first, &second] {
        assert!(cause.connect_info().is_none() && Error::find(cause).is_none(), "{cause:?}");
    }
    assert!(!first.is_connect(), "its own connection was closed: {first:?}");
    assert!(second.is_connect(), "it waited for the first one's: {second:?}");
}

#[tokio::test]
async fn a_lost_connection_is_told_as_such_after_a_refusal() {
    let scene = Scene::new([End::Alert, End::Close, End::Alert]);
    assert!(is_about_the_certificate(&scene.refusal().await));
    let error = scene.refusal().await;
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert_eq!(error.to_string(), "the connection to the server was lost (https://localhost)");
    assert!(is_about_the_certificate(&scene.refusal().await));
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_told_as_such_during_a_refusal() {
    let scene = Scene::new([End::Alert]);
    let watch = scene.watch();
    assert!(is_about_the_certificate(&scene.refusal().await));
    let mut request = request(ORIGIN);
    *request.version_mut() = Version::HTTP_3;
    let error = told(scene.inner.request(request), watch).await;
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
}
