//! What tells one kept token from another.

use claviger_auth_core::{AccessToken, Thumbprint};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Tells the tokens of one token request from those of any other: a store goes by all of it.
///
/// Nothing in it is secret. The client secret is left out: a new one is for the same client.
///
/// # Example
///
/// ```
/// use claviger_token_store_file::Key;
///
/// let key = Key::new("acme", "https://auth.example/token", "client-id");
/// assert_ne!(key.clone().with_scope("read"), key.with_scope("write"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    provider: String,
    token_url: String,
    client_id: String,
    scope: Option<String>,
    audience: Option<String>,
    resources: Vec<String>,
    parameters: Vec<(String, String)>,
    certificate: Option<Thumbprint>,
    tenant: Option<HeaderValue>,
}

impl Key {
    /// Begins with what every token request has. The provider is a name of the caller's choice.
    #[must_use]
    pub fn new(
        provider: impl Into<String>,
        token_url: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        Self {
            provider: provider.into(),
            token_url: token_url.into(),
            client_id: client_id.into(),
            scope: None,
            audience: None,
            resources: Vec::new(),
            parameters: Vec::new(),
            certificate: None,
            tenant: None,
        }
    }

    /// Adds the scope that is asked for.
    #[must_use]
    pub fn with_scope(self, scope: impl Into<String>) -> Self {
        Self { scope: Some(scope.into()), ..self }
    }

    /// Adds the audience that is asked for.
    #[must_use]
    pub fn with_audience(self, audience: impl Into<String>) -> Self {
        Self { audience: Some(audience.into()), ..self }
    }

    /// Adds one more resource that is asked for (RFC 8707).
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Adds a parameter of the provider's own that is sent along. It must not be a secret.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Adds the client certificate that asks, and that the token may be bound to (RFC 8705).
    #[must_use]
    pub fn with_certificate(self, certificate: Thumbprint) -> Self {
        Self { certificate: Some(certificate), ..self }
    }

    /// Adds the tenant's header, where token requests carry it: the token may be for that tenant alone.
    #[must_use]
    pub fn with_tenant(self, tenant: HeaderValue) -> Self {
        Self { tenant: Some(tenant), ..self }
    }

    pub(crate) fn certificate(&self) -> Option<Thumbprint> {
        self.certificate
    }

    /// Names the files of a kept token: the SHA-256 of all that tells it from others, each fact with its length, so
    /// that no two sets of them run together.
    ///
    /// The client secret is left out. Names of files get into listings, backups and bug reports, and a digest is
    /// all it takes to try out, far from here, every secret that somebody might have chosen. A wrong secret is
    /// noticed all the same: see [`secret_check`].
    pub(crate) fn file_name(&self) -> String {
        let mut digest = Sha256::new_with_prefix(b"claviger token 1");
        for fact in [&self.provider, &self.token_url, &self.client_id] {
            add(&mut digest, Some(fact.as_bytes()));
        }
        for fact in [&self.scope, &self.audience] {
            add(&mut digest, fact.as_ref().map(String::as_bytes));
        }
        let certificate = self.certificate.map(|thumbprint| thumbprint.to_string());
        add(&mut digest, certificate.as_ref().map(String::as_bytes));
        // One token serves all tenants of a client, unless it was asked for on behalf of one of them.
        add(&mut digest, self.tenant.as_ref().map(HeaderValue::as_bytes));
        self.resources.iter().for_each(|resource| add(&mut digest, Some(resource.as_bytes())));
        for (name, value) in &self.parameters {
            // A fact that is missing begins each: no resource is.
            add(&mut digest, None);
            add(&mut digest, Some(name.as_bytes()));
            add(&mut digest, Some(value.as_bytes()));
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Returns 16 bits that tell, beside a kept token, whether it was fetched with the same client secret.
///
/// A token is good whatever secret it was fetched with, but who has just changed a secret, or mistyped it, wants
/// to know whether it works: so a token of another secret is not handed out. Sixteen bits miss that once in 65,536
/// times, and that is the point of them: whoever steals the file can rule guesses out, and can never confirm one.
/// The token in the same file is the salt.
pub(crate) fn secret_check(token: &AccessToken, secret: &SecretString) -> u16 {
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
    use super::*;

    fn key() -> Key {
        Key::new("custom", "https://auth.example/token", "acme")
            .with_scope("a b")
            .with_audience("c")
            .with_resource("d")
            .with_certificate(Thumbprint::from_sha256([7; 32]))
    }

    #[test]
    fn each_fact_makes_another_name() {
        let others: [fn(&mut Key); 18] = [
            |_| {},
            |key| key.provider = "clara".into(),
            |key| key.token_url.push('/'),
            |key| key.client_id.push('2'),
            |key| key.scope = None,
            |key| key.scope = Some(String::new()),
            |key| key.audience = None,
            |key| (key.scope, key.audience) = (key.audience.take(), key.scope.take()),
            |key| key.resources.clear(),
            |key| key.resources.push("e".into()),
            |key| key.resources = vec!["de".into()],
            |key| key.resources.extend(["a".into(), "b".into()]),
            |key| key.parameters.push(("a".into(), "b".into())),
            |key| key.parameters.push(("ab".into(), String::new())),
            |key| key.parameters = vec![("a".into(), "b".into()), ("c".into(), "d".into())],
            |key| key.certificate = None,
            |key| key.certificate = Some(Thumbprint::from_sha256([8; 32])),
            |key| key.tenant = Some(HeaderValue::from_static("d")),
        ];
        let names: Vec<_> = others
            .iter()
            .map(|change| {
                let mut key = key();
                change(&mut key);
                key.file_name()
            })
            .collect();
        for (index, name) in names.iter().enumerate() {
            assert!(!names.iter().skip(index + 1).any(|other| other == name), "{index}");
        }
        assert_eq!(names.first(), Some(&key().file_name()), "and the same ones the same name");
    }

    #[test]
    fn a_secret_is_checked_by_two_bytes() {
        let token = AccessToken::bearer(&"t".into()).unwrap();
        let check = |secret: &str| secret_check(&token, &secret.into());
        assert_eq!(check("swordfish"), check("swordfish"));
        assert_ne!(check("swordfish"), check("swordfisch"));
    }
}
