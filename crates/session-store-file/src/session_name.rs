//! What tells one session from another.

use sha2::{Digest, Sha256};

/// Tells a session from every other that is kept in the same folder.
///
/// The token URL and the client are part of it: settings that point elsewhere must not send the refresh token there.
///
/// # Example
///
/// ```
/// use claviger_session_store_file::SessionName;
///
/// let name = SessionName::new("work", "https://auth.example/token", "client-id");
/// assert_ne!(name, SessionName::new("work", "https://elsewhere.example/token", "client-id"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionName {
    facts: [String; 3],
}

impl SessionName {
    /// Takes a name of the caller's choice, such as a profile's, the URL at which the session is renewed, and the
    /// client that renews it. Where the URL is discovered, its issuer will do.
    #[must_use]
    pub fn new(
        profile: impl Into<String>,
        token_url: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        Self { facts: [profile.into(), token_url.into(), client_id.into()] }
    }

    /// Returns the SHA-256 of the facts, each with its length, so that no two sets of them run together.
    pub(crate) fn digest(&self) -> String {
        let mut digest = Sha256::new_with_prefix(b"claviger session 1");
        for fact in &self.facts {
            digest.update((fact.len() as u64).to_be_bytes());
            digest.update(fact);
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fact_makes_another_name() {
        let names: Vec<_> = [["a", "b", "c"], ["ab", "", "c"], ["a", "bc", ""], ["a", "b", "d"]]
            .map(|[profile, url, client]| SessionName::new(profile, url, client).digest())
            .to_vec();
        for (index, name) in names.iter().enumerate() {
            assert!(!names[index + 1..].contains(name), "{index}");
        }
        assert_eq!(names[0], SessionName::new("a", "b", "c").digest());
    }
}
