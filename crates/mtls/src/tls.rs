//! All that a handshake needs, in one handle.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;
use claviger_auth_core::{Error, ErrorKind, PublishIdentity, Thumbprint};
use rustls::{ClientConfig, client::Resumption, crypto::CryptoProvider, sign::CertifiedKey};

use crate::{
    Identity, Trust,
    demand::{Current, Presenter},
    provider,
};

/// Holds what connections are made with: whom to trust, and who we are.
///
/// Without an identity it is plain TLS. A clone is one atomic increment, and shares what
/// [`replace_identity`](Self::replace_identity) changes.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use claviger_auth_core::PublishIdentity;
/// use claviger_mtls::{Tls, Trust};
///
/// # let key = rcgen::KeyPair::generate()?;
/// # let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
/// # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
/// # let ca_pem = parameters.self_signed(&key)?.pem();
/// let tls = Tls::builder(Trust::given([ca_pem.as_bytes()])?)
///     .with_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
///     .build()?;
/// assert_eq!(tls.thumbprint(), None);
/// assert_eq!(tls.client_config().alpn_protocols, [&b"h2"[..], &b"http/1.1"[..]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Tls {
    state: Arc<ArcSwap<State>>,
}

/// Swapped as a whole: with a resolver that is swapped inside one configuration, a resumed session would go on
/// with the old identity.
struct State {
    config: Arc<ClientConfig>,
    presenter: Arc<Presenter>,
    identity: Option<Identity>,
}

impl Tls {
    /// Starts from whom to trust.
    #[must_use]
    pub fn builder(trust: Trust) -> TlsBuilder {
        TlsBuilder { trust, identity: None, provider: None, protocols: &[b"h2", b"http/1.1"] }
    }

    /// Presents another identity from the next handshake on, over full handshakes and resumed ones alike.
    ///
    /// Connections that are open keep the old one until they are closed: the ready client of `claviger-client`
    /// begins a new pool, and lets the requests under way end. A token that is bound to the old certificate is not
    /// sent over the new one, but replaced (RFC 8705 §3), where this handle is given to `AuthorizationLayer`'s
    /// `with_identity`. [`Rotation`](crate::Rotation) calls this when files change. A clone has the new identity too, and so has
    /// what [`owned_client_config`](Self::owned_client_config) returned. What
    /// [`client_config`](Self::client_config) returned has not.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the crypto provider cannot use the private key; the old
    /// identity stays then.
    pub fn replace_identity(&self, identity: Identity) -> Result<(), Error> {
        let mut config = ClientConfig::clone(&self.client_config());
        let presenter = presenter(Some(&identity), config.crypto_provider())?;
        config.client_auth_cert_resolver = presenter.clone();
        self.state.store(Arc::new(State { config: Arc::new(config), presenter, identity: Some(identity) }));
        Ok(())
    }

    /// Returns the configuration for a stack with a connector of its own, its protocols (ALPN) included.
    ///
    /// It has the identity of this moment. A connector that asks before each handshake has the current one.
    #[must_use]
    pub fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.state.load().config)
    }

    /// Returns a configuration for clients that take one for good, as reqwest's do and MQTT clients.
    ///
    /// It presents the identity that is current at each handshake. For that to be so after
    /// [`replace_identity`](Self::replace_identity), it never resumes a session: a resumed one has the identity
    /// of the first. That costs a full handshake for each connection.
    ///
    /// # Example
    ///
    /// ```
    /// # let key = rcgen::KeyPair::generate()?;
    /// # let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
    /// # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    /// # let ca_pem = parameters.self_signed(&key)?.pem();
    /// # let tls = claviger_mtls::Tls::builder(claviger_mtls::Trust::given([ca_pem.as_bytes()])?)
    /// #     .with_crypto_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
    /// #     .build()?;
    /// // reqwest::Client::builder().tls_backend_preconfigured(config)
    /// let config: rustls::ClientConfig = tls.owned_client_config();
    /// assert_eq!(config.alpn_protocols, tls.client_config().alpn_protocols);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn owned_client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::clone(&self.client_config());
        config.client_auth_cert_resolver = Arc::new(Current::new(self.clone()));
        config.resumption = Resumption::disabled();
        config
    }

    /// Returns one that stays as this is now, whatever identity comes later: for a pool of connections with one
    /// identity.
    #[must_use]
    pub fn pinned(&self) -> Self {
        Self { state: Arc::new(ArcSwap::new(self.state.load_full())) }
    }

    /// Returns the identity that new connections present.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.state.load().identity.clone()
    }

    pub(crate) fn presenter(&self) -> Arc<Presenter> {
        Arc::clone(&self.state.load().presenter)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("identity", &self.state.load().identity).finish_non_exhaustive()
    }
}

impl PublishIdentity for Tls {
    fn thumbprint(&self) -> Option<Thumbprint> {
        self.state.load().identity.as_ref().map(Identity::thumbprint)
    }
}

/// Collects what a [`Tls`] is made of.
#[derive(Clone, Debug)]
pub struct TlsBuilder {
    trust: Trust,
    identity: Option<Identity>,
    provider: Option<Arc<CryptoProvider>>,
    protocols: &'static [&'static [u8]],
}

impl TlsBuilder {
    /// Presents this identity to servers that ask for a client certificate.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Uses this cryptography. The default is the process's, else that of this crate's features.
    #[must_use]
    pub fn with_crypto_provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Offers HTTP/1.1 alone. The default is HTTP/2 first.
    #[must_use]
    pub fn with_http1_only(mut self) -> Self {
        self.protocols = &[b"http/1.1"];
        self
    }

    /// Reads the platform's authorities, where they are trusted, and puts all together.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if there is no crypto provider, if it cannot do TLS or the
    /// kind of the identity's key, or if only the platform's authorities are trusted and there are none.
    pub fn build(self) -> Result<Tls, Error> {
        let provider = provider::resolve(self.provider)?;
        let presenter = presenter(self.identity.as_ref(), &provider)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                Error::new(ErrorKind::Configuration, "the crypto provider can do neither TLS 1.2 nor 1.3")
                    .with_advice("use the provider ring or aws-lc-rs")
                    .with_source(error)
            })?
            .with_root_certificates(self.trust.roots()?)
            .with_client_cert_resolver(presenter.clone());
        config.alpn_protocols = self.protocols.iter().map(|name| name.to_vec()).collect();
        let state = State { config: Arc::new(config), presenter, identity: self.identity };
        Ok(Tls { state: Arc::new(ArcSwap::from_pointee(state)) })
    }
}

fn presenter(identity: Option<&Identity>, provider: &CryptoProvider) -> Result<Arc<Presenter>, Error> {
    let certified = match identity {
        None => None,
        // What the provider has to say about a key is not kept: it may quote it.
        Some(identity) => {
            Some(CertifiedKey::from_der(identity.chain(), identity.key(), provider).map_err(|_| {
                Error::new(ErrorKind::Configuration, "the crypto provider cannot use the private key")
                    .with_subject(identity.subject())
                    .with_advice("use an RSA key of 2048 bits or more, or an EC key on P-256 or P-384")
            })?)
        }
    };
    Ok(Arc::new(Presenter::new(certified)))
}

#[cfg(test)]
mod tests;
