//! Clara's API (clara.com): client certificate, OAuth 2.0 and `X-Tax-Identifier`.
//!
//! # What it does
//!
//! It reads the folder that Clara sends, checks it, and puts three things on every request: the client
//! certificate on the connection, a token fetched with that certificate, and the company that the request is
//! for. [`Client`] is ready to use; [`ClaraLayer`] is for a client of one's own.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ Clara
//!            └────────────── ClaraLayer ──────────────────┘
//!            └───────────────────────────────── Client ────────────────────────────┘
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_clara::{Config, Country, Credentials, Environment, TaxIdentifier};
//!
//! # let dir = tempfile::tempdir()?;
//! # let key = rcgen::KeyPair::generate()?;
//! # let certificate = rcgen::CertificateParams::new(Vec::new())?.self_signed(&key)?.pem();
//! # std::fs::write(dir.path().join("a.json"), r#"{"clientId":"acme","clientSecret":"swordfish"}"#)?;
//! # std::fs::write(dir.path().join("a.crt"), certificate)?;
//! # std::fs::write(dir.path().join("a.key"), key.serialize_pem())?;
//! # let folder = dir.path();
//! let credentials = Credentials::from_dir(folder)?;
//! let config = Config::new(Country::Mexico, credentials)
//!     .with_environment(Environment::Test)
//!     .with_tax_identifier(TaxIdentifier::new("ACME8001011H0", Country::Mexico)?);
//! let url = config.endpoints().url("/api/v3/transactions")?;
//! assert_eq!(url, "https://public-api.mx.clara.com/api-test/v3/transactions");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It does not model Clara's resources, follow its pages, or retry after errors: it answers with what Clara
//! answered. A 403 (a tax identifier that is not of the group, a missing permission) is passed on.
//! What else is left out, and why, is in `docs/clara.md`.

#[cfg(feature = "client")]
mod client;
mod config;
mod credentials;
mod endpoints;
mod environment;
mod layer;
mod tax_identifier;

#[cfg(feature = "client")]
pub use client::{Client, ResponseFuture};
pub use {
    config::Config,
    credentials::Credentials,
    endpoints::{Country, Endpoints},
    environment::Environment,
    layer::{ClaraLayer, ClaraService},
    tax_identifier::TaxIdentifier,
};

/// The README's examples, compiled as tests of this crate: it is the one that has all that they use.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
