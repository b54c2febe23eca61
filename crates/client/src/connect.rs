//! A deadline for making a connection, TLS included.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use claviger_auth_core::{BoxError, Error, ErrorKind};
use http::Uri;
use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;
use pin_project_lite::pin_project;
use tower_service::Service;

/// Gives up a connection that takes too long.
///
/// The connector's own timeout ends with TCP: a port that accepts and never speaks would hold a request for
/// ever.
#[derive(Clone, Debug)]
pub(crate) struct Deadline<C> {
    inner: C,
    timeout: Duration,
}

impl<C> Deadline<C> {
    pub(crate) fn new(inner: C, timeout: Duration) -> Self {
        Self { inner, timeout }
    }
}

impl<C> Service<Uri> for Deadline<C>
where
    C: Service<Uri, Error = BoxError>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Connecting<C::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let address = uri.authority().map(ToString::to_string).unwrap_or_default();
        Connecting { inner: self.inner.call(uri), sleep: TokioTimer::new().sleep(self.timeout), address }
    }
}

pin_project! {
    /// The future of [`Deadline`].
    pub(crate) struct Connecting<F> {
        #[pin]
        inner: F,
        sleep: Pin<Box<dyn Sleep>>,
        address: String,
    }
}

impl<F, T> Future for Connecting<F>
where
    F: Future<Output = Result<T, BoxError>>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(result) = this.inner.poll(cx) {
            return Poll::Ready(result);
        }
        this.sleep.as_mut().poll(cx).map(|()| {
            Err(Error::new(ErrorKind::Connect, "no connection within the time allowed")
                .with_subject(this.address.as_str())
                .with_advice("check the host name, the port and the network")
                .into())
        })
    }
}
