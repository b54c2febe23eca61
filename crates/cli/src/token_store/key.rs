//! What tells one kept token from another.

use std::fmt;

use claviger_auth_core::AccessToken;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::providers::TokenRequestFacts;

/// Names a kept token: the SHA-256 of all that tells it from others, each fact with its length, so that no two
/// sets of them run together.
///
/// The client secret is left out. Names of files get into listings, backups and bug reports, and a digest is all
/// it takes to try out, far from here, every secret that somebody might have chosen. A wrong secret is noticed
/// all the same: see [`secret_check`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of(facts: &TokenRequestFacts) -> Self {
        let mut digest = Sha256::new_with_prefix(b"claviger token 1");
        for fact in [facts.provider, &facts.token_url, &facts.client_id] {
            add(&mut digest, Some(fact.as_bytes()));
        }
        for fact in [&facts.scope, &facts.audience] {
            add(&mut digest, fact.as_ref().map(String::as_bytes));
        }
        let certificate = facts.certificate.map(|thumbprint| thumbprint.to_string());
        add(&mut digest, certificate.as_ref().map(String::as_bytes));
        // One token serves all tenants of a client, unless it was asked for on behalf of one of them.
        add(&mut digest, facts.tenant.as_ref().map(HeaderValue::as_bytes));
        facts.resources.iter().for_each(|resource| add(&mut digest, Some(resource.as_bytes())));
        Self(digest.finalize().into())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Returns 16 bits that tell, beside a kept token, whether it was fetched with the same client secret.
///
/// A token is good whatever secret it was fetched with, but who has just changed a secret, or mistyped it, wants
/// to know whether it works: so a token of another secret is not handed out. Sixteen bits miss that once in 65,536
/// times, and that is the point of them: whoever steals the file can rule guesses out, and can never confirm one.
/// The token in the same file is the salt.
pub(super) fn secret_check(token: &AccessToken, secret: &SecretString) -> u16 {
    let mut digest = Sha256::new_with_prefix(b"claviger secret 1");
    add(&mut digest, Some(token.expose_secret().as_bytes()));
    add(&mut digest, Some(secret.expose_secret().as_bytes()));
    let [first, second, ..]: [u8; 32] = digest.finalize().into();
    u16::from_be_bytes([first, second])
}

/// Takes up a fact, and tells one that is missing from an empty one.
fn add(digest: &mut Sha256, fact: Option<&[u8]>) {
    match fact {
        None => digest.update([0]),
        Some(fact) => {
            digest.update([1]);
            digest.update((fact.len() as u64).to_be_bytes());
            digest.update(fact);
        }
    }
}

#[cfg(test)]
mod tests {
    use claviger_auth_core::Thumbprint;

    use super::*;

    fn facts() -> TokenRequestFacts {
        TokenRequestFacts {
            scope: Some("a b".into()),
            audience: Some("c".into()),
            resources: vec!["d".into()],
            certificate: Some(Thumbprint::from_sha256([7; 32])),
            ..TokenRequestFacts::new("custom", "https://auth.example/token", "acme")
        }
    }

    #[test]
    fn each_fact_makes_another_key() {
        let others: [fn(&mut TokenRequestFacts); 14] = [
            |_| {},
            |facts| facts.provider = "clara",
            |facts| facts.token_url.push('/'),
            |facts| facts.client_id.push('2'),
            |facts| facts.scope = None,
            |facts| facts.scope = Some(String::new()),
            |facts| facts.audience = None,
            |facts| (facts.scope, facts.audience) = (facts.audience.take(), facts.scope.take()),
            |facts| facts.resources.clear(),
            |facts| facts.resources.push("e".into()),
            |facts| facts.resources = vec!["de".into()],
            |facts| facts.certificate = None,
            |facts| facts.certificate = Some(Thumbprint::from_sha256([8; 32])),
            |facts| facts.tenant = Some(HeaderValue::from_static("d")),
        ];
        let keys: Vec<_> = others
            .iter()
            .map(|change| {
                let mut facts = facts();
                change(&mut facts);
                Key::of(&facts).to_string()
            })
            .collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys.iter().skip(index + 1).any(|other| other == key), "{index}");
        }
        assert_eq!(keys.first(), Some(&Key::of(&facts()).to_string()), "and the same ones the same key");
    }

    #[test]
    fn a_secret_is_checked_by_two_bytes() {
        let token = AccessToken::bearer(&"t".into()).unwrap();
        let check = |secret: &str| secret_check(&token, &secret.into());
        assert_eq!(check("swordfish"), check("swordfish"));
        assert_ne!(check("swordfish"), check("swordfisch"));
    }
}
