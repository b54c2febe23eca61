//! What can go wrong when the sandbox starts, issues a certificate or writes its files.

use std::borrow::Cow;
use std::error;
use std::fmt;
use std::net::SocketAddr;

/// Says what the sandbox could not do, and why.
#[derive(Debug)]
pub struct Error {
    what: Cow<'static, str>,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(
        what: impl Into<Cow<'static, str>>,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        Self { what: what.into(), source: Some(source.into()) }
    }

    pub(crate) fn not_loopback(listen: SocketAddr) -> Self {
        let what = format!(
            "could not listen on {listen}: the sandbox answers on loopback addresses only (127.0.0.1 or ::1)"
        );
        Self { what: what.into(), source: None }
    }
}

/// Makes the error of a provider, or of what is built around the providers.
pub fn failure(
    what: impl Into<Cow<'static, str>>,
    source: impl Into<Box<dyn error::Error + Send + Sync>>,
) -> Error {
    Error::new(what, source)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}
