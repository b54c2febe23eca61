//! What Clara issues: a client id, a secret, a certificate and its key.

mod document;
mod folder;

use std::{fmt, path::Path};

use claviger_auth_core::Error;
use claviger_mtls::{Identity, Trust};
use secrecy::SecretString;

/// Holds the credentials of one project at Clara. They are valid for 360 days at most (Clara's developer
/// portal, "Authentication"); [`Identity::not_after`] tells how long these are.
#[derive(Clone)]
pub struct Credentials {
    client_id: String,
    client_secret: SecretString,
    identity: Identity,
    /// The certificates of the CAs that came with them, as PEM: they alone, of texts that may hold a key too.
    authorities: Vec<Vec<u8>>,
}

impl Credentials {
    /// Takes what was read elsewhere.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: SecretString, identity: Identity) -> Self {
        Self { client_id: client_id.into(), client_secret, identity, authorities: Vec::new() }
    }

    /// Reads the folder that Clara sent: the files end in `.json`, `.crt`, `.pem` and `.key`.
    ///
    /// Each file is judged by its content, not by its name: Clara's pages differ on what is in which. The
    /// certificate that belongs to the key is the client's own (Clara's guide, "Authentication & Access"; its
    /// troubleshooting guide). The key and the certificate may stand in the JSON file, too. A file that is none
    /// of these is passed over.
    ///
    /// Servers are trusted whose CA is in the folder, in a file that has no certificates but those of CAs
    /// (`BasicConstraints` with CA:TRUE). It need not have issued the server's certificate: the one CA file
    /// that comes along may be that of the client's issuer, and is trusted all the same. Any other certificate
    /// is passed over, last year's for one, and so are the CAs that stand in one file with it.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration), with the file and the field: if the
    /// folder cannot be read; if no file, or more than one, holds a client id and secret; if the only JSON
    /// file is an API specification or a Postman collection; if there is no key, no certificate for it, or
    /// one that is not valid now (see [`Identity::from_pem`]). Where something is missing, a file that was
    /// passed over because it is empty or damaged is named.
    pub fn from_dir(folder: impl AsRef<Path>) -> Result<Self, Error> {
        folder::read(folder.as_ref())
    }

    /// Returns the client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the client certificate.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the client secret, for those who compare it with another; its `Debug` does not show it.
    #[must_use]
    pub fn client_secret(&self) -> &SecretString {
        &self.client_secret
    }

    pub(crate) fn with_client(mut self, id: impl Into<String>, secret: SecretString) -> Self {
        self.client_id = id.into();
        self.client_secret = secret;
        self
    }

    /// Trusts the CAs that came along *beside* the platform's roots: some servers of Clara's were seen to
    /// need the one, some the other.
    pub(crate) fn trust(&self) -> Result<Trust, Error> {
        if self.authorities.is_empty() {
            return Ok(Trust::platform());
        }
        Trust::both(self.authorities.iter().map(Vec::as_slice))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("identity", &self.identity)
            .field("authorities", &self.authorities.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
