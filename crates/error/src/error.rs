//! The one error type, and how to find it behind others.

use std::{error, fmt, io, sync::Arc, time::Duration};

use http::StatusCode;

/// Any error that can cross a thread: what tower's services exchange between layers.
pub type BoxError = Box<dyn error::Error + Send + Sync>;

/// Says why a request could not be authenticated, and what to do about it.
///
/// Cloning is one atomic increment: ten thousand waiters share the error of one failed fetch.
///
/// No secret, token, key, header value or response body is ever part of it. By construction: the text is
/// a literal, the [subject](Self::subject) is the *name* of a file, field, header or origin, and the
/// [OAuth error code](Self::oauth_error) is one of the registered ones.
///
/// # Example
///
/// ```
/// use claviger_error::{Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Configuration, "the client secret is empty")
///     .with_subject("acme/credentials.json, field clientSecret")
///     .with_advice("download the credentials again");
/// assert_eq!(error.to_string(), "the client secret is empty (acme/credentials.json, field clientSecret)");
/// assert_eq!(error.kind(), ErrorKind::Configuration);
/// assert!(!error.is_transient());
/// ```
#[derive(Clone)]
pub struct Error {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    what: &'static str,
    subject: Option<Arc<str>>,
    advice: Option<&'static str>,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    oauth_error: Option<&'static str>,
    source: Option<Arc<dyn error::Error + Send + Sync>>,
}

impl Error {
    /// Creates an error from its kind and a lower-case fragment without a full stop.
    ///
    /// The fragment is a literal because a literal cannot hold a secret.
    #[must_use]
    pub fn new(kind: ErrorKind, what: &'static str) -> Self {
        Self {
            inner: Arc::new(Inner {
                kind,
                what,
                subject: None,
                advice: None,
                status: None,
                retry_after: None,
                oauth_error: None,
                source: None,
            }),
        }
    }

    /// Names what the error is about: a file, a field, a header, an origin. Never a value.
    #[must_use]
    pub fn with_subject(self, subject: impl Into<String>) -> Self {
        let subject: String = subject.into();
        self.edit(|inner| inner.subject = Some(subject.into()))
    }

    /// Says what the user can do, where the kind alone does not.
    #[must_use]
    pub fn with_advice(self, advice: &'static str) -> Self {
        self.edit(|inner| inner.advice = Some(advice))
    }

    /// Keeps the status of the answer that was the error.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    /// Keeps how long the server asked to be left alone.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(wait))
    }

    /// Keeps the registered error code of an OAuth answer (RFC 6749 §5.2 and the registry it set up).
    ///
    /// It is `'static` so that no text of a server can stand here: a server may echo a secret.
    #[must_use]
    pub fn with_oauth_error(self, code: &'static str) -> Self {
        self.edit(|inner| inner.oauth_error = Some(code))
    }

    /// Keeps the error that caused this one.
    ///
    /// The caller vouches that no text of the source, or of its sources, can hold a secret.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        let source: BoxError = source.into();
        self.edit(|inner| inner.source = Some(source.into()))
    }

    /// Tells what the user should do next.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Names the file, field, header or origin concerned.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.inner.subject.as_deref()
    }

    /// Says what the user can do, in one sentence.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.inner.advice.unwrap_or_else(|| self.inner.kind.advice())
    }

    /// Returns the HTTP status that was the error, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.status
    }

    /// Returns how long the server asked to be left alone (`Retry-After`).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Returns the registered OAuth error code, such as `invalid_client` (RFC 6749 §5.2).
    ///
    /// A code that is not registered is not kept: it would be a server's free text.
    #[must_use]
    pub fn oauth_error(&self) -> Option<&'static str> {
        self.inner.oauth_error
    }

    /// Tells whether the same attempt may succeed later with no human action.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Unavailable)
    }

    /// Finds an [`Error`] in `error` or behind it, however many layers wrapped it.
    ///
    /// It follows [`source`](error::Error::source), and looks inside [`io::Error`], whose custom payload
    /// stands beside that chain: a TLS stream can report an error in no other way.
    #[must_use]
    pub fn find<'a>(error: &'a (dyn error::Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            let payload = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            next = match payload {
                Some(payload) => Some(payload),
                None => error.source(),
            };
        }
        None
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.inner.what)?;
        let status = self.inner.status.map(|status| status.as_u16().to_string());
        let details = [self.inner.subject.as_deref(), status.as_deref(), self.inner.oauth_error];
        let mut separator = " (";
        for detail in details.into_iter().flatten() {
            write!(f, "{separator}{detail}")?;
            separator = ", ";
        }
        if separator == ", " { f.write_str(")") } else { Ok(()) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("what", &self.inner.what)
            .field("subject", &self.inner.subject)
            .field("status", &self.inner.status)
            .field("retry_after", &self.inner.retry_after)
            .field("oauth_error", &self.inner.oauth_error)
            .field("source", &self.inner.source)
            .finish()
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

/// Sorts errors by what the user should do next.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A client certificate was demanded, refused, or is not the one a token is bound to.
    ClientCertificate,
    /// A setting, a file or an argument is wrong, or a server says that it is.
    Configuration,
    /// No connection to the server: name resolution, TCP, a proxy.
    Connect,
    /// The token endpoint (or the API) refused the credentials.
    CredentialsRefused,
    /// The request goes to an origin that the credential was not made for. Nothing was sent.
    Origin,
    /// The answer is not what such a server says: HTML, no token, a malformed body.
    Protocol,
    /// There is no tokio runtime to fetch on, or the fetch came to a bad end.
    Runtime,
    /// The request names no tenant where one is required, or brings a tenant header of its own. Nothing
    /// was sent.
    Tenant,
    /// No answer within the time allowed.
    Timeout,
    /// The server's certificate or the TLS handshake failed.
    Tls,
    /// The server is overloaded or down (429, 5xx).
    Unavailable,
}

impl ErrorKind {
    /// Says what the user should do next, in one sentence.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::ClientCertificate => "check the client certificate and its key with whoever issued them",
            Self::Configuration => "correct the setting or file that is named",
            Self::Connect => "check the host name, the network and whether the server is running",
            Self::CredentialsRefused => "check the client id and the secret with whoever issued them",
            Self::Origin => {
                "send the request to an origin that the credential was made for, or add the origin"
            }
            Self::Protocol => "check that the URL is the one that the provider documents",
            Self::Runtime => "call it on a running tokio runtime with time enabled",
            Self::Tenant => "name the tenant of each request",
            Self::Timeout => "try again; if it stays, ask whoever runs the server",
            Self::Tls => "check the CA certificates that are trusted and the host name",
            Self::Unavailable => "try again later",
        }
    }
}

#[cfg(test)]
mod tests;
