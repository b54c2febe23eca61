//! What it takes to talk to Clarify.

use std::time::Duration;

#[cfg(feature = "client")]
use bytes::Bytes;
use claviger_auth_core::Error;
use claviger_basic::Basic;
#[cfg(feature = "client")]
use claviger_client::{Client, Proxies};
use claviger_mtls::{Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, Transport};
#[cfg(feature = "client")]
use http_body_util::Full;
use secrecy::SecretString;

use crate::{ApiVersion, Credentials, CredentialsType, Endpoints};

/// Collects the settings of one integration at Clarify.
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the file that Clarify issued.
/// use claviger_clarify::{ApiVersion, Config, Credentials};
///
/// let config = Config::new(Credentials::from_file("clarify-credentials.json")?)
///     .with_api_version(ApiVersion::new("1.2")?);
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    credentials: Credentials,
    endpoints: Endpoints,
    api_version: ApiVersion,
    trust: Option<Trust>,
    spacing: Option<Duration>,
    #[cfg(feature = "client")]
    proxies: Option<Proxies>,
}

impl Config {
    /// Takes what Clarify issued, the API's URL included.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        let endpoints = credentials.endpoints().clone();
        Self {
            credentials,
            endpoints,
            api_version: ApiVersion::default(),
            trust: None,
            spacing: None,
            #[cfg(feature = "client")]
            proxies: None,
        }
    }

    /// Uses another API than that of the credentials, a sandbox for one; the audience goes with
    /// it, and the token URL unless one is [given](Self::with_token_url).
    ///
    /// # Errors
    ///
    /// Those of [`Endpoints::new`].
    pub fn with_api_url(mut self, url: &str) -> Result<Self, Error> {
        self.endpoints = self.endpoints.with_api_url(url)?;
        Ok(self)
    }

    /// Uses this token URL, wherever the API is. Default: that below the API's URL.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_token_url(mut self, url: &str) -> Result<Self, Error> {
        self.endpoints = self.endpoints.with_token_url(url)?;
        Ok(self)
    }

    /// Asks for this version of the API. Default: 1.1. A request that names one itself keeps it.
    #[must_use]
    pub fn with_api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// Trusts these servers. Default: the platform's roots.
    #[must_use]
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// Sets how old a token must be before a rejection fetches another. Default: that of
    /// [`TokenCacheBuilder`](claviger_auth_core::TokenCacheBuilder::with_spacing).
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

    /// Uses another client id and secret than those of the credentials; for `basic-auth`, another user name
    /// and password.
    #[must_use]
    pub fn with_client(mut self, id: impl Into<String>, secret: SecretString) -> Self {
        self.credentials = self.credentials.with_client(id, secret);
        self
    }

    /// Returns the version of the API that is asked for.
    #[must_use]
    pub fn api_version(&self) -> &ApiVersion {
        &self.api_version
    }

    /// Returns the credentials. Their secret is not shown.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Returns the URLs.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Makes what connections are made with: whom to trust. Clarify asks for no client certificate.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if the platform has no roots and none
    /// are given, or if there is no crypto provider.
    pub fn tls(&self) -> Result<Tls, Error> {
        Tls::builder(self.trust.clone().unwrap_or_else(Trust::platform)).build()
    }

    /// Makes HTTP Basic credentials: user name and password go to the API as they are, not form-encoded
    /// (RFC 7617 §2; Clarify's documentation, "Authentication", "Basic Auth").
    pub(crate) fn basic(&self) -> Result<Basic, Error> {
        Basic::new(self.credentials.client_id(), self.credentials.client_secret())
    }

    /// Makes what fetches tokens over `transport`, which follows no redirect; none for HTTP Basic. Put a
    /// [`TokenCache`](claviger_auth_core::TokenCache) over it, or a store of tokens and then the cache.
    ///
    /// Clarify's token endpoint takes id, secret and `audience` in the form (Clarify's documentation,
    /// "Authentication", "Obtaining a token").
    ///
    /// # Errors
    ///
    /// Those of [`TokenEndpointBuilder::build`](claviger_token_endpoint::TokenEndpointBuilder::build).
    pub fn token_source(&self, transport: impl Transport) -> Result<Option<ClientCredentials>, Error> {
        if self.credentials.credentials_type() == CredentialsType::BasicAuth {
            return Ok(None);
        }
        let client = ClientAuthentication::new(
            ClientAuthenticationMethod::ClientSecretPost,
            self.credentials.client_id(),
        )
        .with_secret(self.credentials.client_secret().clone());
        let endpoint = TokenEndpoint::builder(self.endpoints.token_url(), client).build(transport)?;
        Ok(Some(ClientCredentials::new(endpoint).with_audience(self.endpoints.api_url())))
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

    #[cfg(feature = "client")]
    pub(crate) fn proxies(&self) -> Option<Proxies> {
        self.proxies.clone()
    }

    pub(crate) fn spacing(&self) -> Option<Duration> {
        self.spacing
    }
}
