//! What the token endpoint answers when all is well.

use claviger_auth_core::AccessToken;
use secrecy::SecretString;

/// Holds what a token endpoint issued (RFC 6749 §5.1).
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) withheld_scopes: Vec<String>,
}

impl TokenAnswer {
    /// Returns the access token.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// Takes the access token out.
    #[must_use]
    pub fn into_access_token(self) -> AccessToken {
        self.access_token
    }

    /// Returns the refresh token, if there is one (RFC 6749 §1.5).
    #[must_use]
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.refresh_token.as_ref()
    }

    /// Returns the scopes that were asked for and not granted; none where the server did not say, which means that
    /// all were (RFC 6749 §5.1). A warning is logged of them.
    #[must_use]
    pub fn withheld_scopes(&self) -> &[String] {
        &self.withheld_scopes
    }

    /// What is told are the caller's own words, and not the server's.
    pub(crate) fn tell_withheld_scopes(&self) {
        if !self.withheld_scopes.is_empty() {
            tracing::warn!(scopes = ?self.withheld_scopes, "the token endpoint granted less than was asked for");
        }
    }
}
