//! All that a handshake needs, in one handle.

use std::{fmt, sync::Arc};

use claviger_auth_core::{Error, ErrorKind, PublishIdentity, Thumbprint};
use rustls::{ClientConfig, crypto::CryptoProvider, sign::CertifiedKey};

use crate::{Identity, Trust, demand::Presenter, provider};

/// Holds what connections are made with: whom to trust, and who we are.
///
/// Without an identity it is plain TLS. A clone is one atomic increment.
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
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<ClientConfig>,
    identity: Option<Identity>,
}

impl Tls {
    /// Starts from whom to trust.
    #[must_use]
    pub fn builder(trust: Trust) -> TlsBuilder {
        TlsBuilder { trust, identity: None, provider: None, protocols: &[b"h2", b"http/1.1"] }
    }

    /// Returns the configuration for a stack with a connector of its own, its protocols (ALPN) included.
    #[must_use]
    pub fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.inner.config)
    }

    /// Returns the identity that new connections present.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.inner.identity.clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("identity", &self.inner.identity).finish_non_exhaustive()
    }
}

impl PublishIdentity for Tls {
    fn thumbprint(&self) -> Option<Thumbprint> {
        self.inner.identity.as_ref().map(Identity::thumbprint)
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
        let certified = match &self.identity {
            None => None,
            // What the provider has to say about a key is not kept: it may quote it.
            Some(identity) => {
                Some(CertifiedKey::from_der(identity.chain(), identity.key(), &provider).map_err(|_| {
                    Error::new(ErrorKind::Configuration, "the crypto provider cannot use the private key")
                        .with_subject(identity.subject())
                        .with_advice("use an RSA key of 2048 bits or more, or an EC key on P-256 or P-384")
                })?)
            }
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| {
                Error::new(ErrorKind::Configuration, "the crypto provider can do neither TLS 1.2 nor 1.3")
                    .with_advice("use the provider ring or aws-lc-rs")
                    .with_source(error)
            })?
            .with_root_certificates(self.trust.roots()?)
            .with_client_cert_resolver(Arc::new(Presenter::new(certified)));
        config.alpn_protocols = self.protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Tls { inner: Arc::new(Inner { config: Arc::new(config), identity: self.identity }) })
    }
}

#[cfg(test)]
mod tests;
