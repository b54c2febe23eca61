//! A secret that was put in its place by `claviger secret set`: in the platform's keyring, or in a sealed file.

#[cfg(feature = "keyring")]
mod keyring;
#[cfg(not(feature = "keyring"))]
mod sealed;

use claviger_auth_core::Error;
use secrecy::SecretString;

#[cfg(feature = "keyring")]
use self::keyring::{Place, place, shown};
#[cfg(not(feature = "keyring"))]
use self::sealed::{Place, place, shown};
use crate::Variables;

/// Knows what `{ keyring = "…" }` means.
///
/// With the feature `keyring` that is the platform's keyring: on Linux whoever offers the Secret Service on D-Bus, on
/// macOS the keychain, on Windows the credential manager. Without, it is a sealed file below the folder for state. Its key
/// is that of `$CLAVIGER_SEAL_KEY`, or in the file of `$CLAVIGER_SEAL_KEY_FILE`; else one that is kept beside it.
///
/// The calls block, and a keyring may ask the user for something.
///
/// # Example
///
/// ```
/// use claviger_profiles::{KeptSecret, Variables};
///
/// let nowhere = KeptSecret::new("acme", &Variables::new(|_| None));
/// # #[cfg(not(feature = "keyring"))]
/// assert!(nowhere.unwrap_err().advice().contains("$CLAVIGER_STATE_DIR"));
/// ```
#[derive(Clone, Debug)]
pub struct KeptSecret {
    name: String,
    place: Place,
}

impl KeptSecret {
    /// Names the secret. Of the variables those say where it is that are named above.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if there is no folder for state, or if the key is
    /// no key.
    pub fn new(name: impl Into<String>, variables: &Variables) -> Result<Self, Error> {
        let name = name.into();
        let place = place(&name, variables)?;
        Ok(Self { name, place })
    }

    /// Gets the secret.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if there is none, or none that can be read.
    pub fn load(&self) -> Result<SecretString, Error> {
        self.place.load()
    }

    /// Puts the secret there, in the place of any before.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it cannot be put there.
    pub fn set(&self, secret: &SecretString) -> Result<(), Error> {
        self.place.set(secret)
    }

    /// Takes the secret away, and tells whether there was one.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it cannot be taken away.
    pub fn forget(&self) -> Result<bool, Error> {
        self.place.forget()
    }

    /// Tells where it is.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}, {}", self.name, shown(&self.place))
    }
}
