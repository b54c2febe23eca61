//! What Clarify issues: the credentials file of an integration.

mod document;

use std::{fmt, path::Path, str::FromStr};

use claviger_auth_core::{Error, ErrorKind};
use claviger_input_file::InputFile;
use secrecy::SecretString;

use crate::Endpoints;

/// Holds the credentials of one integration at Clarify, and the URL of the API that they are for.
///
/// # Example
///
/// ```
/// use claviger_clarify::{Credentials, CredentialsType};
///
/// let credentials = Credentials::from_json(br#"{
///     "apiUrl": "https://api.clarify.io/v1/",
///     "integration": "c7s0j1e2qk1f3m9v8b10",
///     "credentials": {"type": "client-credentials", "clientId": "acme", "clientSecret": "swordfish"}
/// }"#)?;
/// assert_eq!(credentials.credentials_type(), CredentialsType::ClientCredentials);
/// assert!(!format!("{credentials:?}").contains("swordfish"));
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    credentials_type: CredentialsType,
    integration: String,
    client_id: String,
    client_secret: SecretString,
    endpoints: Endpoints,
}

impl Credentials {
    /// Takes a client id and secret that were read elsewhere, for the production API.
    #[must_use]
    pub fn client_credentials(
        integration: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: SecretString,
    ) -> Self {
        Self {
            credentials_type: CredentialsType::ClientCredentials,
            integration: integration.into(),
            client_id: client_id.into(),
            client_secret,
            endpoints: Endpoints::production(),
        }
    }

    /// Takes a password that was read elsewhere, for the production API. The user name is the integration.
    #[must_use]
    pub fn basic_auth(integration: impl Into<String>, password: SecretString) -> Self {
        let integration = integration.into();
        Self {
            credentials_type: CredentialsType::BasicAuth,
            client_id: integration.clone(),
            integration,
            client_secret: password,
            endpoints: Endpoints::production(),
        }
    }

    /// Reads the file that Clarify issues, mostly called `clarify-credentials.json`.
    ///
    /// Members that it does not know are passed over. For `basic-auth` the user name is the `integration`, as
    /// in the samples of Clarify's documentation; `clientId`, which then repeats it, is not looked at.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration), with the file and the field, and never with a value: if
    /// the file cannot be read, is not JSON, or is another file than that; if a field is missing or empty; if
    /// `apiUrl` is no `https` URL; if the type is unknown (see [`CredentialsType`]).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open(path.as_ref(), None)
    }

    /// As [`from_file`](Self::from_file), with this URL whatever the file's `apiUrl` says. It may be missing
    /// there, as it is in samples that lost it.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file), and those of [`Endpoints::new`].
    pub fn from_file_with_api_url(path: impl AsRef<Path>, api_url: &str) -> Result<Self, Error> {
        Self::open(path.as_ref(), Some(Endpoints::new(api_url)?))
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file), with the field alone.
    pub fn from_json(text: &[u8]) -> Result<Self, Error> {
        document::read(None, text, None)
    }

    /// Tells how these credentials are used.
    #[must_use]
    pub fn credentials_type(&self) -> CredentialsType {
        self.credentials_type
    }

    /// Returns the id of the integration, which many methods of the API ask for.
    #[must_use]
    pub fn integration(&self) -> &str {
        &self.integration
    }

    /// Returns the client id; for `basic-auth`, the user name.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the client secret, or the password, for those who compare it with another; its `Debug` does not show it.
    #[must_use]
    pub fn client_secret(&self) -> &SecretString {
        &self.client_secret
    }

    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    pub(crate) fn with_client(mut self, id: impl Into<String>, secret: SecretString) -> Self {
        self.client_id = id.into();
        self.client_secret = secret;
        self
    }

    fn open(path: &Path, endpoints: Option<Endpoints>) -> Result<Self, Error> {
        let file = InputFile::read(path, MAX_LENGTH).map_err(|error| {
            Error::new(ErrorKind::Configuration, "the credentials cannot be read")
                .with_subject(path.display().to_string())
                .with_advice("give the credentials file that Clarify issued, and the right to read it")
                .with_source(error)
        })?;
        document::read(Some(path), file.bytes(), endpoints)
    }
}

/// Names the two kinds of credentials that Clarify issues.
///
/// Clarify's sources spell them in several ways. These are known: `client-credentials` and
/// `client_credentials`; `basic-auth`, `basic` and `password`.
///
/// # Example
///
/// ```
/// use claviger_clarify::CredentialsType;
///
/// assert_eq!("password".parse::<CredentialsType>()?, CredentialsType::BasicAuth);
/// assert_eq!(CredentialsType::BasicAuth.to_string(), "basic-auth");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CredentialsType {
    /// A user name and a password, which go to the API as they are. Clarify calls them API keys, too.
    BasicAuth,
    /// A client id and a secret, for which tokens are fetched (OAuth 2.0).
    ClientCredentials,
}

impl fmt::Display for CredentialsType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BasicAuth => "basic-auth",
            Self::ClientCredentials => "client-credentials",
        })
    }
}

impl FromStr for CredentialsType {
    type Err = Error;

    /// Clarify's Go SDK writes `basic-auth` and its JavaScript SDK `password`; the former's own error speaks
    /// of `basic`. Third parties write `client_credentials`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "basic" | "basic-auth" | "password" => Ok(Self::BasicAuth),
            "client-credentials" | "client_credentials" => Ok(Self::ClientCredentials),
            _ => Err(Error::new(ErrorKind::Configuration, "the type of the credentials is not known")
                .with_advice(KNOWN_TYPES)),
        }
    }
}

/// Much more than the file has.
const MAX_LENGTH: usize = 1024 * 1024;
const KNOWN_TYPES: &str = "\
    the types are client-credentials (or client_credentials) and basic-auth (or basic, or password)";

#[cfg(test)]
mod tests;
