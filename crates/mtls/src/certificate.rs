//! What must be known of a certificate.

use std::time::SystemTime;

use claviger_auth_core::{Error, ErrorKind, Thumbprint};
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_cert::{
    certificate::{CertificateInner, Raw},
    der::{Decode, Encode},
    ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, SubjectKeyIdentifier},
    name::Name,
};

/// A certificate and its facts. Its signature is the server's business, not ours.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) der: CertificateDer<'static>,
    /// Names are kept in DER: taken apart they would be many times as large.
    subject: Vec<u8>,
    issuer: Vec<u8>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    pub(crate) is_authority: bool,
    /// Which key it certifies, and which one signed it (RFC 5280 §4.2.1.1, §4.2.1.2).
    key_id: Option<Vec<u8>>,
    issuer_key_id: Option<Vec<u8>>,
}

impl Certificate {
    pub(crate) fn parse(der: CertificateDer<'static>) -> Result<Self, Error> {
        let damaged = || {
            Error::new(ErrorKind::Configuration, "the certificate is damaged")
                .with_advice("copy or download the certificate again")
        };
        if der.len() > MAX_LENGTH {
            return Err(damaged());
        }
        // `Raw` lets pass the serial numbers that RFC 5280 forbids and real authorities issue.
        let parsed = CertificateInner::<Raw>::from_der(&der).map_err(|error| damaged().with_source(error))?;
        let facts = parsed.tbs_certificate();
        let is_authority = facts
            .get_extension::<BasicConstraints>()
            .ok()
            .flatten()
            .is_some_and(|(_, constraints)| constraints.ca);
        let key_id = facts.get_extension::<SubjectKeyIdentifier>().ok().flatten();
        let issuer_key_id = facts.get_extension::<AuthorityKeyIdentifier>().ok().flatten();
        Ok(Self {
            key_id: key_id.map(|(_, id)| id.0.into_bytes().into()),
            issuer_key_id: issuer_key_id
                .and_then(|(_, id)| id.key_identifier)
                .map(|id| id.into_bytes().into()),
            subject: facts.subject().to_der().map_err(|error| damaged().with_source(error))?,
            issuer: facts.issuer().to_der().map_err(|error| damaged().with_source(error))?,
            not_before: facts.validity().not_before.to_system_time(),
            not_after: facts.validity().not_after.to_system_time(),
            is_authority,
            der,
        })
    }

    /// Returns the subject as RFC 4514 writes it, fit for a terminal.
    pub(crate) fn subject(&self) -> String {
        let name = Name::from_der(&self.subject).map(|name| name.to_string()).unwrap_or_default();
        name.chars().filter(|letter| !letter.is_control()).collect()
    }

    pub(crate) fn thumbprint(&self) -> Thumbprint {
        Thumbprint::from_sha256(Sha256::digest(&self.der).into())
    }

    pub(crate) fn is_valid_at(&self, time: SystemTime) -> bool {
        (self.not_before..=self.not_after).contains(&time)
    }

    /// Tells whether its issuer's key is that of `issuer`; none if one of the two does not say.
    pub(crate) fn is_signed_by_key_of(&self, issuer: &Self) -> Option<bool> {
        Some(self.issuer_key_id.as_ref()? == issuer.key_id.as_ref()?)
    }

    /// Tells whether it names `issuer` as its own.
    pub(crate) fn is_issued_by_name_of(&self, issuer: &Self) -> bool {
        self.issuer == issuer.subject
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Larger than any that a handshake could carry.
const MAX_LENGTH: usize = 64 * 1024;
