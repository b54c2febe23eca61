//! What a provider gives to one client: an id and a secret.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::random;

/// Holds an id, and a secret that can be replaced.
pub struct Account {
    id: String,
    secret: Mutex<String>,
}

impl Account {
    /// Draws both at random.
    ///
    /// # Errors
    ///
    /// If no random bytes can be had.
    pub fn draw() -> Result<Self, Error> {
        Self::named(random::text::<24>()?)
    }

    /// Draws a secret for this id.
    ///
    /// # Errors
    ///
    /// If no random bytes can be had.
    pub fn named(id: String) -> Result<Self, Error> {
        Ok(Self { id, secret: Mutex::new(random::text::<48>()?) })
    }

    /// Gives the id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Gives the present secret.
    pub fn secret(&self) -> String {
        self.present().clone()
    }

    /// Puts another secret in the place of the present one.
    pub fn set_secret(&self, secret: String) {
        *self.present() = secret;
    }

    /// Tells whether these are the credentials of this account.
    pub fn accepts(&self, id: &str, secret: &str) -> bool {
        self.id == id && *self.present() == secret
    }

    fn present(&self) -> MutexGuard<'_, String> {
        self.secret.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("id", &self.id).finish_non_exhaustive()
    }
}
