//! Who the client is, and how it proves that to the token endpoint.

use std::{fmt, str::FromStr};

use claviger_auth_core::{Error, ErrorKind};
use secrecy::SecretString;

#[cfg(feature = "jwt")]
use crate::SigningKey;

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
    /// Signs a short-lived assertion with the secret, by HS256 (`client_secret_jwt`, OpenID Connect Core §9).
    ///
    /// The secret itself is not sent. Needs the feature `jwt`.
    ClientSecretJwt,
    /// Sends id and secret as members of the form (`client_secret_post`, RFC 6749 §2.3.1).
    ClientSecretPost,
    /// Sends a JSON body in place of the form, with the same members (`json`, a name of ours).
    Json,
    /// Sends the id alone: a public client has no secret (`none`).
    None,
    /// Signs a short-lived assertion with a private key (`private_key_jwt`, RFC 7523 §2.2).
    ///
    /// Needs the feature `jwt`.
    PrivateKeyJwt,
    /// Sends the id alone; a client certificate that the server has on file is the proof
    /// (`self_signed_tls_client_auth`, RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
    /// Sends the id alone; a client certificate of an authority that the server trusts is the proof
    /// (`tls_client_auth`, RFC 8705 §2.1).
    TlsClientAuth,
}

impl ClientAuthenticationMethod {
    fn name(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretBasicRaw => "client_secret_basic_raw",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::ClientSecretPost => "client_secret_post",
            Self::Json => "json",
            Self::None => "none",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::TlsClientAuth => "tls_client_auth",
        }
    }

    /// Tells what proves who the client is: a secret, a signing key, or neither.
    #[must_use]
    pub fn proof(self) -> Proof {
        match self {
            Self::ClientSecretBasic
            | Self::ClientSecretBasicRaw
            | Self::ClientSecretJwt
            | Self::ClientSecretPost
            | Self::Json => Proof::Secret,
            Self::None => Proof::Nothing,
            Self::PrivateKeyJwt => Proof::SigningKey,
            Self::SelfSignedTlsClientAuth | Self::TlsClientAuth => Proof::Certificate,
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
                "use client_secret_basic, client_secret_basic_raw, client_secret_post, client_secret_jwt, \
                 private_key_jwt, tls_client_auth, self_signed_tls_client_auth, json or none",
            )
        })
    }
}

const ALL: [ClientAuthenticationMethod; 9] = [
    ClientAuthenticationMethod::ClientSecretBasic,
    ClientAuthenticationMethod::ClientSecretBasicRaw,
    ClientAuthenticationMethod::ClientSecretJwt,
    ClientAuthenticationMethod::ClientSecretPost,
    ClientAuthenticationMethod::Json,
    ClientAuthenticationMethod::None,
    ClientAuthenticationMethod::PrivateKeyJwt,
    ClientAuthenticationMethod::SelfSignedTlsClientAuth,
    ClientAuthenticationMethod::TlsClientAuth,
];

/// Tells what a method asks the client to have.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Proof {
    /// A client certificate, which the transport presents.
    Certificate,
    /// Nothing: the client is public.
    Nothing,
    /// A client secret.
    Secret,
    /// A private key to sign with.
    SigningKey,
}

/// Holds a client's id, its secret or key, and the method by which they are used.
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
    #[cfg(feature = "jwt")]
    pub(crate) key: Option<SigningKey>,
    #[cfg(feature = "jwt")]
    pub(crate) audience: Option<String>,
}

impl ClientAuthentication {
    /// Names the client and the method, which asks for a secret, a key, or neither:
    /// [`proof`](ClientAuthenticationMethod::proof) tells.
    #[must_use]
    pub fn new(method: ClientAuthenticationMethod, id: impl Into<String>) -> Self {
        Self {
            method,
            id: id.into(),
            secret: None,
            #[cfg(feature = "jwt")]
            key: None,
            #[cfg(feature = "jwt")]
            audience: None,
        }
    }

    /// Sets the client secret.
    #[must_use]
    pub fn with_secret(mut self, secret: SecretString) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Sets the key that signs assertions, for `private_key_jwt`.
    #[cfg(feature = "jwt")]
    #[must_use]
    pub fn with_signing_key(mut self, key: SigningKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Sets for whom assertions are: the server's issuer. The default is the issuer that was discovered, else
    /// the token URL (RFC 7523 §3).
    #[cfg(feature = "jwt")]
    #[must_use]
    pub fn with_assertion_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Checks that there is what the method needs, and nothing of another method (RFC 6749 §2.3).
    ///
    /// # Errors
    ///
    /// `Configuration`, with the setting that is missing or too much as subject.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |what, setting: &str| Error::new(ErrorKind::Configuration, what).with_subject(setting);
        if self.id.is_empty() {
            return Err(wrong("the client id is empty", "client_id"));
        }
        if ASSERTING.contains(&self.method) && !cfg!(feature = "jwt") {
            return Err(wrong("the client authentication method needs the feature jwt", "client_auth")
                .with_advice("turn on the feature jwt of claviger-token-endpoint, or use another method"));
        }
        let (secret, key) = (self.secret.is_some(), self.has_key());
        match self.method.proof() {
            Proof::Secret if key => {
                Err(wrong("a signing key is given, but not the method that uses it", KEY)
                    .with_advice("leave the key out, or use private_key_jwt"))
            }
            Proof::Secret => Ok(()),
            _ if secret => Err(wrong(
                "a client secret is given, but the client authentication method has no use for one",
                "client_secret",
            )
            .with_advice("leave it out, or name the method that sends it, such as client_secret_basic")),
            Proof::SigningKey if !key => Err(wrong("the signing key is missing", KEY)),
            Proof::Certificate | Proof::Nothing if key => {
                Err(wrong("a signing key is given, but not the method that uses it", KEY)
                    .with_advice("leave the key out, or use private_key_jwt"))
            }
            Proof::Certificate | Proof::Nothing | Proof::SigningKey => Ok(()),
        }
    }

    #[cfg(feature = "jwt")]
    fn has_key(&self) -> bool {
        self.key.is_some()
    }

    #[cfg(not(feature = "jwt"))]
    fn has_key(&self) -> bool {
        false
    }
}

/// The methods that send an assertion.
const ASSERTING: [ClientAuthenticationMethod; 2] =
    [ClientAuthenticationMethod::ClientSecretJwt, ClientAuthenticationMethod::PrivateKeyJwt];
const KEY: &str = "signing_key_file";

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
