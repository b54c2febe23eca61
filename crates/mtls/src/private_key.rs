//! A private key, out of sight and wiped.

use std::fmt;

use rustls_pki_types::PrivateKeyDer;
use zeroize::Zeroize;

use crate::der::{Elements, Form};

/// Keeps a key from `Debug`, and wipes its memory when it goes.
///
/// Best effort: the decoders of PEM and PKCS#12 leave their buffers behind, the crypto provider the copy that it
/// is given, and its own form of the key lives for as long as it signs.
pub(crate) struct PrivateKey(PrivateKeyDer<'static>);

impl PrivateKey {
    pub(crate) fn new(key: PrivateKeyDer<'static>) -> Self {
        Self(key)
    }

    /// Tells whether it has the members of a PKCS#8 key (RFC 5958 §2): whatever a wrong passphrase makes has not.
    pub(crate) fn is_pkcs8(&self) -> bool {
        Elements::of(self.0.secret_der()).next().is_some_and(|element| element.form() == Form::Pkcs8)
    }

    /// Copies the key for the crypto provider, which takes it by value.
    pub(crate) fn to_der(&self) -> PrivateKeyDer<'static> {
        self.0.clone_key()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([REDACTED])")
    }
}

impl Drop for PrivateKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
