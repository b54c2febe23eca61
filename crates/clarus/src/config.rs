//! What it takes to talk to Clarus.

use std::time::Duration;

#[cfg(feature = "client")]
use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};
#[cfg(feature = "client")]
use claviger_client::{Client, Proxies};
use claviger_mtls::{Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{TokenEndpoint, Transport};
#[cfg(feature = "client")]
use http_body_util::Full;

use crate::{Authentication, Credentials, Endpoints, Subdomain, layer::X_CLARUS_SUBDOMAIN};

/// Collects the settings of one account at Clarus.
///
/// The account should be one that nobody logs in with: a login in the front end may end the session of the
/// API, and the other way round (Clarus's guide "API authentication", "Use a dedicated user account"). Of a
/// session that was ended early, a request has a 401 though its token has not expired: another token is
/// fetched, at most one per [spacing](Self::with_spacing), so that no client fights a human for the session.
///
/// # Example
///
/// ```
/// use claviger_auth_core::StaticToken;
/// use claviger_clarus::{Config, Credentials, Subdomain};
///
/// let config = Config::new(Subdomain::new("acme")?, Credentials::new("integration", "swordfish".into()));
/// let given = Config::new(Subdomain::new("acme")?, StaticToken::bearer("Bearer swordfish".into())?);
/// assert!(!format!("{config:?} {given:?}").contains("swordfish"));
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    authentication: Authentication,
    endpoints: Endpoints,
    tenancy: Tenancy,
    subdomain_on_token_requests: TokenRequests,
    trust: Trust,
    spacing: Option<Duration>,
    #[cfg(feature = "client")]
    proxies: Option<Proxies>,
}

impl Config {
    /// Acts for this one tenant.
    #[must_use]
    pub fn new(subdomain: Subdomain, authentication: impl Into<Authentication>) -> Self {
        Self::of(Tenancy::Fixed(subdomain), authentication.into())
    }

    /// Acts for the tenant that each request names, by a [`Subdomain`] made into a
    /// [`Tenant`](claviger_auth_core::set_tenant::Tenant) in its extensions. One that names none is refused.
    #[must_use]
    pub fn per_request(authentication: impl Into<Authentication>) -> Self {
        Self::of(Tenancy::Required, authentication.into())
    }

    fn of(tenancy: Tenancy, authentication: Authentication) -> Self {
        Self {
            authentication,
            endpoints: Endpoints::new(),
            tenancy,
            subdomain_on_token_requests: TokenRequests::Without,
            trust: Trust::platform(),
            spacing: None,
            #[cfg(feature = "client")]
            proxies: None,
        }
    }

    /// Uses another host, a sandbox for one, or a path of a gateway's; the token URL goes below it, unless one
    /// is [given](Self::with_token_url).
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_api_url(mut self, url: &str) -> Result<Self, Error> {
        self.endpoints = self.endpoints.with_api_url(url)?;
        Ok(self)
    }

