//! Whom we believe: the authorities that vouch for servers.

use std::path::Path;

use claviger_auth_core::{BoxError, Error, ErrorKind};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;

use crate::{
    certificate::Certificate,
    part::{Locked, Part, named},
    pem,
};

/// Says whose word is taken for who a server is: the platform's authorities, given ones, or both.
///
/// There is no way to switch the check off. `SSL_CERT_FILE` and `SSL_CERT_DIR` steer the platform's
/// authorities and nothing else.
///
/// A given certificate must say that it is an authority's (`BasicConstraints`, CA:TRUE): whoever has the key of
/// a trusted one can pass for any server, and no client's or server's key is kept as an authority's is. So a
/// server's own certificate cannot be given, self-signed or not; nor can a root of X.509 version 1, which does
/// not say what it is for.
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

    /// Trusts the authorities in these texts, in PEM or DER, and nobody else.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if a text is neither PEM nor DER or larger than 1 MiB, has no
    /// certificate in it, or one that is damaged or not an authority's, or if no text is given.
    pub fn given<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        Self::read(parts.into_iter().map(|pem| Part::Text { name: None, bytes: pem }))
    }

    /// Trusts the authorities in these files, in PEM or DER, and nobody else.
    ///
    /// # Errors
    ///
    /// As [`given`](Self::given), with the file's path as subject; and
    /// [`Configuration`](ErrorKind::Configuration) if a file cannot be read.
    pub fn given_files<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, Error> {
        Self::read(paths.into_iter().map(|path| Part::File(path.as_ref().to_owned())))
    }

    /// Trusts the platform's authorities and those in these texts.
    ///
    /// # Errors
    ///
    /// As [`given`](Self::given).
    pub fn both<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Error> {
        Ok(Self::given(parts)?.and_platform())
    }

    /// Finds the authorities in a PEM text that may hold anything, and returns the PEM text of each.
    ///
    /// It is for a folder whose files are judged by their content: [`given`](Self::given) and
    /// [`both`](Self::both) take what it returns. Whatever is no authority's certificate, or cannot be read, is
    /// passed over, and a private key is not decoded.
    ///
    /// # Example
    ///
    /// ```
    /// use claviger_mtls::Trust;
    ///
    /// # let key = rcgen::KeyPair::generate()?;
    /// # let parameters = rcgen::CertificateParams::new(vec!["client".into()])?;
    /// let client_pem = parameters.self_signed(&key)?.pem() + &key.serialize_pem();
    /// assert!(Trust::authorities_in(client_pem.as_bytes()).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn authorities_in(pem: &[u8]) -> Vec<&[u8]> {
        let is_authority = |block: &&[u8]| {
            let contents = Part::Text { name: None, bytes: block }.read();
            let certificates = contents.map(|contents| contents.certificates).unwrap_or_default();
            certificates.into_iter().any(|der| Certificate::parse(der).is_ok_and(|one| one.is_authority))
        };
        pem::certificate_blocks(pem).into_iter().filter(is_authority).collect()
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
            if contents.locked.iter().any(|locked| matches!(locked, Locked::Archive(_))) {
                return Err(named(problem(ARCHIVE, CONVERT_ARCHIVE), name));
            }
            if contents.certificates.is_empty() {
                return Err(named(problem("there is no CA certificate in it", NAME_A_CA), name));
            }
            for certificate in contents.certificates {
                let parsed = Certificate::parse(certificate.clone());
                given.add(certificate).map_err(|error| {
                    let text = problem("the CA certificate is damaged", "copy or download the CA file again");
                    named(text.with_source(error), name)
                })?;
                // rustls takes any certificate for an anchor, and never asks whether it is an authority's.
                if !parsed.map_err(|error| named(error, name))?.is_authority {
                    return Err(named(problem(NOT_AN_AUTHORITY, GIVE_THE_ISSUER), name));
                }
            }
        }
        if given.is_empty() {
            return Err(problem("no CA certificate was given to trust", NAME_A_CA));
        }
        Ok(Self { platform: false, given })
    }
}

const ARCHIVE: &str = "this is a PKCS#12 file (.p12, .pfx), not plain certificates";
const CONVERT_ARCHIVE: &str = "convert it with: openssl pkcs12 -in FILE -nokeys -out ca.pem";
const NOT_AN_AUTHORITY: &str = "this is not the certificate of an authority (CA)";
const GIVE_THE_ISSUER: &str =
    "give the certificate of the authority that issued the server's, not the server's own";
const NAME_A_CA: &str = "give a file that has -----BEGIN CERTIFICATE----- in it, or trust the platform";

#[cfg(test)]
mod tests;
