//! Issues certificates for servers that are not the sandbox.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

/// An authority of the test's own.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
    serial: u64,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = named(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn server(&self) -> Issued {
        self.issue("server", &["127.0.0.1", "localhost"], ExtendedKeyUsagePurpose::ServerAuth)
    }

    pub(crate) fn client(&self, name: &str) -> Issued {
        self.issue(name, &[], ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// Revokes a certificate: as the list of all that are revoked, in PEM.
    pub(crate) fn revoke(&self, issued: &Issued) -> String {
        let (before, after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2120, 1, 1));
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(issued.serial),
            revocation_time: before,
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: before,
            next_update: after,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    fn issue(&self, name: &str, subjects: &[&str], purpose: ExtendedKeyUsagePurpose) -> Issued {
        let key = KeyPair::generate().unwrap();
        let mut params = named(name, subjects);
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        params.serial_number = Some(SerialNumber::from(serial));
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Issued { certificate, key: key.serialize_pem(), serial }
    }
}

impl Issued {
    /// No authority stands above it.
    pub(crate) fn by_itself(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        let mut params = named(name, &[]);
        params.serial_number = Some(SerialNumber::from(serial));
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, key: key.serialize_pem(), serial }
    }

    /// As nginx and openssl write it.
    pub(crate) fn serial(&self) -> String {
        format!("{:X}", self.serial)
    }

    pub(crate) fn identity(&self) -> claviger_mtls::Identity {
        claviger_mtls::Identity::from_pem([self.certificate.as_bytes(), self.key.as_bytes()]).unwrap()
    }
}

fn named(name: &str, subjects: &[&str]) -> CertificateParams {
    let subjects: Vec<String> = subjects.iter().map(|&subject| subject.to_owned()).collect();
    let mut params = CertificateParams::new(subjects).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Above what fits into one byte, so that it is written alike everywhere.
static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0x1000);
