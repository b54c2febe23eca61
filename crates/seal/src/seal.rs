//! What stands in a sealed file.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use claviger_error::{Error, ErrorKind};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::SealKey;

/// Seals what is kept, and opens it.
///
/// # Example
///
/// See the [crate's documentation](crate).
pub struct Seal {
    cipher: XChaCha20Poly1305,
    /// What a file of this kind begins with.
    mark: String,
    /// The same with the version, and with what tells a wrong key from a damaged file. Of a random key it tells nothing
    /// else.
    head: String,
}

/// Tells why a file was not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "whoever opens files has words for each")]
pub enum Unopened {
    /// It is not what was sealed, or was sealed under another name.
    Damaged,
    /// It was never sealed.
    NotSealed,
    /// It was sealed with another key.
    OtherKey,
    /// It was sealed by another version, of which this one knows nothing.
    OtherVersion,
}

impl Seal {
    /// Seals things of this kind, which is one word. No name of one kind may be one of another: the name is what is sealed
    /// in, and the kind only stands before it.
    #[must_use]
    pub fn new(key: &SealKey, kind: &str) -> Self {
        let mut digest = Sha256::new_with_prefix(format!("claviger {kind} key 1"));
        digest.update(key.expose_secret());
        let key_id: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let mark = mark(kind);
        Self {
            cipher: XChaCha20Poly1305::new(key.expose_secret().into()),
            head: format!("{mark}{VERSION}{key_id}\n"),
            mark,
        }
    }

    /// Seals the bytes under this name.
    ///
    /// # Errors
    ///
    /// [`Runtime`](ErrorKind::Runtime) if the operating system has no randomness to give.
    pub fn close(&self, plain: &[u8], name: &str) -> Result<Vec<u8>, Error> {
        let failed = || Error::new(ErrorKind::Runtime, "there is no randomness to seal it with");
        // So long that random ones do not meet.
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| failed())?;
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| failed())?;
        let data = STANDARD.encode([&nonce[..], &sealed].concat());
        Ok(format!("{}{data}\n", self.head).into_bytes())
    }

    /// Opens what [`close`](Self::close) sealed under the same name. The memory is wiped.
    ///
    /// # Errors
    ///
    /// [`Unopened`], if it was not that.
    pub fn open(&self, file: &[u8], name: &str) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let text = std::str::from_utf8(file).map_err(|_| Unopened::Damaged)?;
        let rest = text.strip_prefix(&self.mark).ok_or(Unopened::NotSealed)?;
        if !rest.starts_with(VERSION) {
            return Err(Unopened::OtherVersion);
        }
        let (_, data) = text.split_once('\n').ok_or(Unopened::Damaged)?;
        if !text.starts_with(&self.head) {
            return Err(Unopened::OtherKey);
        }
        let bytes = STANDARD.decode(data.trim_end()).map_err(|_| Unopened::Damaged)?;
        let (nonce, sealed) = bytes.split_first_chunk::<24>().ok_or(Unopened::Damaged)?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unopened::Damaged)?;
        Ok(Zeroizing::new(plain))
    }

    /// Tells whether it takes a key to read this file of that kind.
    #[must_use]
    pub fn is_on(file: &[u8], kind: &str) -> bool {
        file.starts_with(mark(kind).as_bytes())
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").finish_non_exhaustive()
    }
}

fn mark(kind: &str) -> String {
    format!("claviger sealed {kind} ")
}

const VERSION: &str = "1 ";

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(byte: u8) -> Seal {
        Seal::new(&SealKey::from_bytes(&[byte; 32]).unwrap(), "session")
    }

    #[test]
    fn opens_what_it_sealed_and_never_seals_alike() {
        let (one, two) =
            (seal(7).close(b"swordfish", "a").unwrap(), seal(7).close(b"swordfish", "a").unwrap());
        assert_ne!(one, two);
        for file in [one, two] {
            assert!(Seal::is_on(&file, "session") && !Seal::is_on(&file, "secret"));
            assert!(!file.windows(9).any(|window| window == b"swordfish"));
            assert_eq!(seal(7).open(&file, "a").unwrap().as_slice(), b"swordfish");
        }
    }

    #[test]
    fn opens_what_was_sealed_before() {
        // Written by the first version that sealed sessions.
        let file = include_bytes!("sealed.txt");
        assert_eq!(seal(7).open(file, "a").unwrap().as_slice(), b"swordfish");
    }

    #[test]
    fn tells_what_is_wrong() {
        let good = String::from_utf8(seal(7).close(b"swordfish", "a").unwrap()).unwrap();
        let open = |file: &str, name| seal(7).open(file.as_bytes(), name).unwrap_err();
        assert_eq!(open(&good, "b"), Unopened::Damaged, "that of another name");
        let (head, data) = good.split_once('\n').unwrap();
        let flipped = if data.starts_with('A') { "B" } else { "A" };
        for bad in [
            format!("{head}\n{flipped}{}", &data[1..]),
            format!("{head}\n"),
            format!("{head}\n!"),
            head.to_owned(),
            format!("{head}\n{}", &data[..data.len() / 2]),
        ] {
            assert_eq!(open(&bad, "a"), Unopened::Damaged, "{bad}");
        }
        assert_eq!(open("{}", "a"), Unopened::NotSealed);
        assert_eq!(open(&good.replace("session 1", "secret 1"), "a"), Unopened::NotSealed, "another kind");
        assert_eq!(open(&good.replace("session 1", "session 2"), "a"), Unopened::OtherVersion);
        assert_eq!(seal(8).open(good.as_bytes(), "a").unwrap_err(), Unopened::OtherKey);
    }

    #[test]
    fn each_kind_has_seals_of_its_own() {
        let key = SealKey::from_bytes(&[7; 32]).unwrap();
        let file = Seal::new(&key, "secret").close(b"swordfish", "a").unwrap();
        let file = String::from_utf8(file).unwrap();
        assert_eq!(seal(7).open(file.as_bytes(), "a").unwrap_err(), Unopened::NotSealed);
        let renamed = file.replace("secret", "session");
        assert_eq!(seal(7).open(renamed.as_bytes(), "a").unwrap_err(), Unopened::OtherKey);
    }
}
