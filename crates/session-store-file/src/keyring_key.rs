//! The key in the platform's keyring.

use claviger_auth_core::{Error, ErrorKind};
use claviger_seal::SealKey;
use keyring_core::Entry;
use zeroize::Zeroizing;

/// Finds the key for sessions in the platform's keyring, and makes one there.
///
/// Which keyring that is, the program says, once, by `keyring_core::set_default_store` with the store of its platform:
/// a library does not choose. The calls block, and may have the platform ask the user for something.
///
/// # Example
///
/// ```
/// use claviger_session_store_file::KeyringKey;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // In earnest: that of the platform, from one of the crates that keyring-core names.
/// keyring_core::set_default_store(keyring_core::mock::Store::new()?);
///
/// let place = KeyringKey::new("claviger", "sessions");
/// let made = match place.load()? {
///     Some(key) => key,
///     None => place.make()?, // once, at a login
/// };
/// let found = place.load()?.expect("it is there now");
/// assert_eq!(found.expose_secret(), made.expose_secret());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KeyringKey {
    service: String,
    user: String,
}

impl KeyringKey {
    /// Names the entry.
    #[must_use]
    pub fn new(service: impl Into<String>, user: impl Into<String>) -> Self {
        Self { service: service.into(), user: user.into() }
    }

    /// Returns the key, if there is one.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the program chose no keyring, or if the one that it chose is locked
    /// or not there.
    pub fn load(&self) -> Result<Option<SealKey>, Error> {
        match self.entry()?.get_secret() {
            Ok(key) => SealKey::from_bytes(&Zeroizing::new(key))
                .map(Some)
                .map_err(|error| error.with_subject(self.subject())),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Makes a key and puts it there, in the place of any before. Sessions that were sealed with that one are lost.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load); and [`Runtime`](ErrorKind::Runtime) if the operating system gives no random numbers.
    pub fn make(&self) -> Result<SealKey, Error> {
        let key = SealKey::random()?;
        self.entry()?.set_secret(key.expose_secret()).map_err(|error| self.failed(&error))?;
        Ok(key)
    }

    fn entry(&self) -> Result<Entry, Error> {
        Entry::new(&self.service, &self.user).map_err(|error| self.failed(&error))
    }

    /// The error itself is not kept: some have what stands in the keyring.
    fn failed(&self, error: &keyring_core::Error) -> Error {
        let (what, advice) = if matches!(error, keyring_core::Error::NoDefaultStore) {
            (
                "there is no keyring to look for the key in",
                "choose one by keyring_core::set_default_store, or have the key elsewhere",
            )
        } else {
            (
                "the keyring cannot be used",
                "unlock it, and see whether this machine has one; else have the key in a file of your own",
            )
        };
        Error::new(ErrorKind::Configuration, what).with_subject(self.subject()).with_advice(advice)
    }

    fn subject(&self) -> String {
        format!("{}, {}", self.service, self.user)
    }
}

#[cfg(test)]
mod tests {
    use keyring_core::mock;

    use super::*;

    #[test]
    fn a_key_that_was_made_is_found_and_a_keyring_that_fails_is_told() {
        let place = KeyringKey::new("claviger", "sessions");
        let none = place.load().unwrap_err();
        assert!(none.to_string().starts_with("there is no keyring"), "{none}");

        keyring_core::set_default_store(mock::Store::new().unwrap());
        assert!(place.load().unwrap().is_none());
        let made = place.make().unwrap();
        assert_eq!(place.load().unwrap().unwrap().expose_secret(), made.expose_secret());
        let other = KeyringKey::new("claviger", "other").make().unwrap();
        assert_ne!(other.expose_secret(), made.expose_secret());

        let entry = place.entry().unwrap();
        let mock: &mock::Cred = entry.as_any().downcast_ref().unwrap();
        mock.set_error(keyring_core::Error::BadEncoding(b"swordfish".to_vec()));
        let error = place.load().unwrap_err();
        assert_eq!(error.to_string(), "the keyring cannot be used (claviger, sessions)");
        assert!(!format!("{error:?}").contains("115, 119"), "the bytes that it has are nobody's business");
    }
}
