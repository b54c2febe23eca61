//! What it takes to talk to Clara.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

#[cfg(feature = "client")]
use bytes::Bytes;
use claviger_auth_core::{Error, PublishIdentity, Thumbprint};
#[cfg(feature = "client")]
use claviger_client::{Client, Proxies};
use claviger_mtls::{Identity, Rotation, Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, Transport};
#[cfg(feature = "client")]
use http_body_util::Full;
use secrecy::SecretString;

use crate::{Country, Credentials, Endpoints, Environment, TaxIdentifier};

/// Collects the settings of one project at Clara.
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the folder that Clara sent.
/// use claviger_clara::{Config, Country, Credentials, TaxIdentifier};
///
/// let config = Config::new(Country::Mexico, Credentials::from_dir("acme-credentials/")?)
///     .with_tax_identifier(TaxIdentifier::new("ACME8001011H0", Country::Mexico)?);
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    credentials: Credentials,
    endpoints: Endpoints,
    tenancy: Tenancy,
    trust: Option<Trust>,
    /// Made when it is first asked for, and one for all.
    tls: Arc<OnceLock<Tls>>,
    spacing: Option<Duration>,
    #[cfg(feature = "client")]
    proxies: Option<Proxies>,
}

impl Config {
    /// Takes a country and what Clara issued.
    #[must_use]
    pub fn new(country: Country, credentials: Credentials) -> Self {
        let endpoints = Endpoints::new(country);
        Self {
            credentials,
            endpoints,
            tenancy: Tenancy::Optional,
            trust: None,
            tls: Arc::default(),
            spacing: None,
            #[cfg(feature = "client")]
            proxies: None,
        }
    }

    /// Chooses the environment. Default: production.
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.endpoints = self.endpoints.with_environment(environment);
        self
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

    /// Acts for this one company. Default: each request may name one, as a
    /// [`Tenant`](claviger_auth_core::set_tenant::Tenant) in its extensions, or none.
    #[must_use]
    pub fn with_tax_identifier(mut self, identifier: TaxIdentifier) -> Self {
        self.tenancy = Tenancy::Fixed(identifier);
        self
    }

    /// Refuses requests that name no company: for those who must never act for the group by mistake.
    #[must_use]
    pub fn with_tax_identifier_required(mut self) -> Self {
        self.tenancy = Tenancy::Required;
        self
    }

    /// Trusts these servers. Default: the platform's roots, and the CAs that came with the credentials.
    #[must_use]
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self.tls = Arc::default();
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

    /// Uses another client id and secret than those of the credentials.
    #[must_use]
    pub fn with_client(mut self, id: impl Into<String>, secret: SecretString) -> Self {
        self.credentials = self.credentials.with_client(id, secret);
        self
    }

    /// Returns the URLs.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Returns the client certificate that the credentials came with.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        self.credentials.identity()
    }

    /// Returns what connections are made with: the certificate, and whom to trust. For the token endpoint and
    /// for the API alike, since Clara may bind tokens to the certificate that fetched them (RFC 8705 §3).
    ///
    /// It is one for all that is made of this configuration or of a clone: a certificate that is
    /// [replaced](Tls::replace_identity) in it is replaced in all of them, and tokens that are bound to the old one
    /// are not sent over the new one. See [`rotation`](Self::rotation).
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if the platform has no roots and none
    /// are given, or if there is no crypto provider.
    pub fn tls(&self) -> Result<Tls, Error> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let trust = match &self.trust {
            Some(trust) => trust.clone(),
            None => self.credentials.trust()?,
        };
        let tls = Tls::builder(trust).with_identity(self.identity().clone()).build()?;
        // Should another thread have made one meanwhile, that one is it.
        Ok(self.tls.get_or_init(|| tls).clone())
    }

    /// Replaces the certificate when that in `folder` changes, which is as [`Credentials::from_dir`] takes it: a
    /// certificate of Clara's is valid for 360 days at most.
    ///
    /// The certificate and its key alone are replaced: a client id and secret stay what they are.
    ///
    /// # Errors
    ///
    /// Those of [`tls`](Self::tls).
    ///
    /// # Example
    ///
    /// ```no_run
    /// // no_run: it reads the folder that Clara sent.
    /// use claviger_clara::{Client, Config, Country, Credentials};
    /// use claviger_mtls::RotationEvent;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), claviger_auth_core::Error> {
    /// let config = Config::new(Country::Mexico, Credentials::from_dir("acme-credentials/")?);
    /// let client: Client = Client::new(&config)?;
    /// let watch = config
    ///     .rotation("acme-credentials/")?
    ///     .with_listener(|event| match event {
    ///         RotationEvent::Failed(error) => eprintln!("the old certificate stays: {error}"),
    ///         other => eprintln!("{other:?}"),
    ///     })
    ///     .start()?; // until it is dropped
    /// # Ok(())
    /// # }
    /// ```
    pub fn rotation(&self, folder: impl Into<PathBuf>) -> Result<Rotation, Error> {
        let folder = folder.into();
        Ok(Rotation::new(self.tls()?, move || Ok(Credentials::from_dir(&folder)?.identity().clone())))
    }

    /// Makes what fetches tokens over `transport`, which presents the certificate and follows no redirect. Put
    /// a [`TokenCache`](claviger_auth_core::TokenCache) over it, or a store of tokens and then the cache.
    ///
    /// Clara's token endpoint wants HTTP Basic; everybody who was seen to send a body sends `grant_type`
    /// (RFC 6749 §2.3.1, §4.4.2; Clara's developer portal, "Authentication"). The tokens are bound to the
    /// certificate of [`tls`](Self::tls), since Clara may do so.
    ///
    /// # Errors
    ///
    /// Those of [`TokenEndpointBuilder::build`](claviger_token_endpoint::TokenEndpointBuilder::build).
    pub fn token_source(&self, transport: impl Transport) -> Result<ClientCredentials, Error> {
        let client = ClientAuthentication::new(
            ClientAuthenticationMethod::ClientSecretBasic,
            self.credentials.client_id(),
        )
        .with_secret(self.credentials.client_secret().clone());
        let endpoint = TokenEndpoint::builder(self.endpoints.token_url(), client).build(transport)?;
        Ok(ClientCredentials::new(endpoint).with_binding(self.presented()))
    }

    pub(crate) fn presented(&self) -> Presented {
        Presented { tls: Arc::clone(&self.tls), identity: self.identity().clone() }
    }

    pub(crate) fn tenancy(&self) -> &Tenancy {
        &self.tenancy
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

/// For which company requests are.
#[derive(Clone, Debug)]
pub(crate) enum Tenancy {
    Fixed(TaxIdentifier),
    Optional,
    Required,
}

/// Publishes the certificate of connections; before any can be made, that of the credentials.
#[derive(Clone, Debug)]
pub(crate) struct Presented {
    tls: Arc<OnceLock<Tls>>,
    identity: Identity,
}

impl PublishIdentity for Presented {
    fn thumbprint(&self) -> Option<Thumbprint> {
        match self.tls.get() {
            Some(tls) => PublishIdentity::thumbprint(tls),
            None => Some(self.identity.thumbprint()),
        }
    }
}
