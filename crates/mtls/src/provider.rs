//! Which cryptography to use.

use std::sync::Arc;

use claviger_auth_core::{Error, ErrorKind};
use rustls::crypto::CryptoProvider;

/// Takes the given provider, else the process's default, else that of this crate's features.
pub(crate) fn resolve(given: Option<Arc<CryptoProvider>>) -> Result<Arc<CryptoProvider>, Error> {
    given.or_else(|| CryptoProvider::get_default().cloned()).or_else(built_in).ok_or_else(|| {
        Error::new(ErrorKind::Configuration, "there is no crypto provider").with_advice(
            "call with_crypto_provider or CryptoProvider::install_default, or turn on the feature ring or \
             aws-lc-rs of claviger-mtls",
        )
    })
}

#[cfg(feature = "aws-lc-rs")]
fn built_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    Some(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
fn built_in() -> Option<Arc<CryptoProvider>> {
    None
}
