//! The private key that signs a client's assertions.

use std::{fmt, str::FromStr, sync::Arc};

use claviger_auth_core::{Error, ErrorKind};
use rustls::{
    SignatureAlgorithm, SignatureScheme,
    crypto::CryptoProvider,
    pki_types::{PrivateKeyDer, pem, pem::PemObject},
    sign::{Signer, SigningKey as TlsKey},
};

/// Names a signature algorithm of JSON Web Tokens (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// # Example
///
/// ```
/// use claviger_token_endpoint::SigningAlgorithm;
///
/// assert_eq!("PS256".parse::<SigningAlgorithm>()?, SigningAlgorithm::Ps256);
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// Ed25519 (`EdDSA`).
    EdDsa,
    /// ECDSA over P-256 with SHA-256 (`ES256`).
    Es256,
    /// RSASSA-PSS with SHA-256 (`PS256`).
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (`RS256`).
    Rs256,
}

impl SigningAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    /// The same by the name that TLS has for it. PSS has a salt as long as the digest in both (RFC 7518 §3.5,
    /// RFC 8446 §4.2.3).
    fn scheme(self) -> SignatureScheme {
        match self {
            Self::EdDsa => SignatureScheme::ED25519,
            Self::Es256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            Self::Ps256 => SignatureScheme::RSA_PSS_SHA256,
            Self::Rs256 => SignatureScheme::RSA_PKCS1_SHA256,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "no such signature algorithm")
                .with_advice("use RS256, PS256, ES256 or EdDSA, whichever fits the key")
        })
    }
}

const ALL: [SigningAlgorithm; 4] =
    [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256, SigningAlgorithm::Ps256, SigningAlgorithm::Rs256];

/// Signs assertions for `private_key_jwt`, with the cryptography that TLS uses, too.
///
/// A clone is one atomic increment. `Debug` shows no part of the key.
///
/// # Example
///
/// ```
/// use claviger_token_endpoint::{SigningAlgorithm, SigningKey};
///
/// # let _ = rustls::crypto::ring::default_provider().install_default();
/// # let pem = rcgen::KeyPair::generate()?.serialize_pem();
/// // In earnest: the file's bytes.
/// let key = SigningKey::from_pem(pem.as_bytes())?.with_id("2026-1");
/// assert_eq!(key.algorithm(), SigningAlgorithm::Es256);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    key: Arc<dyn TlsKey>,
    algorithm: SigningAlgorithm,
    id: Option<String>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the key: what it shows is up to the crypto provider.
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads a private key from PEM: PKCS#8, PKCS#1 or SEC1. RSA keys sign by RS256, unless another algorithm is
    /// [chosen](Self::with_algorithm).
    ///
    /// The process's crypto provider reads it.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if there is no such key in it, if it is encrypted, if it is of
    /// a kind that no algorithm here fits, or if no provider is
    /// [installed](CryptoProvider::install_default).
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let provider = CryptoProvider::get_default().ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "there is no crypto provider")
                .with_advice("call CryptoProvider::install_default, or give one: from_pem_with")
        })?;
        Self::from_pem_with(provider, pem)
    }

    /// Reads a private key as [`from_pem`](Self::from_pem) does, with this crypto provider.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_pem_with(provider: &CryptoProvider, pem: &[u8]) -> Result<Self, Error> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|error| unreadable(&error, pem))?;
        // What the provider says of a key that it does not take is not kept: it may quote it.
        let key = provider
            .key_provider
            .load_private_key(der)
            .map_err(|_| wrong("the crypto provider does not take this signing key").with_advice(KINDS))?;
        let kinds = [
            (SignatureAlgorithm::ECDSA, SigningAlgorithm::Es256),
            (SignatureAlgorithm::ED25519, SigningAlgorithm::EdDsa),
            (SignatureAlgorithm::RSA, SigningAlgorithm::Rs256),
        ];
        let kind = kinds.into_iter().find(|(kind, _)| *kind == key.algorithm());
        let (_, algorithm) =
            kind.ok_or_else(|| wrong("the signing key is of another kind").with_advice(KINDS))?;
        Self { key, algorithm, id: None }.with_algorithm(algorithm)
    }

    /// Chooses the algorithm.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the key is of another kind.
    pub fn with_algorithm(self, algorithm: SigningAlgorithm) -> Result<Self, Error> {
        let changed = Self { algorithm, ..self };
        changed.signer().map(|_| ()).map(|()| changed)
    }

    /// Sets the key's id, `kid` in the assertion's header (RFC 7515 §4.1.4): for servers that know several keys.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Returns the algorithm it signs by.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Signs, in the form that RFC 7518 §3 asks for.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = || Error::new(ErrorKind::Configuration, "the assertion could not be signed");
        let signature = self.signer()?.sign(message).map_err(|_| failed())?;
        match self.algorithm {
            SigningAlgorithm::Es256 => fixed_width(&signature).ok_or_else(failed),
            SigningAlgorithm::EdDsa | SigningAlgorithm::Ps256 | SigningAlgorithm::Rs256 => Ok(signature),
        }
    }

    fn signer(&self) -> Result<Box<dyn Signer>, Error> {
        self.key
            .choose_scheme(&[self.algorithm.scheme()])
            .ok_or_else(|| wrong("the signing key does not fit the signature algorithm").with_advice(KINDS))
    }
}

fn unreadable(error: &pem::Error, pem: &[u8]) -> Error {
    // Both forms of OpenSSL's: PKCS#8, and the older one with a header of its own.
    let is_encrypted = [&b"ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"]
        .into_iter()
        .any(|words| pem.windows(words.len()).any(|window| window == words));
    if is_encrypted {
        return wrong("the signing key is encrypted")
            .with_advice("decrypt it into a file that only you may read: openssl pkey -in FILE -out FILE");
    }
    if matches!(error, pem::Error::NoItemsFound) {
        return wrong("there is no private key in the signing key's PEM");
    }
    wrong("the signing key is not PEM")
}

/// Turns an ECDSA signature from TLS's form, a DER sequence of two integers (RFC 3279 §2.2.3), into that of JSON
/// Web Signatures: both with 32 bytes each, one after the other (RFC 7518 §3.4).
fn fixed_width(der: &[u8]) -> Option<Vec<u8>> {
    // Two integers of at most 33 bytes: each length is one byte.
    let [0x30, _, rest @ ..] = der else { return None };
    let (r, rest) = integer(rest)?;
    let (s, rest) = integer(rest)?;
    rest.is_empty().then(|| [r, s].concat())
}

fn integer(der: &[u8]) -> Option<([u8; 32], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (digits, rest) = rest.split_at_checked(usize::from(*length))?;
    // One zero stands before a digit whose first bit would be taken for a sign.
    let digits = digits.strip_prefix(&[0]).unwrap_or(digits);
    let mut padded = [0; 32];
    let start = padded.len().checked_sub(digits.len())?;
    padded.get_mut(start..)?.copy_from_slice(digits);
    Some((padded, rest))
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_subject("signing_key_file")
}

const KINDS: &str = "use an RSA key for RS256 and PS256, a P-256 key for ES256, an Ed25519 key for EdDSA";

#[cfg(test)]
mod tests;
