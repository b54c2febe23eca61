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

use crate::proxy::{self, Proxies};

/// Gives up a connection that takes too long.
///
/// The connector's own timeout ends with TCP: a port that accepts and never speaks would hold a request for
/// ever.
#[derive(Clone, Debug)]
pub(crate) struct Deadline<C> {
    inner: C,
    timeout: Duration,
    proxies: Option<Proxies>,
}

impl<C> Deadline<C> {
    /// Names the proxy that it waited for, if there was one.
    pub(crate) fn new(inner: C, timeout: Duration, proxies: Option<Proxies>) -> Self {
        Self { inner, timeout, proxies }
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
        let (subject, advice) = match self.proxies.as_ref().and_then(|proxies| proxies.proxy_for(&uri)) {
            Some(proxy) => (format!("proxy {proxy}, for {address}"), proxy::CHECK),
            None => (address, "check the host name, the port and the network"),
        };
        let sleep = TokioTimer::new().sleep(self.timeout);
        Connecting { inner: self.inner.call(uri), sleep, subject, advice }
    }
}

pin_project! {
    /// The future of [`Deadline`].
    pub(crate) struct Connecting<F> {
        #[pin]
        inner: F,
        sleep: Pin<Box<dyn Sleep>>,
        subject: String,
        advice: &'static str,
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
                .with_subject(this.subject.as_str())
                .with_advice(this.advice)
                .into())
        })
    }
}
