//! Throw-away authorities and certificates for the tests.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::CryptoProvider;

use crate::{Identity, Tls, TlsBuilder, Trust};

/// An authority that issues whatever a test wants.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(authority_params(name), key).unwrap())
    }

    /// An authority below this one.
    pub(crate) fn below(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::signed_by(authority_params(name), key, &self.0).unwrap())
    }

    /// The certificate of an authority that issued it itself, for other years and with its key.
    pub(crate) fn reissued(&self, name: &str, from: i32, to: i32) -> String {
        let mut params = authority_params(name);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        params.self_signed(self.0.key()).unwrap().pem()
    }

    pub(crate) fn issue(&self, name: &str) -> Pair {
        self.issue_for_years(name, 2020, 2120)
    }

    pub(crate) fn issue_for_years(&self, name: &str, from: i32, to: i32) -> Pair {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.into()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        Pair { certificate: params.signed_by(&key, &self.0).unwrap().pem(), key: key.serialize_pem() }
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// The authority's own key, which no client has.
    pub(crate) fn key(&self) -> String {
        self.0.key().serialize_pem()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::given([self.pem().as_bytes()]).unwrap()
    }

    /// Starts a `Tls` that trusts this authority alone.
    pub(crate) fn tls(&self) -> TlsBuilder {
        Tls::builder(self.trust()).with_crypto_provider(provider())
    }
}

impl Pair {
    pub(crate) fn identity(&self) -> Identity {
        Identity::builder()
            .with_crypto_provider(provider())
            .with_pem("client.crt", self.certificate.as_bytes())
            .with_pem("client.key", self.key.as_bytes())
            .build()
            .unwrap()
    }
}

/// ring, or what xtask says by the environment: it runs all these tests on each.
#[expect(clippy::disallowed_methods, reason = "xtask says by the environment which it is")]
pub(crate) fn provider() -> Arc<CryptoProvider> {
    let wanted = std::env::var("CLAVIGER_CRYPTO_PROVIDER");
    Arc::new(match wanted.as_deref().unwrap_or("ring") {
        "ring" => rustls::crypto::ring::default_provider(),
        #[cfg(feature = "aws-lc-rs")]
        "aws-lc-rs" => rustls::crypto::aws_lc_rs::default_provider(),
        other => panic!("there is no crypto provider {other}, or its feature is off"),
    })
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}
