//! Who we are: a client certificate and its key.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use claviger_auth_core::{Error, PublishIdentity, Thumbprint};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{certificate::Certificate, private_key::PrivateKey};

mod builder;
mod pairing;

pub use builder::IdentityBuilder;

/// Proves to a server who the client is: a certificate, the chain above it, and the private key.
///
/// A clone is one atomic increment. With the last one the key that it holds is wiped; a file's text is wiped
/// once it is decoded. Copies are not: those of the PEM decoder, the crypto provider and a [`Tls`](crate::Tls)
/// are out of our hands.
///
/// # Example
///
/// ```
/// # use claviger_mtls as mtls;
/// # let _ = rustls::crypto::ring::default_provider().install_default();
/// # let key = rcgen::KeyPair::generate()?;
/// # let mut parameters = rcgen::CertificateParams::new(vec!["client".into()])?;
/// # parameters.distinguished_name.push(rcgen::DnType::CommonName, "acme");
/// # let certificate_pem = parameters.self_signed(&key)?.pem();
/// # let key_pem = key.serialize_pem();
/// // One file with both, or several, in any order.
/// let identity = mtls::Identity::from_pem([key_pem.as_bytes(), certificate_pem.as_bytes()])?;
/// assert!(identity.subject().contains("CN=acme"));
/// assert!(identity.not_before() < identity.not_after());
///
/// let error = mtls::Identity::from_pem([certificate_pem.as_bytes()]).unwrap_err();
/// assert_eq!(error.to_string(), "there is no private key");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Identity {
    inner: Arc<Inner>,
}

struct Inner {
    /// The client's own certificate.
    leaf: Certificate,
    /// Those above it, from its issuer upwards.
    issuers: Vec<Certificate>,
    key: PrivateKey,
    exposed: Vec<PathBuf>,
}

impl Identity {
    /// Reads texts and the bytes of files, in any form: all their certificates, and the key that belongs to one.
    ///
    /// PEM with keys in PKCS#8, PKCS#1 or SEC1; DER; and with the feature `pkcs12`, PKCS#12. The chain is put in
    /// order, and what is no part of it left out. Of several keys, the one whose certificate is there is taken.
    ///
    /// The crypto provider is the process's default, or that of this crate's features;
    /// [`builder`](Self::builder) takes any.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if there is no certificate or no key, if
    /// no key or more than one has a certificate, if that is not valid now, if the key is encrypted and no
    /// passphrase was given or a wrong one, if what is given is something else or larger than 1 MiB, or if
    /// there is no crypto provider. The advice has the command that converts what cannot be read.
    pub fn from_pem<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        Self::with_parts(parts).build()
    }

    /// Reads as [`from_pem`](Self::from_pem) does, and judges the dates at `now`.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_pem_at<'a>(
        parts: impl IntoIterator<Item = &'a [u8]>,
        now: SystemTime,
    ) -> Result<Self, Error> {
        Self::with_parts(parts).with_time(now).build()
    }

    /// Reads files as [`from_pem`](Self::from_pem) does: one with both, or several, in any order.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), with the file's path as subject; and
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if a file cannot be read.
    pub fn from_files<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, Error> {
        paths.into_iter().fold(Self::builder(), |builder, path| builder.with_file(path.as_ref())).build()
    }

    /// Reads named texts and files, with a passphrase, a time or a crypto provider of one's own.
    #[must_use]
    pub fn builder<'a>() -> IdentityBuilder<'a> {
        IdentityBuilder::new()
    }

    /// Returns the subject of the certificate, as RFC 4514 writes it.
    #[must_use]
    pub fn subject(&self) -> String {
        self.inner.leaf.subject()
    }

    /// Returns since when the certificate is valid.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        self.inner.leaf.not_before
    }

    /// Returns until when the certificate is valid.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.inner.leaf.not_after
    }

    /// Tells whether the certificate is valid at a moment.
    #[must_use]
    pub fn is_valid_at(&self, time: SystemTime) -> bool {
        self.inner.leaf.is_valid_at(time)
    }

    /// Returns what a token can be bound to (RFC 8705).
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.inner.leaf.thumbprint()
    }

    /// Counts the certificates that are sent: the client's own and those above it.
    #[must_use]
    pub fn chain_length(&self) -> usize {
        1 + self.inner.issuers.len()
    }

    /// Names the files with the private key, or with any, that others than their owner may read. None on Windows,
    /// which has no such bits.
    ///
    /// It is for a warning: `chmod go= FILE` takes that right away.
    #[must_use]
    pub fn exposed_files(&self) -> &[PathBuf] {
        &self.inner.exposed
    }

    /// Copies what is sent in the handshake.
    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        [&self.inner.leaf].into_iter().chain(&self.inner.issuers).map(|one| one.der.clone()).collect()
    }

    /// Copies what signs the handshake.
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.inner.key.to_der()
    }

    fn with_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> IdentityBuilder<'a> {
        parts.into_iter().fold(Self::builder(), IdentityBuilder::with_unnamed)
    }
}

impl PublishIdentity for Identity {
    fn thumbprint(&self) -> Option<Thumbprint> {
        Some(self.inner.leaf.thumbprint())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.subject())
            .field("not_before", &self.not_before())
            .field("not_after", &self.not_after())
            .field("thumbprint", &self.thumbprint())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
