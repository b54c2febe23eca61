//! What the token endpoint answers when all is well.

use claviger_auth_core::AccessToken;

/// Holds what a token endpoint issued (RFC 6749 §5.1).
///
/// A refresh token in it is passed over for now.
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    pub(crate) access_token: AccessToken,
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
}
