//! Where Clarus's tokens come from.

use claviger_auth_core::StaticToken;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod};
use secrecy::SecretString;

/// Tells where tokens come from: Clarus says to use client credentials or an authorization code (Clarus's
/// API reference, each operation's page), and its playground takes a pasted one.
///
/// Both parts make one by `into()`, so that [`Config::new`](crate::Config::new) takes either as it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Authentication {
    /// They are fetched from the token endpoint, as often as it takes.
    Credentials(Credentials),
    /// They come of a login: the credentials are one's own, a cache over a session of `claviger-oauth-code`, for
    /// [`ClarusLayer::with_credentials`](crate::ClarusLayer::with_credentials) and the ready client's.
    Session,
    /// This one was given. It is never renewed: once Clarus rejects it, every request has its 401.
    Token(StaticToken),
}

impl From<Credentials> for Authentication {
    fn from(credentials: Credentials) -> Self {
        Self::Credentials(credentials)
    }
}

impl From<StaticToken> for Authentication {
    fn from(token: StaticToken) -> Self {
        Self::Token(token)
    }
}

/// Holds a client id and its secret, and how they are sent.
///
/// # Example
///
/// ```
/// use claviger_clarus::Credentials;
/// use claviger_token_endpoint::ClientAuthenticationMethod;
///
/// let credentials = Credentials::new("integration", "swordfish".into())
///     .with_method(ClientAuthenticationMethod::ClientSecretPost)
///     .with_scope("orders:read stock:read");
/// assert!(!format!("{credentials:?}").contains("swordfish"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    id: String,
    secret: SecretString,
    method: ClientAuthenticationMethod,
    scope: String,
}

impl Credentials {
    /// Takes an id and its secret, sent by `client_secret_basic`, and asks for no scopes.
    #[must_use]
    pub fn new(id: impl Into<String>, secret: SecretString) -> Self {
        // Clarus names no method; this is the one that every server must take (RFC 6749 §2.3.1).
        let method = ClientAuthenticationMethod::ClientSecretBasic;
        Self { id: id.into(), secret, method, scope: String::new() }
    }

    /// Sends id and secret in another way.
    #[must_use]
    pub fn with_method(mut self, method: ClientAuthenticationMethod) -> Self {
        self.method = method;
        self
    }

    /// Asks for these scopes, separated by spaces. Clarus says to request those that are required, and lists
    /// none (Clarus's guide "API authentication", "OAuth 2.0"): any text is sent as it is.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Returns the client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.id
    }

    pub(crate) fn client_authentication(&self) -> ClientAuthentication {
        ClientAuthentication::new(self.method, self.id.as_str()).with_secret(self.secret.clone())
    }

    pub(crate) fn scope(&self) -> &str {
        &self.scope
    }
}
