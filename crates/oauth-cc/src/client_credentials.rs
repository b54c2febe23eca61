//! The client credentials grant.

use std::sync::Arc;

use async_trait::async_trait;
use claviger_auth_core::{AccessToken, Error, Fetch, PublishIdentity, TokenSource};
use claviger_token_endpoint::{TokenEndpoint, TokenRequest};
use secrecy::SecretString;

/// Gets tokens in the client's own name (RFC 6749 §4.4).
///
/// A refresh token in an answer is passed over (§4.4.3): the secret is at hand, so it has no use.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    endpoint: TokenEndpoint,
    request: TokenRequest,
    identity: Option<Arc<dyn PublishIdentity>>,
}

impl ClientCredentials {
    /// Asks this endpoint, as the client that it is built for.
    #[must_use]
    pub fn new(endpoint: TokenEndpoint) -> Self {
        Self { endpoint, request: TokenRequest::client_credentials(), identity: None }
    }

    /// Asks for these scopes, separated by spaces (RFC 6749 §3.3).
    #[must_use]
    pub fn with_scope(self, scope: impl AsRef<str>) -> Self {
        self.edit(|request| request.with_scope(scope))
    }

    /// Says for whom the tokens are, in the parameter `audience` that Auth0 and others use.
    #[must_use]
    pub fn with_audience(self, audience: impl Into<String>) -> Self {
        self.edit(|request| request.with_audience(audience))
    }

    /// Adds a resource that the tokens are for: an absolute URI without a fragment (RFC 8707 §2).
    #[must_use]
    pub fn with_resource(self, resource: impl Into<String>) -> Self {
        self.edit(|request| request.with_resource(resource))
    }

    /// Sets a parameter of the provider's own. A later value replaces an earlier one of the same name.
    #[must_use]
    pub fn with_parameter(self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.edit(|request| request.with_parameter(name, value))
    }

    /// Leaves out `grant_type`, for servers that know no other grant.
    #[must_use]
    pub fn without_grant_type(self) -> Self {
        self.edit(TokenRequest::without_grant_type)
    }

    /// Binds each token to the client certificate that `identity`, the endpoint's transport, publishes when the
    /// token is fetched (RFC 8705 §3): it is not sent over another. A token that names its certificate itself is
    /// bound to that one.
    #[must_use]
    pub fn with_binding(mut self, identity: impl PublishIdentity + 'static) -> Self {
        self.identity = Some(Arc::new(identity));
        self
    }

    fn edit(mut self, change: impl FnOnce(TokenRequest) -> TokenRequest) -> Self {
        self.request = change(self.request);
        self
    }
}

#[async_trait]
impl TokenSource for ClientCredentials {
    /// Gets a token that nobody had before, whatever the reason.
    ///
    /// # Errors
    ///
    /// As [`TokenEndpoint::request`].
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        // Before the request: should the certificate change meanwhile, the token is taken for one of the old.
        let certificate = self.identity.as_ref().and_then(|identity| identity.thumbprint());
        let token = self.endpoint.request(&self.request).await?.into_access_token();
        Ok(match (token.binding(), certificate) {
            (None, Some(certificate)) => token.with_binding(certificate),
            _ => token,
        })
    }
}

#[cfg(test)]
mod tests;
