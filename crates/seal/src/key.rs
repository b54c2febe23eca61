//! Keys of 256 bits.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use claviger_error::{Error, ErrorKind};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};
use zeroize::Zeroizing;

/// A key to seal with: 32 random bytes. `Debug` shows none of them, and they are wiped. A clone is cheap.
///
/// # Example
///
/// ```
/// use claviger_seal::SealKey;
///
/// // What `openssl rand -base64 32` prints.
/// let key = SealKey::from_base64(&"q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=".into())?;
/// assert!(!format!("{key:?}").contains("171"));
/// assert!(SealKey::from_base64(&"swordfish".into()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SealKey(Arc<SecretBox<[u8; LENGTH]>>);

impl SealKey {
    /// Makes one of the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`Runtime`](ErrorKind::Runtime) if that has none to give.
    pub fn random() -> Result<Self, Error> {
        let mut key = SecretBox::new(Box::new([0; LENGTH]));
        getrandom::fill(key.expose_secret_mut())
            .map_err(|_| Error::new(ErrorKind::Runtime, "there is no randomness to make a key of"))?;
        Ok(Self(Arc::new(key)))
    }

    /// Takes the bytes.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if they are not 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != LENGTH {
            return Err(Error::new(ErrorKind::Configuration, "the key has not 32 bytes"));
        }
        // In its place at once: elsewhere it would not be wiped.
        let mut key = SecretBox::new(Box::new([0; LENGTH]));
        key.expose_secret_mut().copy_from_slice(bytes);
        Ok(Self(Arc::new(key)))
    }

    /// Reads it from base64, with its padding (RFC 4648 section 4).
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if that is not what it is, or if it has not 32 bytes.
    pub fn from_base64(text: &SecretString) -> Result<Self, Error> {
        // With room for what the decoder reckons with.
        let mut bytes = Zeroizing::new([0; LENGTH + 4]);
        let length = STANDARD.decode_slice(text.expose_secret(), &mut *bytes).map_err(|_| no_key())?;
        bytes.get(..length).ok_or_else(no_key).and_then(|bytes| Self::from_bytes(bytes).map_err(|_| no_key()))
    }

    /// Writes it as [`from_base64`](Self::from_base64) reads it.
    #[must_use]
    pub fn to_base64(&self) -> SecretString {
        STANDARD.encode(self.expose_secret()).into()
    }

    /// The bytes themselves: for where a key is written to.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; LENGTH] {
        self.0.expose_secret()
    }
}

fn no_key() -> Error {
    Error::new(ErrorKind::Configuration, "the key is not 32 bytes in base64")
        .with_advice("make one with: openssl rand -base64 32")
}

const LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_256_bits() {
        for length in [0, 16, 31, 33, 44] {
            assert_eq!(SealKey::from_bytes(&vec![7; length]).unwrap_err().kind(), ErrorKind::Configuration);
        }
        assert_eq!(SealKey::from_bytes(&[7; 32]).unwrap().expose_secret(), &[7; 32]);
    }

    #[test]
    fn is_written_as_it_is_read() {
        let key = SealKey::random().unwrap();
        assert_eq!(SealKey::from_base64(&key.to_base64()).unwrap().expose_secret(), key.expose_secret());
        assert_ne!(SealKey::random().unwrap().expose_secret(), key.expose_secret());
        let good = key.to_base64();
        let text = good.expose_secret();
        for bad in ["", "swordfish", text.trim_end_matches('='), &text[..24], &format!("{text}{text}")] {
            let error = SealKey::from_base64(&bad.into()).unwrap_err();
            assert!(error.advice().contains("openssl rand"), "{error}");
            assert!(!format!("{error} {error:?}").contains(text));
        }
    }

    #[test]
    fn shows_none_of_itself() {
        let key = SealKey::from_bytes(b"swordfishswordfishswordfishsword").unwrap();
        assert!(key.expose_secret().starts_with(b"swordfish"));
        let shown = format!("{key:?}");
        assert!(!shown.contains("sword") && !shown.contains("115, 119"), "{shown}");
    }
}
