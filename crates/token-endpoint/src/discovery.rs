//! The document in which an authorization server says where its endpoints are.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use claviger_auth_core::{Clock, Error, ErrorKind, Origin, SystemClock};
use http::{
    HeaderValue, Request, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING},
};
use http_body_util::Full;

use crate::{
    ServerMetadata,
    address::{Address, LoopbackHttp},
    caller::need_runtime,
    endpoint::Endpoint,
    judge::{refused, with_head},
    transport::{Answer, AnswerBody, Transport},
};

/// Asks an issuer for its metadata, and keeps it for an hour (RFC 8414; OpenID Connect Discovery §4).
///
/// The document of RFC 8414 is asked for first; where there is none, OpenID's. Its issuer must be the very one that
/// was asked, and its endpoints of the issuer's origin, unless another is
/// [allowed by name](DiscoveryBuilder::with_endpoint_origin): whoever can change the document could else send the
/// client's secret anywhere. Clones share what is kept.
///
/// # Example
///
/// ```
/// use bytes::Bytes;
/// use claviger_token_endpoint::Discovery;
/// use http_body_util::Full;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// // In earnest: a pooled HTTPS client that follows no redirects.
/// let client = tower::service_fn(|request: http::Request<Full<Bytes>>| async move {
///     assert_eq!(request.uri(), "https://auth.example/.well-known/oauth-authorization-server/acme");
///     let document = r#"{
///         "issuer": "https://auth.example/acme",
///         "token_endpoint": "https://auth.example/acme/token"
///     }"#;
///     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::from(document)))
/// });
///
/// let discovery = Discovery::builder("https://auth.example/acme").build(client)?;
/// let metadata = discovery.metadata().await?;
/// assert_eq!(metadata.token_url()?.as_deref(), Some("https://auth.example/acme/token"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Discovery {
    inner: Arc<Inner>,
}

struct Inner {
    issuer: String,
    address: Address,
    origins: Vec<Origin>,
    loopback_http: LoopbackHttp,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    transport: Box<dyn Transport>,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<ServerMetadata>,
    /// The moment from which on a newer one is asked for.
    due: Duration,
}

impl Discovery {
    /// Names the issuer, exactly as the server does; [`build`](DiscoveryBuilder::build) takes the transport.
    #[must_use]
    pub fn builder(issuer: impl Into<String>) -> DiscoveryBuilder {
        DiscoveryBuilder {
            issuer: issuer.into(),
            origins: Vec::new(),
            loopback_http: LoopbackHttp::Refused,
            timeout: Duration::from_secs(30),
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Returns the metadata, asking for it where there is none, or where it is older than an hour.
    ///
    /// Older metadata stays in use for as long as no newer can be had, for whatever reason, unless the document has
    /// become that of another issuer. Nobody waits longer than 5 s for newer, one caller at a time asks, and after an
    /// attempt that failed none is made for a minute.
    ///
    /// # Errors
    ///
    /// - [`Configuration`](ErrorKind::Configuration): there is no such document at this issuer, or it is another
    ///   issuer's.
    /// - [`Protocol`](ErrorKind::Protocol): it is no such document.
    /// - those of [`TokenEndpoint::request`](crate::TokenEndpoint::request) for a server that cannot be asked.
    pub async fn metadata(&self) -> Result<Arc<ServerMetadata>, Error> {
        need_runtime()?;
        let inner = &*self.inner;
        let now = inner.clock.monotonic();
        let known = match &mut *inner.lock() {
            Some(known) if now < known.due => return Ok(Arc::clone(&known.metadata)),
            // At once, and not after a failure: who waits may go away, and the others need not wait, too.
            Some(known) => {
                known.due = now + SPACING;
                Some(Arc::clone(&known.metadata))
            }
            None => None,
        };
        let timeout = if known.is_some() { inner.timeout.min(REFRESH) } else { inner.timeout };
        let asked = tokio::time::timeout(timeout, inner.ask()).await;
        let asked = asked.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, "the server did not answer with its metadata in time")
                .with_subject(&*inner.address.shown))
        });
        match (asked, known) {
            (Ok(Found::Document(metadata)), _) => {
                *inner.lock() = Some(Known { metadata: Arc::clone(&metadata), due: now + KEPT });
                Ok(metadata)
            }
            (Ok(Found::OfAnother(error)), _) => {
                *inner.lock() = None;
                Err(error)
            }
            (_, Some(metadata)) => Ok(metadata),
            (Ok(Found::Nothing(error)) | Err(error), None) => Err(error),
        }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    pub(crate) fn shown(&self) -> &str {
        &self.inner.address.shown
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks at both places; the first document counts.
    async fn ask(&self) -> Result<Found, Error> {
        let path = self.address.url.path().trim_end_matches('/');
        let places = [
            // RFC 8414 §3.1: between host and path.
            format!("{}/.well-known/oauth-authorization-server{path}", self.address.origin),
            // OpenID Connect Discovery §4.1: behind the path.
            format!("{}{path}/.well-known/openid-configuration", self.address.origin),
        ];
        let mut none = None;
        for place in &places {
            let asked = self.ask_at(place).await.map_err(|error| error.with_subject(place.as_str()));
            match asked? {
                Found::Document(metadata) => return Ok(Found::Document(metadata)),
                Found::OfAnother(error) => return Ok(Found::OfAnother(error.with_subject(place.as_str()))),
                Found::Nothing(error) => none = Some(error.with_subject(place.as_str())),
            }
        }
        Ok(Found::Nothing(none.unwrap_or_else(|| Error::new(ErrorKind::Configuration, NONE))))
    }

    async fn ask_at(&self, place: &str) -> Result<Found, Error> {
        let address = Address::new(place, "issuer", self.loopback_http)?;
        let mut request = Request::new(Full::<Bytes>::default());
        *request.uri_mut() = address.url;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let answer = self.transport.exchange(request, Endpoint::Metadata).await;
        let answer = answer.map_err(|failure| failure.error)?;
        let judged = self.judge(&answer);
        judged.map_err(|error| with_head(error, &answer, self.clock.wall()))
    }

    fn judge(&self, answer: &Answer) -> Result<Found, Error> {
        let error = match (&answer.body, answer.status) {
            (AnswerBody::Whole(body), StatusCode::OK) if body.as_ref().trim_ascii().starts_with(b"{") => {
                let metadata =
                    ServerMetadata::read(body.as_ref(), &self.issuer, &self.origins, self.loopback_http);
                match metadata {
                    Ok(Some(metadata)) => return Ok(Found::Document(Arc::new(metadata))),
                    Ok(None) => Error::new(ErrorKind::Protocol, NONE),
                    Err(error) if error.kind() == ErrorKind::Configuration => {
                        return Ok(Found::OfAnother(error));
                    }
                    Err(error) => return Err(error),
                }
            }
            (AnswerBody::Broken(error), StatusCode::OK) => return Err(error.clone()),
            // A web site's page for whatever it does not know, or too much of something.
            (_, StatusCode::OK) => Error::new(ErrorKind::Protocol, NONE),
            _ => match refused(answer, Endpoint::Metadata) {
                error if error.is_transient() => return Err(error),
                error => Error::new(error.kind(), NONE),
            },
        };
        Ok(Found::Nothing(error.with_status(answer.status).with_advice(
            "correct the issuer, or give the endpoints' URLs: not every server has such a document",
        )))
    }
}

