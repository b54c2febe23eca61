//! What was seen of certificates and handshakes, for those who explain it to somebody.

use std::{net::IpAddr, time::SystemTime};

use rustls::{ClientConnection, ProtocolVersion, pki_types::CertificateDer};
use x509_cert::{
    certificate::{CertificateInner, Raw},
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
    name::Name,
};

use crate::Identity;

/// Says what stands in a certificate, fit for a terminal.
///
/// # Example
///
/// ```
/// # let _ = rustls::crypto::ring::default_provider().install_default();
/// # let key = rcgen::KeyPair::generate()?;
/// # let mut parameters = rcgen::CertificateParams::new(vec!["acme.example".into()])?;
/// # parameters.distinguished_name.push(rcgen::DnType::CommonName, "acme");
/// # let (certificate, key) = (parameters.self_signed(&key)?.pem(), key.serialize_pem());
/// let identity = claviger_mtls::Identity::from_pem([certificate.as_bytes(), key.as_bytes()])?;
/// let own = &identity.certificates()[0];
/// assert!(own.subject.contains("CN=acme"));
/// assert_eq!(own.names, ["acme.example"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// Whom it is for, as RFC 4514 writes it.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names and addresses that it is for (subject alternative names).
    pub names: Vec<String>,
    /// Since when it is valid.
    pub not_before: SystemTime,
    /// Until when it is valid.
    pub not_after: SystemTime,
}

impl CertificateFacts {
    fn of(der: &[u8]) -> Option<Self> {
        let parsed = CertificateInner::<Raw>::from_der(der).ok()?;
        let facts = parsed.tbs_certificate();
        let names = facts.get_extension::<SubjectAltName>().ok().flatten();
        let names = names.map(|(_, names)| names.0.iter().filter_map(name).collect());
        let text = |name: &Name| plain(&name.to_string());
        Some(Self {
            subject: text(facts.subject()),
            issuer: text(facts.issuer()),
            names: names.unwrap_or_default(),
            not_before: facts.validity().not_before.to_system_time(),
            not_after: facts.validity().not_after.to_system_time(),
        })
    }
}

fn name(name: &GeneralName) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds of names are not for connections")]
    match name {
        GeneralName::DnsName(name) => Some(plain(name.as_str())),
        GeneralName::IpAddress(address) => {
            let bytes = address.as_bytes();
            let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|it| it.to_string())
        }
        GeneralName::Rfc822Name(name) | GeneralName::UniformResourceIdentifier(name) => {
            Some(plain(name.as_str()))
        }
        _ => None,
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

impl Identity {
    /// Says what stands in the certificates that are sent: the client's own, then those above it.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateFacts> {
        self.chain().iter().filter_map(|der| CertificateFacts::of(der)).collect()
    }
}

/// Tells how a handshake went.
#[derive(Clone, Debug)]
pub struct Handshake {
    version: Option<ProtocolVersion>,
    asked: bool,
    chain: Vec<CertificateDer<'static>>,
}

impl Handshake {
    pub(crate) fn of(connection: &ClientConnection, asked: bool) -> Self {
        let chain = connection.peer_certificates().unwrap_or_default();
        let chain = chain.iter().map(|der| der.clone().into_owned()).collect();
        Self { version: connection.protocol_version(), asked, chain }
    }

    /// Names the version of TLS: `TLS 1.2` or `TLS 1.3`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        if self.version == Some(ProtocolVersion::TLSv1_2) { "TLS 1.2" } else { "TLS 1.3" }
    }

    /// Tells whether the server asked for a client certificate. In a resumed session it does not ask again.
    #[must_use]
    pub fn asked_for_certificate(&self) -> bool {
        self.asked
    }

    /// Says what stands in the certificates that the server showed, its own first. They were verified.
    #[must_use]
    pub fn server_certificates(&self) -> Vec<CertificateFacts> {
        self.chain.iter().filter_map(|der| CertificateFacts::of(der)).collect()
    }
}
