//! Turns what TCP and TLS report into words and advice.

use std::{error, io, sync::Arc};

use claviger_auth_core::{BoxError, Error, ErrorKind};
use http::Uri;
use rustls::ProtocolVersion;

mod words;

/// Whom a connection goes to, and what was shown to it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    address: Arc<str>,
    has_identity: bool,
    asked: bool,
    /// The handshake is done, and the server has accepted what it was shown.
    is_accepted: bool,
}

impl Peer {
    pub(crate) fn new(uri: &Uri, has_identity: bool) -> Self {
        let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let address = format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(default));
        Self { address: address.into(), has_identity, asked: false, is_accepted: false }
    }

    /// Notes whether the server asked for a client certificate.
    pub(crate) fn with_asked(mut self, asked: bool) -> Self {
        self.asked = asked;
        self
    }

    /// Notes the version of a connection that stands.
    ///
    /// In TLS 1.2 the server has the last word of the handshake, after it looked at the certificate; in 1.3 the
    /// client has.
    pub(crate) fn with_version(mut self, version: Option<ProtocolVersion>) -> Self {
        self.is_accepted = self.has_identity && version == Some(ProtocolVersion::TLSv1_2);
        self
    }

    pub(crate) fn address(&self) -> Arc<str> {
        Arc::clone(&self.address)
    }
}

/// Says why there is no TCP connection.
pub(crate) fn tcp(cause: BoxError, address: Option<&str>) -> Error {
    if let Some(error) = Error::find(&*cause) {
        return error.clone();
    }
    let error = words::of_tcp(io_kind(&*cause), &cause.to_string());
    let error = if let Some(address) = address { error.with_subject(address) } else { error };
    error.with_source(cause)
}

/// Says why there is no TLS connection over the TCP connection.
pub(crate) fn handshake(cause: BoxError, peer: &Peer) -> Error {
    if let Some(error) = Error::find(&*cause) {
        return error.clone();
    }
    let error = match find_tls(&*cause) {
        Some(tls) => words::of_tls(tls, peer),
        None if io_kind(&*cause).is_some() => words::of_hang_up(peer).with_source(cause),
        None => Error::new(ErrorKind::Configuration, "the host name cannot stand in a certificate")
            .with_advice("check the host name in the URL")
            .with_source(cause),
    };
    error.with_subject(&*peer.address)
}

/// Says that the server left the offer of HTTP/2 without an answer.
pub(crate) fn not_http2(peer: &Peer) -> Error {
    Error::new(ErrorKind::Tls, "the server does not speak HTTP/2 over TLS")
        .with_subject(&*peer.address)
        .with_advice("check the host name and the port, or have HTTP/2 turned on at the server")
}

/// Says why an open connection failed. The kind of the [`io::Error`] stays what it was.
pub(crate) fn stream(cause: io::Error, peer: &Peer, answered: bool) -> io::Error {
    let (kind, hung_up) = (cause.kind(), HANG_UPS.contains(&cause.kind()));
    let error = match find_tls(&cause) {
        Some(tls) => words::of_tls(tls, peer),
        None if hung_up && !answered => words::of_hang_up(peer).with_source(cause),
        None => return cause,
    };
    io::Error::new(kind, error.with_subject(&*peer.address))
}

fn find_tls<'a>(error: &'a (dyn error::Error + 'static)) -> Option<&'a rustls::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn io_kind(error: &(dyn error::Error + 'static)) -> Option<io::ErrorKind> {
    // The innermost: the outer ones are wrappers of kind `Other`.
    chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

/// Goes from cause to cause, and into the payload of an [`io::Error`], which stands beside that chain.
fn chain<'a>(
    error: &'a (dyn error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn error::Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(payload) => Some(payload),
            None => error.source(),
        }
    })
}

const HANG_UPS: [io::ErrorKind; 4] = [
    io::ErrorKind::BrokenPipe,
    io::ErrorKind::ConnectionAborted,
    io::ErrorKind::ConnectionReset,
    io::ErrorKind::UnexpectedEof,
];

#[cfg(test)]
mod tests;
