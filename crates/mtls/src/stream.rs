//! A connection whose errors are in words.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use claviger_auth_core::Error;
use hyper::rt;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::{
    Handshake,
    failure::{self, Peer},
};

/// Carries HTTP over TLS, and says what went wrong where the server only sent an alert.
///
/// In TLS 1.3 a client is done with the handshake before the server has looked at its certificate: a refusal
/// comes in answer to the first read. It is an [`io::Error`] of the same kind as before, with a
/// [`claviger_auth_core::Error`] inside.
pub struct MtlsStream<T> {
    inner: MaybeHttpsStream<T>,
    peer: Peer,
    answered: bool,
    report: ConnectionReport,
}

impl<T> MtlsStream<T> {
    pub(crate) fn new(inner: MaybeHttpsStream<T>, peer: Peer, handshake: Option<Handshake>) -> Self {
        Self { inner, peer, answered: false, report: ConnectionReport::new(handshake) }
    }

    fn say(&self, error: io::Error) -> io::Error {
        match self.inner {
            MaybeHttpsStream::Https(_) => {
                let error = failure::stream(error, &self.peer, self.answered);
                self.report.keep(&error);
                error
            }
            MaybeHttpsStream::Http(_) => error,
        }
    }
}

impl<T> fmt::Debug for MtlsStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtlsStream").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl<T: rt::Read + rt::Write + Connection + Unpin> Connection for MtlsStream<T> {
    fn connected(&self) -> Connected {
        self.inner.connected().extra(self.report.clone())
    }
}

/// Tells how a connection began, and what it failed with, for those who get no source along with their error.
///
/// An HTTP/2 connection keeps only the kind and the text of an [`io::Error`]. This stands in the extras of
/// [`Connected`], and so in the extensions of responses, and behind `connect_info` of hyper-util's error.
#[derive(Clone, Debug, Default)]
pub struct ConnectionReport(Arc<Report>);

#[derive(Debug, Default)]
struct Report {
    handshake: Option<Handshake>,
    failure: OnceLock<Error>,
}

impl ConnectionReport {
    fn new(handshake: Option<Handshake>) -> Self {
        Self(Arc::new(Report { handshake, failure: OnceLock::new() }))
    }

    /// Returns how its handshake went; none for plain HTTP.
    #[must_use]
    pub fn handshake(&self) -> Option<&Handshake> {
        self.0.handshake.as_ref()
    }

    /// Returns what the connection failed with; none as long as it is well.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.0.failure.get()
    }

    /// Returns whether this is all that is left of the connection: what [`error`](Self::error) says is final.
    #[must_use]
    pub fn is_detached(&mut self) -> bool {
        // Not `strong_count`: that does not see to it that what the other holders did is visible here.
        Arc::get_mut(&mut self.0).is_some()
    }

    fn keep(&self, error: &io::Error) {
        if let Some(error) = Error::find(error) {
            // The first one is the cause of the others.
            self.0.failure.get_or_init(|| error.clone());
        }
    }
}

impl<T: rt::Read + rt::Write + Unpin> rt::Read for MtlsStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.answered |= matches!(result, Poll::Ready(Ok(())));
        result.map_err(|error| self.say(error))
    }
}

impl<T: rt::Read + rt::Write + Unpin> rt::Write for MtlsStream<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes).map_err(|error| self.say(error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx).map_err(|error| self.say(error))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx).map_err(|error| self.say(error))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices).map_err(|error| self.say(error))
    }
}
