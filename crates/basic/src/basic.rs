//! A user name and a password.

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use claviger_auth_core::{Credential, CredentialSource, Error, ErrorKind, Generation};
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Hands out one user name and password for ever.
///
/// There is no other to be had, so a 401 is passed on and nothing is sent twice.
///
/// # Example
///
/// ```
/// use claviger_auth_core::CredentialSource;
/// use claviger_basic::Basic;
///
/// let basic = Basic::new("Aladdin", &"open sesame".into())?;
/// assert_eq!(basic.ready().unwrap().value(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// assert!(Basic::new("Ala:ddin", &"open sesame".into()).is_err());
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Basic {
    credential: Credential,
}

impl Basic {
    /// Encodes a user name and a password, both in UTF-8 (RFC 7617 §2.1).
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the user name has a colon, which would end it where the
    /// server reads it, or if either has a control character (RFC 7617 §2).
    pub fn new(user: &str, password: &SecretString) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::new(
                ErrorKind::Configuration,
                "a user name for HTTP Basic cannot have a colon",
            )
            .with_advice("correct the user name; only the password may have colons"));
        }
        let password = password.expose_secret();
        if user.chars().chain(password.chars()).any(char::is_control) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "a user name or password for HTTP Basic cannot have control characters",
            )
            .with_advice("look for a line break or a tab at its end"));
        }
        // Sized beforehand: a string that grows leaves copies of itself behind.
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + password.len()));
        pair.push_str(user);
        pair.push(':');
        pair.push_str(password);
        let mut value = Zeroizing::new(String::with_capacity(SCHEME.len() + pair.len().div_ceil(3) * 4));
        value.push_str(SCHEME);
        STANDARD.encode_string(pair.as_bytes(), &mut value);
        let credential = Credential::new(AUTHORIZATION, &SecretString::from(value.as_str()))?;
        Ok(Self { credential })
    }
}

#[async_trait]
impl CredentialSource for Basic {
    fn ready(&self) -> Option<Credential> {
        Some(self.credential.clone())
    }

    fn is_fresh(&self, credential: &Credential) -> bool {
        credential.generation() == self.credential.generation()
    }

    async fn obtain(&self) -> Result<Credential, Error> {
        Ok(self.credential.clone())
    }

    fn generation(&self) -> Option<Generation> {
        Some(self.credential.generation())
    }

    fn invalidate(&self, _generation: Generation) {}
}

const SCHEME: &str = "Basic ";

#[cfg(test)]
mod tests {
    use super::*;

    fn header(user: &str, password: &str) -> String {
        let basic = Basic::new(user, &password.into()).unwrap();
        basic.ready().unwrap().value().to_str().unwrap().to_owned()
    }

    /// RFC 7617 §2 and §2.1: the two examples.
    #[test]
    fn encodes_the_examples_of_the_rfc() {
        assert_eq!(header("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(header("test", "123£"), "Basic dGVzdDoxMjPCow==");
    }

    #[test]
    fn nothing_is_form_encoded_and_nothing_has_to_be_there() {
        assert_eq!(header("a b", "c:d%+"), format!("Basic {}", STANDARD.encode("a b:c:d%+")));
        assert_eq!(header("", ""), format!("Basic {}", STANDARD.encode(":")));
    }

    #[test]
    fn refuses_what_a_server_would_read_otherwise() {
        for (user, password) in
            [("a:b", "c"), ("a\n", "c"), ("a", "c\r"), ("a\0", "c"), ("a", "c\u{7f}"), ("a", "\u{85}")]
        {
            let error = Basic::new(user, &password.into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{user:?} {password:?}");
        }
    }

    #[test]
    fn shows_no_secret() {
        let basic = Basic::new("Aladdin", &"open sesame".into()).unwrap();
        assert!(
            basic.ready().unwrap().value() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "it was there to be found"
        );
        let shown = format!("{basic:?}");
        assert!(!shown.contains("sesame") && !shown.contains("QWxh"), "{shown}");
    }
}
