//! What it takes to talk to Clazar.

use std::time::Duration;

#[cfg(feature = "client")]
use bytes::Bytes;
use claviger_auth_core::Error;
#[cfg(feature = "client")]
use claviger_client::{Client, Proxies};
use claviger_mtls::{Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, Transport};
#[cfg(feature = "client")]
use http_body_util::Full;
use secrecy::SecretString;

use crate::Endpoints;

/// Collects the settings of one account at Clazar.
///
/// A secret is shown once, and cannot be had again: it is rotated, or a new key made (Clazar's developer
/// documentation, "Get API credentials"; Nexla's "Clazar", "A Clazar Client ID and Client Secret"). Either way
/// make a new configuration, and with it a new [`ClazarLayer`](crate::ClazarLayer) or client: the token of the
/// old secret goes with the old one.
///
/// # Example
///
/// ```
/// use claviger_clazar::Config;
///
/// let config = Config::new("integration", "swordfish".into());
/// assert!(!format!("{config:?}").contains("swordfish"));
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    client_id: String,
    client_secret: SecretString,
    encoding: Encoding,
    endpoints: Endpoints,
    trust: Trust,
    spacing: Option<Duration>,
    #[cfg(feature = "client")]
    proxies: Option<Proxies>,
}

impl Config {
    /// Takes an id and its secret.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            encoding: Encoding::Json,
            endpoints: Endpoints::new(),
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
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it is no `https` URL.
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

    /// Asks for tokens with a form, `grant_type` included, in the place of JSON.
    ///
    /// Clazar documents JSON alone; Airbyte's connector sends a form (PyPI, `airbyte-source-clazar` 0.2.6).
    #[must_use]
    pub fn with_form_encoding(mut self) -> Self {
        self.encoding = Encoding::Form;
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

    /// Returns the client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Makes what connections are made with: whom to trust. Clazar asks for no client certificate.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if the platform has no roots and none
    /// are given, or if there is no crypto provider.
    pub fn tls(&self) -> Result<Tls, Error> {
        Tls::builder(self.trust.clone()).build()
    }

    /// Makes what fetches tokens over `transport`, which follows no redirect. Put a
    /// [`TokenCache`](claviger_auth_core::TokenCache) over it, or a store of tokens and then the cache.
    ///
    /// The documented body has an id, a secret and nothing else (Clazar's developer documentation, "Get an
    /// access token").
    ///
    /// # Errors
    ///
    /// Those of [`TokenEndpointBuilder::build`](claviger_token_endpoint::TokenEndpointBuilder::build).
    pub fn token_source(&self, transport: impl Transport) -> Result<ClientCredentials, Error> {
        let method = match self.encoding {
            Encoding::Form => ClientAuthenticationMethod::ClientSecretPost,
            Encoding::Json => ClientAuthenticationMethod::Json,
        };
        let client = ClientAuthentication::new(method, self.client_id.as_str())
            .with_secret(self.client_secret.clone());
        let endpoint = TokenEndpoint::builder(self.endpoints.token_url(), client).build(transport)?;
        let source = ClientCredentials::new(endpoint);
        Ok(match self.encoding {
            Encoding::Form => source,
            Encoding::Json => source.without_grant_type(),
        })
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

/// How tokens are asked for.
#[derive(Clone, Copy, Debug)]
enum Encoding {
    Form,
    Json,
}