    /// Uses this token URL, wherever the API is. Default: that below the API's URL.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_token_url(mut self, url: &str) -> Result<Self, Error> {
        self.endpoints = self.endpoints.with_token_url(url)?;
        Ok(self)
    }

    /// Sends the subdomain on token requests too. Default: on requests to the API alone.
    ///
    /// Clarus writes "every request", and then lists the headers of calls by REST and GraphQL (Clarus's guide
    /// "API authentication", "Request headers"): whether the token endpoint reads it, it does not say.
    #[must_use]
    pub fn with_subdomain_on_token_requests(mut self) -> Self {
        self.subdomain_on_token_requests = TokenRequests::WithSubdomain;
        self
    }

    /// Trusts these servers. Default: those that the platform trusts.
    #[must_use]
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Sets how old a token must be before a rejection fetches another. Default: that of
    /// [`TokenCacheBuilder`](claviger_auth_core::TokenCacheBuilder::with_spacing).
    ///
    /// Where somebody may log in with the same account, make it longer: each new token may end their session.
    #[must_use]
    pub fn with_spacing(mut self, spacing: Duration) -> Self {
        self.spacing = Some(spacing);
        self
    }

    /// Lets the ready client connect through a proxy where `proxies` says so. Default: it connects straight.
    #[cfg(feature = "client")]
    #[must_use]
    pub fn with_proxies(mut self, proxies: impl Into<Option<Proxies>>) -> Self {
        self.proxies = proxies.into();
        self
    }

    /// Returns the URLs.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Makes what connections are made with: whom to trust. Clarus asks for no client certificate.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the platform has no roots and none are given, or if
    /// there is no crypto provider.
    pub fn tls(&self) -> Result<Tls, Error> {
        Tls::builder(self.trust.clone()).build()
    }

    /// Makes what fetches tokens over `transport`, which follows no redirect; none if a token was given, or comes of a
    /// login. Put a
    /// [`TokenCache`](claviger_auth_core::TokenCache) over it, or a store of tokens and then the cache.
    ///
    /// # Errors
    ///
    /// Those of [`TokenEndpointBuilder::build`](claviger_token_endpoint::TokenEndpointBuilder::build);
    /// [`Configuration`](ErrorKind::Configuration) if token requests should carry the subdomain and each
    /// request has its own.
    pub fn token_source(&self, transport: impl Transport) -> Result<Option<ClientCredentials>, Error> {
        match &self.authentication {
            Authentication::Credentials(credentials) => self.source_of(credentials, transport).map(Some),
            Authentication::Session | Authentication::Token(_) => Ok(None),
        }
    }

    /// Makes the ready client for token requests.
    ///
    /// # Errors
    ///
    /// Those of [`tls`](Self::tls).
    #[cfg(feature = "client")]
    pub fn transport(&self) -> Result<Client<Full<Bytes>>, Error> {
        Ok(Client::builder(self.tls()?).with_proxies(self.proxies()).build())
    }

    /// Returns where tokens come from.
    #[must_use]
    pub fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    pub(crate) fn tenancy(&self) -> &Tenancy {
        &self.tenancy
    }

    pub(crate) fn source_of(
        &self,
        credentials: &Credentials,
        transport: impl Transport,
    ) -> Result<ClientCredentials, Error> {
        let url = self.endpoints.token_url();
        let mut endpoint = TokenEndpoint::builder(url, credentials.client_authentication());
        if let Some(subdomain) = self.subdomain_of_token_requests()? {
            endpoint = endpoint.with_header(X_CLARUS_SUBDOMAIN, subdomain.header_value().clone());
        }
        Ok(ClientCredentials::new(endpoint.build(transport)?).with_scope(credentials.scope()))
    }

    /// Returns the subdomain that token requests carry, if they carry one.
    ///
    /// # Errors
    ///
    /// `Configuration` if they should and there is none: one token serves all tenants.
    fn subdomain_of_token_requests(&self) -> Result<Option<&Subdomain>, Error> {
        match (self.subdomain_on_token_requests, &self.tenancy) {
            (TokenRequests::Without, _) => Ok(None),
            (TokenRequests::WithSubdomain, Tenancy::Fixed(subdomain)) => Ok(Some(subdomain)),
            (TokenRequests::WithSubdomain, Tenancy::Required) => Err(Error::new(
                ErrorKind::Configuration,
                "token requests should carry the subdomain, and each request has its own",
            )
            .with_advice("make one client for each subdomain, or leave it off token requests")),
        }
    }

    #[cfg(feature = "client")]
    pub(crate) fn proxies(&self) -> Option<Proxies> {
        self.proxies.clone()
    }

    pub(crate) fn spacing(&self) -> Option<Duration> {
        self.spacing
    }
}

/// For which tenant requests are. Never for none: the header is required.
#[derive(Clone, Debug)]
pub(crate) enum Tenancy {
    Fixed(Subdomain),
    Required,
}

/// Whether token requests carry the subdomain.
#[derive(Clone, Copy, Debug)]
enum TokenRequests {
    WithSubdomain,
    Without,
}
