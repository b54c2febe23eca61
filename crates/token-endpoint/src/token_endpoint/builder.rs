//! What a token endpoint is made of.

use std::{fmt, sync::Arc, time::Duration};

use claviger_auth_core::{Clock, Error, ErrorKind, SystemClock};
use http::{
    HeaderName, HeaderValue,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TE,
        TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

use super::{Inner, TokenEndpoint, place::Place};
use crate::{
    ClientAuthentication, Discovery,
    address::{Address, LoopbackHttp},
    caller::Caller,
    server_metadata::{Aliases, Endpoints},
    transport::Transport,
};

/// Collects what a [`TokenEndpoint`] needs.
#[derive(Clone)]
pub struct TokenEndpointBuilder {
    discovery: Option<Discovery>,
    token_url: Option<String>,
    revocation_url: Option<String>,
    introspection_url: Option<String>,
    device_authorization_url: Option<String>,
    client: ClientAuthentication,
    loopback_http: LoopbackHttp,
    aliases: Aliases,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl TokenEndpointBuilder {
    pub(super) fn new(
        token_url: Option<String>,
        discovery: Option<Discovery>,
        client: ClientAuthentication,
    ) -> Self {
        Self {
            discovery,
            token_url,
            revocation_url: None,
            introspection_url: None,
            device_authorization_url: None,
            client,
            loopback_http: LoopbackHttp::Refused,
            aliases: Aliases::Ignored,
            headers: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Takes from the server's metadata what is not given by URL, and the issuer as the audience of assertions.
    #[must_use]
    pub fn with_discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = Some(discovery);
        self
    }

    /// Says where tokens are revoked (RFC 7009), where it is not discovered.
    #[must_use]
    pub fn with_revocation_url(mut self, url: impl Into<String>) -> Self {
        self.revocation_url = Some(url.into());
        self
    }

    /// Says where tokens are looked up (RFC 7662), where it is not discovered.
    #[must_use]
    pub fn with_introspection_url(mut self, url: impl Into<String>) -> Self {
        self.introspection_url = Some(url.into());
        self
    }

    /// Says where a device asks for a code (RFC 8628 §3.1), where it is not discovered.
    #[must_use]
    pub fn with_device_authorization_url(mut self, url: impl Into<String>) -> Self {
        self.device_authorization_url = Some(url.into());
        self
    }

    /// Takes the endpoints that are for clients with a certificate, where the metadata names such (RFC 8705 §5):
    /// for tokens that are to be bound to it. `tls_client_auth` and `self_signed_tls_client_auth` do by themselves, for as long
    /// as they are the client's method.
    #[must_use]
    pub fn with_mtls_aliases(mut self) -> Self {
        self.aliases = Aliases::Taken;
        self
    }

    /// Allows plain `http`, to this very machine only.
    #[must_use]
    pub fn with_loopback_http(mut self) -> Self {
        self.loopback_http = LoopbackHttp::Allowed;
        self
    }

    /// Sends a header along with each request: a tenant header, where the provider asks for it.
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

    /// Asks this clock for the time of day, which a `Retry-After` with a date is measured by, and which
    /// assertions bear.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Puts the endpoint over an HTTP client.
    ///
    /// Any service of requests will do, each call on a clone of its own, polled ready first. It must not
    /// follow redirects: a follower may send the client secret to another host. Nor may it log bodies: with
    /// `client_secret_post` and `json` the secret stands in one. Nor need it decode: the bound on an answer's size
    /// holds for what it hands over, decoded or not.
    ///
    /// A client that the API's requests go over, too, must have no `ConcurrencyLimit`: requests that are ready
    /// and wait for their token would hold all of its places, and the token request would wait for one of them.
    /// Give the endpoint the client below the limit, or one of its own.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if a URL is not `https` (or as
    /// [`with_loopback_http`](Self::with_loopback_http) allows), has a fragment (RFC 6749 §3.2) or names a user; if
    /// the client's id, or the secret or key that its method needs, is missing, or there is one that it has no use
    /// for; or if a header is one that the request has of its own.
    pub fn build(self, transport: impl Transport) -> Result<TokenEndpoint, Error> {
        if let Some((name, _)) = self.headers.iter().find(|(name, _)| OWN_HEADERS.contains(name)) {
            return Err(Error::new(ErrorKind::Configuration, "this header of token requests cannot be set")
                .with_subject(name.as_str())
                .with_advice("leave it to the client authentication and the HTTP client"));
        }
        let optional = |url: &Option<String>, name| match url {
            Some(url) => Address::new(url, name, self.loopback_http).map(|address| Some(Ok(address))),
            None => Ok(None),
        };
        let revocation = optional(&self.revocation_url, "revocation_url")?;
        let introspection = optional(&self.introspection_url, "introspection_url")?;
        let device_authorization = optional(&self.device_authorization_url, "device_authorization_url")?;
        let token = optional(&self.token_url, "token_url")?;
        let audience = match &self.discovery {
            Some(discovery) => discovery.issuer().to_owned(),
            None => self.token_url.unwrap_or_default(),
        };
        let given = Endpoints { token, revocation, introspection, device_authorization };
        let place = Place { discovery: self.discovery, aliases: self.aliases, given, audience };
        let caller = Caller::new(self.client, self.headers, transport)?;
        let inner = Inner { place, caller, timeout: self.timeout, clock: self.clock };
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

pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
pub(super) const OWN_HEADERS: [HeaderName; 12] = [
    ACCEPT,
    ACCEPT_ENCODING,
    AUTHORIZATION,
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    EXPECT,
    HOST,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
