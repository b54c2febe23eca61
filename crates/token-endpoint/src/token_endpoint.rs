//! The token endpoint: one request, one answer, in time.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use claviger_auth_core::{Clock, Error, ErrorKind, Origin, SystemClock};
use http::{
    HeaderName, HeaderValue, Request, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING},
};
use http_body_util::Full;

use crate::{ClientAuthentication, TokenAnswer, TokenRequest, encode, judge::judge, transport::Transport};

/// Sends token requests to one URL as one client (RFC 6749 §3.2).
///
/// A clone is one atomic increment.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone)]
pub struct TokenEndpoint {
    inner: Arc<Inner>,
}

struct Inner {
    url: Uri,
    /// Origin and path: the query may hold what is nobody's business.
    shown: String,
    client: ClientAuthentication,
    authorization: Option<HeaderValue>,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    transport: Box<dyn Transport>,
}

impl TokenEndpoint {
    /// Names the URL and the client; [`build`](TokenEndpointBuilder::build) takes the transport.
    #[must_use]
    pub fn builder(token_url: impl Into<String>, client: ClientAuthentication) -> TokenEndpointBuilder {
        TokenEndpointBuilder {
            url: token_url.into(),
            client,
            loopback_http: false,
            headers: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Asks for a token, once.
    ///
    /// # Errors
    ///
    /// - [`Configuration`](ErrorKind::Configuration): a parameter is wrong and nothing was sent; or the server
    ///   says so, or has no token endpoint at this URL; or a proxy asks for credentials.
    /// - [`CredentialsRefused`](ErrorKind::CredentialsRefused): the server does not take this client.
    /// - [`ClientCertificate`](ErrorKind::ClientCertificate): it demands a client certificate.
    /// - [`Unavailable`](ErrorKind::Unavailable): it is overloaded or down;
    ///   [`retry_after`](Error::retry_after) is what it asked for, at most five minutes.
    /// - [`Timeout`](ErrorKind::Timeout): no whole answer in time.
    /// - [`Protocol`](ErrorKind::Protocol): it answered, but not as a token endpoint does: a redirect, an HTML
    ///   page, no token, more than 1 MiB.
    /// - [`Connect`](ErrorKind::Connect): it cannot be reached. An [`Error`] that the transport reports keeps
    ///   its own kind, advice and words, and of its sources what is ours.
    /// - [`Runtime`](ErrorKind::Runtime): there is no tokio runtime to keep the time.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the exchange; the server may have issued a token all the same.
    pub async fn request(&self, request: &TokenRequest) -> Result<TokenAnswer, Error> {
        request.check()?;
        let inner = &*self.inner;
        inner.exchange(request).await.map_err(|error| error.with_subject(&*inner.shown))
    }
}

impl Inner {
    async fn exchange(&self, request: &TokenRequest) -> Result<TokenAnswer, Error> {
        // tokio's timer panics where there is no runtime.
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::new(ErrorKind::Runtime, "there is no tokio runtime to fetch a token on"));
        }
        let exchange = self.transport.exchange(self.message(request)?);
        let answer = match tokio::time::timeout(self.timeout, exchange).await {
            Ok(answer) => answer?,
            Err(_) => {
                return Err(Error::new(ErrorKind::Timeout, "the token endpoint did not answer in time"));
            }
        };
        judge(&answer, self.clock.wall())
    }

    fn message(&self, request: &TokenRequest) -> Result<Request<Full<Bytes>>, Error> {
        let (content_type, body) = encode::body(&self.client, request)?;
        let mut message = Request::new(Full::new(body));
        *message.method_mut() = http::Method::POST;
        *message.uri_mut() = self.url.clone();
        let headers = message.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        Ok(message)
    }
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.inner.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("TokenEndpoint")
            .field("url", &self.inner.shown)
            .field("client", &self.inner.client)
            .field("headers", &names)
            .field("timeout", &self.inner.timeout)
            .finish_non_exhaustive()
    }
}

/// Collects what a [`TokenEndpoint`] needs.
#[derive(Clone)]
pub struct TokenEndpointBuilder {
    url: String,
    client: ClientAuthentication,
    loopback_http: bool,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl TokenEndpointBuilder {
    /// Allows plain `http`, to this very machine only.
    #[must_use]
    pub fn with_loopback_http(mut self) -> Self {
        self.loopback_http = true;
        self
    }

    /// Sends a header along with each token request: a tenant header, where the provider asks for it.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets how long the whole exchange may take. The default is 30 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Asks this clock for the time of day, which a `Retry-After` with a date is measured by.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Puts the endpoint over an HTTP client.
    ///
    /// Any service of requests will do, each call on a clone of its own, polled ready first. It must not
    /// follow redirects: a follower may send the client secret to another host. Nor may it log bodies: with
    /// `client_secret_post` and `json` the secret stands in one.
    ///
    /// A client that the API's requests go over, too, must have no `ConcurrencyLimit`: requests that are ready
    /// and wait for their token would hold all of its places, and the token request would wait for one of them.
    /// Give the endpoint the client below the limit, or one of its own.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the URL is not `https` (or as
    /// [`with_loopback_http`](Self::with_loopback_http) allows), has a fragment (RFC 6749 §3.2) or names a user; if
    /// the client's id, or the secret that its method needs, is missing; or if a header is one that the request
    /// has of its own.
    pub fn build(self, transport: impl Transport) -> Result<TokenEndpoint, Error> {
        let origin =
            if self.loopback_http { Origin::loopback_http(&self.url) } else { Origin::https(&self.url) };
        let origin = origin.map_err(|error| {
            let subject = error.subject().map(|origin| format!("token_url, {origin}"));
            error.with_subject(subject.unwrap_or_else(|| "token_url".to_owned()))
        })?;
        let bad = |what| Error::new(ErrorKind::Configuration, what).with_subject("token_url");
        if self.url.contains('#') {
            return Err(bad("the token URL has a fragment").with_advice("leave out the # and what follows"));
        }
        let url: Uri = self.url.parse().map_err(|_| bad("this is not a URL"))?;
        if let Some((name, _)) = self.headers.iter().find(|(name, _)| OWN_HEADERS.contains(name)) {
            return Err(Error::new(ErrorKind::Configuration, "this header of token requests cannot be set")
                .with_subject(name.as_str())
                .with_advice("leave it to the client authentication and the HTTP client"));
        }
        let inner = Inner {
            shown: format!("{origin}{}", url.path()),
            url,
            authorization: encode::authorization(&self.client)?,
            client: self.client,
            headers: self.headers,
            timeout: self.timeout,
            clock: self.clock,
            transport: Box::new(transport),
        };
        Ok(TokenEndpoint { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for TokenEndpointBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: it has not been checked, and may name a user with a password.
        f.debug_struct("TokenEndpointBuilder")
            .field("client", &self.client)
            .field("loopback_http", &self.loopback_http)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const OWN_HEADERS: [HeaderName; 6] =
    [ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING];

#[cfg(test)]
mod tests;
