//! What stands in the file: the session as it is, or sealed.

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use claviger_auth_core::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Seals with a key of 256 bits, by XChaCha20-Poly1305, and for one session: the file of another cannot take its place.
pub(crate) struct Seal {
    cipher: XChaCha20Poly1305,
    /// Tells a wrong key from a damaged file. Of a random key it tells nothing else.
    key_id: String,
}

impl Seal {
    /// # Errors
    ///
    /// `Configuration` if the key has not 32 bytes.
    pub(crate) fn new(key: &SecretSlice<u8>) -> Result<Self, Error> {
        let bytes: &[u8; 32] = key.expose_secret().try_into().map_err(|_| {
            Error::new(ErrorKind::Configuration, "the key for sessions has not 32 bytes")
                .with_advice("make one with: openssl rand -base64 32, and decode it from base64")
        })?;
        let mut digest = Sha256::new_with_prefix(b"claviger session key 1");
        digest.update(bytes);
        let key_id = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { cipher: XChaCha20Poly1305::new(&Key::from(*bytes)), key_id })
    }

    /// Seals the bytes for the session of this name.
    pub(crate) fn close(&self, plain: &[u8], name: &str) -> Result<Vec<u8>, Error> {
        let failed = || Error::new(ErrorKind::Runtime, "the session cannot be sealed");
        // So long that random ones do not meet.
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| failed())?;
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| failed())?;
        let data = STANDARD.encode([&nonce[..], &sealed].concat());
        Ok(format!("{MARK}{}\n{data}\n", self.key_id).into_bytes())
    }

    /// Opens what [`close`](Self::close) sealed.
    pub(crate) fn open(&self, file: &[u8], name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let damaged = || wrong("the stored session is damaged", "log in again");
        let text = std::str::from_utf8(file).map_err(|_| damaged())?;
        let Some(rest) = text.strip_prefix(MARK) else {
            return Err(match text.starts_with(ANY_MARK) {
                true => wrong("the session was stored by another version of this program", "log in again"),
                false => wrong("the stored session is not sealed, though there is a key", "log in again"),
            });
        };
        let (key_id, data) = rest.split_once('\n').ok_or_else(damaged)?;
        if key_id != self.key_id {
            let advice = "give the key that it was sealed with, or log in again";
            return Err(wrong("the stored session was sealed with another key", advice));
        }
        let bytes = STANDARD.decode(data.trim_end()).map_err(|_| damaged())?;
        let (nonce, sealed) = bytes.split_first_chunk::<24>().ok_or_else(damaged)?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())?;
        Ok(Zeroizing::new(plain))
    }
}

/// Tells whether it takes a key to read this.
pub(crate) fn is_sealed(file: &[u8]) -> bool {
    file.starts_with(ANY_MARK.as_bytes())
}

fn wrong(what: &'static str, advice: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_advice(advice)
}

const ANY_MARK: &str = "claviger sealed session ";
const MARK: &str = "claviger sealed session 1 ";

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(byte: u8) -> Seal {
        Seal::new(&vec![byte; 32].into()).unwrap()
    }

    #[test]
    fn opens_what_it_sealed_and_never_seals_alike() {
        let (one, two) =
            (seal(7).close(b"swordfish", "a").unwrap(), seal(7).close(b"swordfish", "a").unwrap());
        assert_ne!(one, two);
        for file in [one, two] {
            assert!(is_sealed(&file));
            assert!(!file.windows(9).any(|window| window == b"swordfish"));
            assert_eq!(seal(7).open(&file, "a").unwrap().as_slice(), b"swordfish");
        }
    }

    #[test]
    fn says_what_is_wrong_in_words_of_their_own() {
        let good = String::from_utf8(seal(7).close(b"swordfish", "a").unwrap()).unwrap();
        let open = |file: &str, name| seal(7).open(file.as_bytes(), name).unwrap_err().to_string();
        assert_eq!(open(&good, "b"), "the stored session is damaged", "that of another name");
        let (head, data) = good.split_once('\n').unwrap();
        let flipped = if data.starts_with('A') { "B" } else { "A" };
        for bad in [
            format!("{head}\n{flipped}{}", &data[1..]),
            format!("{head}\n"),
            format!("{head}\n!"),
            head.to_owned(),
            format!("{head}\n{}", &data[..data.len() / 2]),
        ] {
            assert_eq!(open(&bad, "a"), "the stored session is damaged", "{bad}");
        }
        assert_eq!(open("{}", "a"), "the stored session is not sealed, though there is a key");
        assert!(open(&good.replace("session 1", "session 2"), "a").contains("another version"));
        let other = seal(8).open(good.as_bytes(), "a").unwrap_err();
        assert_eq!(other.to_string(), "the stored session was sealed with another key");
    }

    #[test]
    fn a_key_has_256_bits() {
        for length in [0, 16, 31, 33, 44] {
            let Err(error) = Seal::new(&vec![7; length].into()) else { panic!("{length}") };
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
    }
}
