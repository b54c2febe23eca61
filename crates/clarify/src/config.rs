//! What it takes to talk to Clarify.

use std::time::Duration;

use claviger_auth_core::Error;
use claviger_basic::Basic;
use claviger_mtls::{Tls, Trust};
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod};
use secrecy::SecretString;

use crate::{ApiVersion, Credentials, Endpoints};

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
}

impl Config {
    /// Takes what Clarify issued, the API's URL included.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        let endpoints = credentials.endpoints().clone();
        Self { credentials, endpoints, api_version: ApiVersion::default(), trust: None, spacing: None }
    }

    /// Uses another API than that of the credentials, a sandbox for one; the audience and the token URL go
    /// with it.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoints::new`].
    pub fn with_api_url(mut self, url: &str) -> Result<Self, Error> {
        self.endpoints = Endpoints::new(url)?;
        Ok(self)
    }

    /// Uses another token URL. After [`with_api_url`](Self::with_api_url), which sets it too.
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

    /// User name and password go to the API as they are, not form-encoded (RFC 7617 §2; Clarify's
    /// documentation, "Authentication", "Basic Auth").
    pub(crate) fn basic(&self) -> Result<Basic, Error> {
        Basic::new(self.credentials.client_id(), self.credentials.client_secret())
    }

    /// Clarify's token endpoint takes id and secret in the form (Clarify's documentation, "Authentication",
    /// "Obtaining a token").
    pub(crate) fn client_authentication(&self) -> ClientAuthentication {
        ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretPost, self.credentials.client_id())
            .with_secret(self.credentials.client_secret().clone())
    }

    pub(crate) fn spacing(&self) -> Option<Duration> {
        self.spacing
    }
}
