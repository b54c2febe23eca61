//! Whom we believe: the authorities that vouch for servers.

use std::path::Path;

use claviger_auth_core::{BoxError, Error, ErrorKind};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;

use crate::pem::{Part, named};

/// Says whose word is taken for who a server is: the platform's authorities, given ones, or both.
///
/// There is no way to switch the check off. `SSL_CERT_FILE` and `SSL_CERT_DIR` steer the platform's
/// authorities and nothing else.
///
/// # Example
///
/// ```
/// use claviger_mtls::Trust;
///
/// # let key = rcgen::KeyPair::generate()?;
/// # let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
/// # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
/// # let ca_pem = parameters.self_signed(&key)?.pem();
/// let trust = Trust::given([ca_pem.as_bytes()])?;
/// assert!(!trust.includes_platform());
///
/// // An empty file is never taken to mean "everybody", or "the usual ones".
/// assert!(Trust::given([b"".as_slice()]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trust {
    platform: bool,
    given: RootCertStore,
}

impl Trust {
    /// Trusts the platform's authorities alone. They are read when the [`Tls`](crate::Tls) is built.
    #[must_use]
    pub fn platform() -> Self {
        Self { platform: true, given: RootCertStore::empty() }
    }

    /// Trusts the authorities in these PEM texts, and nobody else.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if a text is not PEM, has no certificate in it, or a
    /// damaged one, or if no text is given.
    pub fn given<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        Self::read(parts.into_iter().map(|pem| Part::Text { name: None, pem }))
    }

    /// Trusts the authorities in these PEM files, and nobody else.
    ///
    /// # Errors
    ///
    /// As [`given`](Self::given), with the file's path as subject; and
    /// [`Configuration`](ErrorKind::Configuration) if a file cannot be read.
    pub fn given_files<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, Error> {
        Self::read(paths.into_iter().map(|path| Part::File(path.as_ref().to_owned())))
    }

    /// Trusts the platform's authorities and those in these PEM texts.
    ///
    /// # Errors
    ///
    /// As [`given`](Self::given).
    pub fn both<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        Ok(Self::given(parts)?.and_platform())
    }

    /// Trusts the platform's authorities besides.
    #[must_use]
    pub fn and_platform(mut self) -> Self {
        self.platform = true;
        self
    }

    /// Tells whether the platform's authorities are trusted.
    #[must_use]
    pub fn includes_platform(&self) -> bool {
        self.platform
    }

    /// Gathers all that is trusted.
    pub(crate) fn roots(&self) -> Result<RootCertStore, Error> {
        if !self.platform {
            return Ok(self.given.clone());
        }
        let found = rustls_native_certs::load_native_certs();
        self.with_found(found.certs, found.errors.into_iter().next().map(Into::into))
    }

    /// Adds what the platform has. That it has nothing matters only where nothing else is trusted.
    fn with_found(
        &self,
        found: Vec<CertificateDer<'static>>,
        cause: Option<BoxError>,
    ) -> Result<RootCertStore, Error> {
        let mut roots = self.given.clone();
        roots.add_parsable_certificates(found);
        if !roots.is_empty() {
            return Ok(roots);
        }
        let error = Error::new(ErrorKind::Configuration, "the platform has no CA certificates")
            .with_advice("install the package ca-certificates, or name a CA file to trust");
        Err(match cause {
            Some(cause) => error.with_source(cause),
            None => error,
        })
    }

    fn read<'a>(parts: impl Iterator<Item = Part<'a>>) -> Result<Self, Error> {
        let problem = |what, advice| Error::new(ErrorKind::Configuration, what).with_advice(advice);
        let mut given = RootCertStore::empty();
        for part in parts {
            let contents = part.read()?;
            let name = contents.name.as_deref();
            if contents.certificates.is_empty() {
                return Err(named(problem("there is no CA certificate in it", NAME_A_CA), name));
            }
            for certificate in contents.certificates {
                given.add(certificate).map_err(|error| {
                    let text = problem("the CA certificate is damaged", "copy or download the CA file again");
                    named(text.with_source(error), name)
                })?;
            }
        }
        if given.is_empty() {
            return Err(problem("no CA certificate was given to trust", NAME_A_CA));
        }
        Ok(Self { platform: false, given })
    }
}

const NAME_A_CA: &str = "give a file that has -----BEGIN CERTIFICATE----- in it, or trust the platform";

#[cfg(test)]
mod tests;