enum Found {
    Document(Arc<ServerMetadata>),
    /// With what to say if it is nowhere else.
    Nothing(Error),
    /// It is that of another issuer.
    OfAnother(Error),
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discovery")
            .field("issuer", &self.inner.address.shown)
            .field("origins", &self.inner.origins)
            .finish_non_exhaustive()
    }
}

/// Collects what a [`Discovery`] needs.
#[derive(Clone)]
pub struct DiscoveryBuilder {
    issuer: String,
    origins: Vec<Origin>,
    loopback_http: LoopbackHttp,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl DiscoveryBuilder {
    /// Allows endpoints of this origin, too: of a host of its own for clients with a certificate, for one.
    #[must_use]
    pub fn with_endpoint_origin(mut self, origin: Origin) -> Self {
        self.origins.push(origin);
        self
    }

    /// Allows plain `http`, to this very machine only.
    #[must_use]
    pub fn with_loopback_http(mut self) -> Self {
        self.loopback_http = LoopbackHttp::Allowed;
        self
    }

    /// Sets how long it may take to ask. The default is 30 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Measures by this clock how long metadata is kept, and a `Retry-After` with a date.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Puts the discovery over an HTTP client, as [`TokenEndpointBuilder::build`](crate::TokenEndpointBuilder::build).
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the issuer is no `https` URL (or as
    /// [`with_loopback_http`](Self::with_loopback_http) allows), or has a query or a fragment (RFC 8414 §2).
    pub fn build(self, transport: impl Transport) -> Result<Discovery, Error> {
        let address = Address::new(&self.issuer, "issuer", self.loopback_http)?;
        if address.url.query().is_some() {
            let error = Error::new(ErrorKind::Configuration, "an issuer has no query").with_subject("issuer");
            return Err(error.with_advice("leave out the ? and what follows"));
        }
        let origins = [vec![address.origin.clone()], self.origins].concat();
        let inner = Inner {
            issuer: self.issuer,
            address,
            origins,
            loopback_http: self.loopback_http,
            timeout: self.timeout,
            clock: self.clock,
            transport: Box::new(transport),
            known: Mutex::new(None),
        };
        Ok(Discovery { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for DiscoveryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the issuer: it has not been checked, and may name a user with a password.
        f.debug_struct("DiscoveryBuilder")
            .field("origins", &self.origins)
            .field("loopback_http", &self.loopback_http)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

const KEPT: Duration = Duration::from_secs(60 * 60);
/// How long newer metadata may take while there is older. It is far less than a token request has.
const REFRESH: Duration = Duration::from_secs(5);
/// How long none is asked for after a failed attempt.
const SPACING: Duration = Duration::from_secs(60);
const NONE: &str = "there is no metadata document at this issuer";

#[cfg(test)]
mod tests;
