//! A URL that secrets may be sent to.

use claviger_auth_core::{Error, ErrorKind, Origin};
use http::Uri;

/// Holds a checked URL.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) url: Uri,
    pub(crate) origin: Origin,
    /// Origin and path: the query may hold what is nobody's business.
    pub(crate) shown: String,
}

/// Tells whether plain `http` may be spoken to this very machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LoopbackHttp {
    Allowed,
    Refused,
}

impl Address {
    /// Checks a URL, which is the value of the setting or member of that name.
    ///
    /// # Errors
    ///
    /// `Configuration` if it is not `https` (or allowed `http`), has a fragment (RFC 6749 §3.2) or names a user.
    pub(crate) fn new(url: &str, name: &str, loopback_http: LoopbackHttp) -> Result<Self, Error> {
        let origin = match loopback_http {
            LoopbackHttp::Allowed => Origin::loopback_http(url),
            LoopbackHttp::Refused => Origin::https(url),
        };
        let origin = origin.map_err(|error| {
            let subject = error.subject().map(|origin| format!("{name}, {origin}"));
            error.with_subject(subject.unwrap_or_else(|| name.to_owned()))
        })?;
        let bad = |what| Error::new(ErrorKind::Configuration, what).with_subject(name);
        if url.contains('#') {
            return Err(bad("the URL has a fragment").with_advice("leave out the # and what follows"));
        }
        let url: Uri = url.parse().map_err(|_| bad("this is not a URL"))?;
        Ok(Self { shown: format!("{origin}{}", url.path()), origin, url })
    }
}
