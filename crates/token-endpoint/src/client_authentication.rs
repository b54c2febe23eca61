//! Who the client is, and how it proves that to the token endpoint.

use std::{fmt, str::FromStr};

use claviger_auth_core::{Error, ErrorKind};
use secrecy::SecretString;

/// Names the way in which a client proves who it is, as RFC 7591 §2 and IANA's registry name it.
///
/// Each request uses exactly one (RFC 6749 §2.3).
///
/// # Example
///
/// ```
/// use claviger_token_endpoint::ClientAuthenticationMethod;
///
/// let method: ClientAuthenticationMethod = "client_secret_post".parse()?;
/// assert_eq!(method, ClientAuthenticationMethod::ClientSecretPost);
/// assert_eq!(method.to_string(), "client_secret_post");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ClientAuthenticationMethod {
    /// Sends id and secret by HTTP Basic, each form-encoded first (`client_secret_basic`, RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// Sends id and secret by HTTP Basic as they are (`client_secret_basic_raw`, a name of ours).
    ///
    /// Many servers skip the form-encoding that the RFC asks for (errata 4749 and 6017 of RFC 6749). It
    /// makes a difference only where id or secret hold other characters than letters, digits and `*-._`.
    ClientSecretBasicRaw,
    /// Sends id and secret as members of the form (`client_secret_post`, RFC 6749 §2.3.1).
    ClientSecretPost,
    /// Sends a JSON body in place of the form, with the same members (`json`, a name of ours).
    Json,
    /// Sends the id alone: a public client has no secret (`none`).
    None,
}

impl ClientAuthenticationMethod {
    fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretBasicRaw => "client_secret_basic_raw",
            Self::ClientSecretPost => "client_secret_post",
            Self::Json => "json",
            Self::None => "none",
        }
    }
}

impl fmt::Display for ClientAuthenticationMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ClientAuthenticationMethod {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        ALL.into_iter().find(|method| method.name() == name).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "no such client authentication method").with_advice(
                "use client_secret_basic, client_secret_basic_raw, client_secret_post, json or none",
            )
        })
    }
}

const ALL: [ClientAuthenticationMethod; 5] = [
    ClientAuthenticationMethod::ClientSecretBasic,
    ClientAuthenticationMethod::ClientSecretBasicRaw,
    ClientAuthenticationMethod::ClientSecretPost,
    ClientAuthenticationMethod::Json,
    ClientAuthenticationMethod::None,
];

/// Holds a client's id and secret, and the method by which they are sent.
///
/// # Example
///
/// ```
/// use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod};
///
/// let client = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretBasic, "acme")
///     .with_secret("swordfish".into());
/// assert!(!format!("{client:?}").contains("swordfish"));
/// ```
#[derive(Clone, Debug)]
pub struct ClientAuthentication {
    pub(crate) method: ClientAuthenticationMethod,
    pub(crate) id: String,
    pub(crate) secret: Option<SecretString>,
}

impl ClientAuthentication {
    /// Names the client and the method. Every method but `none` asks for a secret too.
    #[must_use]
    pub fn new(method: ClientAuthenticationMethod, id: impl Into<String>) -> Self {
        Self { method, id: id.into(), secret: None }
    }

    /// Sets the client secret.
    #[must_use]
    pub fn with_secret(mut self, secret: SecretString) -> Self {
        self.secret = Some(secret);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_names_that_it_writes() {
        for method in ALL {
            assert_eq!(method.to_string().parse::<ClientAuthenticationMethod>().unwrap(), method);
        }
    }

    #[test]
    fn does_not_repeat_an_unknown_name() {
        let error = "swordfish".parse::<ClientAuthenticationMethod>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            !format!("{error} {error:?}").contains("swordfish"),
            "a secret may be pasted in the wrong line"
        );
        assert!(error.advice().contains("client_secret_post"));
    }
}
