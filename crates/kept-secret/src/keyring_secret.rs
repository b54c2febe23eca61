//! A secret in the platform's keyring.

use claviger_error::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};

/// Knows a secret in the platform's keyring: an entry of the service `claviger`, by its name.
///
/// On Linux that is whoever offers the Secret Service on D-Bus, on macOS the keychain, on Windows the credential manager.
/// The calls block, and the platform may ask the user for something.
///
/// # Example
///
/// ```
/// use claviger_kept_secret::KeyringSecret;
/// use secrecy::ExposeSecret;
///
/// # keyring_core::set_default_store(keyring_core::mock::Store::new()?);
/// let secret = KeyringSecret::new("acme");
/// secret.set(&"swordfish".into())?;
/// assert_eq!(secret.load()?.expose_secret(), "swordfish");
/// assert!(secret.forget()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyringSecret {
    name: String,
}

impl KeyringSecret {
    /// Names the entry.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// The entry's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gets the secret.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if there is none, or if the keyring cannot be used.
    pub fn load(&self) -> Result<SecretString, Error> {
        self.entry()?.get_password().map(SecretString::from).map_err(|error| self.failed(&error))
    }

    /// Puts the secret there, in the place of any before.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the keyring cannot be used.
    pub fn set(&self, secret: &SecretString) -> Result<(), Error> {
        self.entry()?.set_password(secret.expose_secret()).map_err(|error| self.failed(&error))
    }

    /// Takes the secret away, and tells whether there was one.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the keyring cannot be used.
    pub fn forget(&self) -> Result<bool, Error> {
        match self.entry()?.delete_credential() {
            Ok(()) => Ok(true),
            Err(keyring_core::Error::NoEntry) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn entry(&self) -> Result<keyring_core::Entry, Error> {
        if keyring_core::get_default_store().is_none()
            && let Err(error) = keyring::v1::Entry::store_status()
        {
            return Err(self.failed(error));
        }
        keyring_core::Entry::new("claviger", &self.name).map_err(|error| self.failed(&error))
    }

    /// The error itself is not kept: some have what stands in the keyring.
    fn failed(&self, error: &keyring_core::Error) -> Error {
        let (what, advice) = if matches!(error, keyring_core::Error::NoEntry) {
            ("the keyring has no such secret", "put it there: claviger secret set PROFILE")
        } else {
            (
                "the keyring cannot be used",
                "unlock it, and see whether this machine has one; or have secrets sealed in files: CLAVIGER_SECRETS=sealed",
            )
        };
        Error::new(ErrorKind::Configuration, what).with_subject(self.name.as_str()).with_advice(advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // One test alone: there is one keyring in a process.
    #[test]
    fn is_put_there_found_and_taken_away() {
        keyring_core::set_default_store(keyring_core::mock::Store::new().unwrap());
        let secret = KeyringSecret::new("acme");
        let error = secret.load().unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, Some("acme")));
        assert!(error.to_string().contains("no such secret") && error.advice().contains("secret set"));
        for text in ["swordfish", "marlin"] {
            secret.set(&text.into()).unwrap();
            assert_eq!(KeyringSecret::new("acme").load().unwrap().expose_secret(), text);
        }
        let entry = secret.entry().unwrap();
        let mock: &keyring_core::mock::Cred = entry.as_any().downcast_ref().unwrap();
        mock.set_error(keyring_core::Error::BadEncoding(b"swordfish".to_vec()));
        let error = secret.load().unwrap_err();
        assert_eq!(error.to_string(), "the keyring cannot be used (acme)");
        assert!(!format!("{error:?}").contains("115, 119"), "the bytes that it has are nobody's business");
        assert!(secret.forget().unwrap());
        assert!(!secret.forget().unwrap());
    }
}
