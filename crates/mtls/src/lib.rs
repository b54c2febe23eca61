//! TLS connections that say who is calling: client identity, trust, and a connector layer.
//!
//! # What it does
//!
//! It reads a client certificate and its key from every form that people get them in (PEM, DER, encrypted
//! keys, and with the feature `pkcs12` PKCS#12), checks that they are a pair and valid, makes TLS connections
//! with them over any TCP connector, and takes others when the files change ([`Rotation`]). What goes wrong, in a
//! file or in a handshake, is told in words, with what to do about it.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ provider
//!                                                                                ^^^^^^^^^^^^^
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_mtls::{MtlsLayer, Tls, Trust};
//! use hyper_util::client::legacy::connect::HttpConnector;
//! use tower_layer::Layer;
//!
//! # let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
//! # let key = rcgen::KeyPair::generate()?;
//! # let mut parameters = rcgen::CertificateParams::new(vec!["localhost".into()])?;
//! # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
//! # let pem = parameters.self_signed(&key)?.pem();
//! # let (ca, identity) = (pem.as_bytes(), pem.clone() + &key.serialize_pem());
//! # let identity = claviger_mtls::Identity::builder()
//! #     .with_crypto_provider(provider.clone())
//! #     .with_pem("client.pem", identity.as_bytes())
//! #     .build()?;
//! let tls = Tls::builder(Trust::given([ca])?)
//!     .with_identity(identity) // Identity::from_files(["client.crt", "client.key"])?
//! #   .with_crypto_provider(provider)
//!     .build()?;
//! let mut tcp = HttpConnector::new();
//! tcp.enforce_http(false);
//! let connector = MtlsLayer::new(tls).layer(tcp);
//! // The private key shows nowhere.
//! assert!(!format!("{connector:?}").contains("PRIVATE"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It has no switch to leave out the server's check, brings no cryptography of its own, and turns none on:
//! take the feature `ring` or `aws-lc-rs`, or give a provider. What is encrypted in an old form it does not
//! read; it says which command converts it. It does not pool connections: that is `claviger-client`.

mod certificate;
mod connector;
mod demand;
mod der;
mod failure;
mod file;
#[cfg(test)]
mod fixture;
mod foreign;
mod identity;
mod part;
mod pem;
#[cfg(feature = "pkcs12")]
mod pkcs12;
mod private_key;
mod provider;
mod rotation;
mod seen;
mod stream;
mod tls;
mod trust;
mod unlock;

pub use {
    connector::{MtlsConnector, MtlsLayer},
    identity::{Identity, IdentityBuilder},
    rotation::{Rotation, RotationEvent, Watch},
    seen::{CertificateFacts, Handshake},
    stream::{ConnectionReport, MtlsStream},
    tls::{Tls, TlsBuilder},
    trust::Trust,
};
