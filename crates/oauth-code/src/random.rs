//! What nobody can guess.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use claviger_auth_core::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Makes 43 characters of 32 random bytes: as RFC 7636 §4.1 recommends for a verifier.
pub(crate) fn unguessable() -> Result<SecretString, Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes)
        .map_err(|_| Error::new(ErrorKind::Runtime, "the operating system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(*bytes).into())
}

/// RFC 7636 §4.2: the method `S256`. The other one, `plain`, keeps nobody out.
pub(crate) fn challenge(verifier: &SecretString) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_challenge_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into();
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn is_another_each_time_and_of_the_characters_of_a_verifier() {
        let (one, other) = (unguessable().unwrap(), unguessable().unwrap());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), 43);
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        assert!(one.expose_secret().bytes().all(is_unreserved));
    }
}
