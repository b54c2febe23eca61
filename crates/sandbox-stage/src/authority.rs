//! Issues certificates: one authority for the server, one for its clients, both made afresh at each start.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData as _, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};

use crate::clock;
use crate::error::Error;
use crate::identifier::hex;

/// Holds a certificate and its private key, as a client of the sandbox presents them.
pub struct Identity {
    name: String,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key: KeyPair,
}

impl Identity {
    /// Names the subject (the common name).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the certificate as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Gives the certificate as DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// Gives the private key as PEM in the PKCS#8 form (`BEGIN PRIVATE KEY`).
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Gives the private key as DER in the PKCS#8 form.
    pub fn key_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }

    /// Gives the same private key as PEM in the SEC1 form (`BEGIN EC PRIVATE KEY`, RFC 5915).
    pub fn key_sec1_pem(&self) -> String {
        let text = STANDARD.encode(self.sec1());
        let mut pem = String::from("-----BEGIN EC PRIVATE KEY-----\n");
        for (index, character) in text.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push_str("\n-----END EC PRIVATE KEY-----\n");
        pem
    }

    /// Gives the SHA-256 of the certificate in lower-case hex, as the journal names a peer.
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.certificate)
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// All keys here are P-256, so the lengths are fixed: version, 32 bytes, the curve, 65 bytes.
    fn sec1(&self) -> Vec<u8> {
        let pkcs8 = self.key.serialize_der();
        let scalar = pkcs8
            .windows(VERSION_AND_SCALAR.len())
            .position(|window| window == VERSION_AND_SCALAR)
            .and_then(|at| pkcs8.get(at + VERSION_AND_SCALAR.len()..at + VERSION_AND_SCALAR.len() + 32))
            .unwrap_or_default();
        let mut der = vec![0x30, 0x77];
        der.extend_from_slice(VERSION_AND_SCALAR);
        der.extend_from_slice(scalar);
        der.extend_from_slice(CURVE_AND_PUBLIC_KEY);
        der.extend_from_slice(self.key.der_bytes());
        der
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Signs certificates with a key that never leaves the memory.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    // Who was given which certificate, so that a peer can be named without parsing what it sends.
    names: Mutex<HashMap<String, String>>,
}

impl Authority {
    /// Makes the key, and a certificate of it that is signed by itself.
    ///
    /// # Errors
    ///
    /// If no certificate could be made.
    pub fn new(name: &str) -> Result<Self, Error> {
        let key = generate()?;
        let mut params = params(name, &[], Validity::Authority)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(refused)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            names: Mutex::default(),
        })
    }

    /// Issues a certificate for a listener on loopback.
    ///
    /// # Errors
    ///
    /// If no certificate could be made.
    pub fn issue_server(&self) -> Result<Identity, Error> {
        let subjects = ["localhost", "127.0.0.1", "::1"];
        let params = params("localhost", &subjects, Validity::Current)?;
        self.issue(params, "localhost", ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Issues a client certificate.
    ///
    /// # Errors
    ///
    /// If no certificate could be made.
    pub fn issue_client(&self, name: &str) -> Result<Identity, Error> {
        self.issue(params(name, &[], Validity::Current)?, name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// Issues a client certificate that expired yesterday.
    ///
    /// # Errors
    ///
    /// If no certificate could be made.
    pub fn issue_expired_client(&self, name: &str) -> Result<Identity, Error> {
        self.issue(params(name, &[], Validity::Expired)?, name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// Gives the certificate as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    pub(crate) fn name_of(&self, thumbprint: &str) -> Option<String> {
        self.names().get(thumbprint).cloned()
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        name: &str,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<Identity, Error> {
        let key = generate()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(refused)?;
        let identity = Identity {
            name: name.to_owned(),
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key,
        };
        self.names().insert(identity.thumbprint(), name.to_owned());
        Ok(identity)
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// Writes the SHA-256 of `der` in lower-case hex.
pub(crate) fn thumbprint(der: &[u8]) -> String {
    hex(&Sha256::digest(der))
}

enum Validity {
    Authority,
    Current,
    Expired,
}

fn params(name: &str, subjects: &[&str], validity: Validity) -> Result<CertificateParams, Error> {
    let subjects: Vec<String> = subjects.iter().map(|&subject| subject.to_owned()).collect();
    let mut params = CertificateParams::new(subjects).map_err(refused)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = date_time_ymd(1970, 1, 1) + clock::wall();
    (params.not_before, params.not_after) = match validity {
        Validity::Authority => (now - 60 * DAY, now + 400 * DAY),
        // Clara: a project, and with it its certificate, is valid for at most 360 days.
        Validity::Current => (now - DAY / 24, now + 360 * DAY),
        Validity::Expired => (now - 30 * DAY, now - DAY),
    };
    Ok(params)
}

fn generate() -> Result<KeyPair, Error> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(refused)
}

fn refused(error: rcgen::Error) -> Error {
    Error::new("could not make a certificate", error)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const VERSION_AND_SCALAR: &[u8] = &[0x02, 0x01, 0x01, 0x04, 0x20];
const CURVE_AND_PUBLIC_KEY: &[u8] =
    &[0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00];

#[cfg(test)]
mod tests {
    use rustls::crypto::ring::sign::any_supported_type;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::sign::CertifiedKey;

    use super::*;

    #[test]
    fn both_forms_of_a_key_match_its_certificate() {
        let authority = Authority::new("Some Authority").unwrap();
        let identity = authority.issue_client("somebody").unwrap();
        for pem in [identity.key_pem(), identity.key_sec1_pem()] {
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
            let key = any_supported_type(&key).unwrap();
            CertifiedKey::new(vec![identity.certificate()], key).keys_match().unwrap();
        }
        assert!(identity.key_sec1_pem().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
    }

    #[test]
    fn names_a_certificate_it_issued_and_no_other() {
        let authority = Authority::new("Some Authority").unwrap();
        let identity = authority.issue_client("somebody").unwrap();
        assert_eq!(authority.name_of(&identity.thumbprint()).as_deref(), Some("somebody"));
        assert_eq!(authority.name_of(&thumbprint(b"something else")), None);
    }

    #[test]
    fn debug_shows_no_key() {
        let identity = Authority::new("Some Authority").unwrap().issue_client("somebody").unwrap();
        let line = identity.key_pem().lines().nth(1).unwrap().to_owned();
        assert!(identity.key_pem().contains(&line));
        assert!(!format!("{identity:?}").contains(&line));
    }
}
