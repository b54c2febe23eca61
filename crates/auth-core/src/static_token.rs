//! A token that somebody was given.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::{AccessToken, Credential, CredentialSource, Error, ErrorKind, Generation};

/// Hands out one bearer token for ever.
///
/// It is never renewed, so a 401 is passed on and nothing is sent twice.
///
/// # Example
///
/// ```
/// use claviger_auth_core::{CredentialSource, StaticToken};
///
/// let token = StaticToken::bearer("swordfish".into())?;
/// assert_eq!(token.ready().unwrap().value(), "Bearer swordfish");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticToken {
    credential: Credential,
}

impl StaticToken {
    /// Takes a bearer token. A scheme that was pasted in front of it (`Bearer …`) is taken off.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is empty or has characters that no token has.
    pub fn bearer(token: SecretString) -> Result<Self, Error> {
        let text = token.expose_secret().trim_start();
        let text = match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest,
            _ => text,
        };
        let text = text.trim();
        let token = AccessToken::bearer(&text.into()).map_err(|error| {
            Error::new(ErrorKind::Configuration, "the given token cannot be used as a bearer token")
                .with_source(error)
        })?;
        Ok(Self { credential: Credential::of(&token) })
    }
}

#[async_trait]
impl CredentialSource for StaticToken {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c2_takes_off_a_pasted_scheme() {
        for pasted in ["Bearer abc", "bearer  abc", " abc\n", "BEARER abc "] {
            let token = StaticToken::bearer(pasted.into()).unwrap();
            assert_eq!(token.ready().unwrap().value(), "Bearer abc", "{pasted:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_token() {
        for bad in ["", "Bearer ", "two words", "a\nb"] {
            let error = StaticToken::bearer(bad.into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{bad:?}");
        }
    }
}
