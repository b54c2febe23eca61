//! Whether the server asked for a client certificate.

use std::{
    cell::Cell,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::{SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};

use crate::Tls;

/// Presents the certificate to every server that asks, and notes that it asked.
///
/// TLS has no other place that tells. One is made for each configuration, never swapped inside one: a
/// resumed session would keep the old identity.
#[derive(Debug)]
pub(crate) struct Presenter(Option<Arc<CertifiedKey>>);

impl Presenter {
    pub(crate) fn new(certified: Option<CertifiedKey>) -> Self {
        Self(certified.map(Arc::new))
    }
}

impl ResolvesClientCert for Presenter {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        ASKED.set(true);
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Presents what is current at each handshake, for a configuration that is not swapped. It must not resume
/// sessions: a resumed one has the identity of its first handshake.
#[derive(Debug)]
pub(crate) struct Current(Tls);

impl Current {
    pub(crate) fn new(tls: Tls) -> Self {
        Self(tls)
    }
}

impl ResolvesClientCert for Current {
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.presenter().resolve(authorities, schemes)
    }

    fn has_certs(&self) -> bool {
        self.0.presenter().has_certs()
    }
}

/// Polls a handshake, and tells besides whether it was asked for a client certificate.
///
/// A handshake calls [`Presenter::resolve`] while it is polled, on the same thread; so what was noted
/// during a poll is this handshake's own.
pub(crate) struct Watched<F> {
    handshake: Pin<Box<F>>,
    asked: bool,
}

impl<F: Future> Watched<F> {
    pub(crate) fn new(handshake: F) -> Self {
        Self { handshake: Box::pin(handshake), asked: false }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = (F::Output, bool);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ASKED.set(false);
        let output = self.handshake.as_mut().poll(cx);
        self.asked |= ASKED.replace(false);
        output.map(|output| (output, self.asked))
    }
}

thread_local! {
    static ASKED: Cell<bool> = const { Cell::new(false) };
}
