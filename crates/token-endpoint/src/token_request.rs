//! What is asked of the token endpoint.

use claviger_auth_core::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};

use crate::encode::Parameters;

/// Lists the parameters of a token request (RFC 6749 §3.2), client authentication left out.
///
/// An empty parameter counts as absent (RFC 6749 §3.2), and none but `resource` can be given twice.
///
/// # Example
///
/// ```
/// use claviger_token_endpoint::TokenRequest;
///
/// let request = TokenRequest::client_credentials()
///     .with_scope("read write")
///     .with_audience("https://api.example/v1/")
///     .with_parameter("organisation", "acme");
/// assert!(!format!("{request:?}").contains("acme"), "the values of extra parameters may be secrets");
/// ```
#[derive(Clone, Debug)]
pub struct TokenRequest {
    pub(crate) grant_type: Option<&'static str>,
    /// What the grant brings along: a code, a refresh token.
    pub(crate) grant: Vec<(&'static str, SecretString)>,
    pub(crate) scope: String,
    pub(crate) audience: String,
    pub(crate) resources: Vec<String>,
    pub(crate) parameters: Vec<(String, SecretString)>,
}

impl TokenRequest {
    /// Asks for a token in the client's own name (RFC 6749 §4.4.2).
    #[must_use]
    pub fn client_credentials() -> Self {
        Self::new(Some("client_credentials"), Vec::new())
    }

    /// Exchanges an authorization code for a token (RFC 6749 §4.1.3), with the verifier of its challenge (RFC 7636
    /// §4.5). The redirect URI is the very one that the code was asked for with.
    #[must_use]
    pub fn authorization_code(
        code: SecretString,
        redirect_uri: impl Into<SecretString>,
        verifier: SecretString,
    ) -> Self {
        let grant = vec![("code", code), ("redirect_uri", redirect_uri.into()), ("code_verifier", verifier)];
        Self::new(Some("authorization_code"), grant)
    }

    /// Exchanges a refresh token for an access token (RFC 6749 §6). The answer may have another refresh token in it,
    /// which is then the only one that is good.
    #[must_use]
    pub fn refresh_token(refresh_token: SecretString) -> Self {
        Self::new(Some("refresh_token"), vec![("refresh_token", refresh_token)])
    }

    /// Asks whether the user has agreed by now (RFC 8628 §3.4).
    #[must_use]
    pub fn device_code(device_code: SecretString) -> Self {
        let grant_type = "urn:ietf:params:oauth:grant-type:device_code";
        Self::new(Some(grant_type), vec![("device_code", device_code)])
    }

    /// Asks for a device code, which is no token yet (RFC 8628 §3.1): for
    /// [`TokenEndpoint::authorize_device`](crate::TokenEndpoint::authorize_device).
    #[must_use]
    pub fn device_authorization() -> Self {
        Self::new(None, Vec::new())
    }

    fn new(grant_type: Option<&'static str>, grant: Vec<(&'static str, SecretString)>) -> Self {
        Self {
            grant_type,
            grant,
            scope: String::new(),
            audience: String::new(),
            resources: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// Leaves out `grant_type`, for servers that know no other grant.
    #[must_use]
    pub fn without_grant_type(mut self) -> Self {
        self.grant_type = None;
        self
    }

    /// Asks for these scopes, separated by spaces (RFC 6749 §3.3).
    #[must_use]
    pub fn with_scope(mut self, scope: impl AsRef<str>) -> Self {
        self.scope = scope.as_ref().trim().to_owned();
        self
    }

    /// Says for whom the token is, in the parameter `audience` that Auth0 and others use.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Adds a resource that the token is for: an absolute URI without a fragment (RFC 8707 §2).
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Sets a parameter of the provider's own. A later value replaces an earlier one of the same name.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        let name = name.into();
        self.parameters.retain(|(other, _)| *other != name);
        self.parameters.push((name, value.into()));
        self
    }

    /// Lists what is sent.
    pub(crate) fn parameters(&self) -> Parameters<'_> {
        let own = [("scope", &*self.scope), ("audience", &*self.audience)];
        let grant = self.grant.iter().map(|(name, value)| (*name, value.expose_secret()));
        let extra = self.parameters.iter().map(|(name, value)| (&**name, value.expose_secret()));
        Parameters {
            first: ("grant_type", self.grant_type.unwrap_or_default()),
            rest: grant.chain(own).chain(extra).collect(),
            resources: self.resources.iter().map(|resource| &**resource).collect(),
        }
    }

    /// Checks what the types do not hold.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let given = self.resources.iter().filter(|resource| !resource.is_empty());
        if !given.into_iter().all(|resource| is_absolute_without_fragment(resource)) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "a resource is no absolute URI without a fragment",
            )
            .with_subject("resource")
            .with_advice("write each resource as https://host/path (RFC 8707)"));
        }
        for (name, _) in &self.parameters {
            if name.is_empty() {
                return Err(Error::new(ErrorKind::Configuration, "an extra parameter has no name"));
            }
            if RESERVED.contains(&name.as_str()) || self.grant.iter().any(|(of_grant, _)| of_grant == name) {
                return Err(Error::new(ErrorKind::Configuration, "this parameter has a setting of its own")
                    .with_subject(name.as_str())
                    .with_advice("use that setting: no parameter is sent twice"));
            }
        }
        Ok(())
    }
}

/// RFC 3986 §4.3: a scheme, a colon and something after it.
fn is_absolute_without_fragment(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

/// The parameters that have a method of their own, and those that would be a second client authentication.
const RESERVED: [&str; 8] = [
    "audience",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "grant_type",
    "resource",
    "scope",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_an_absolute_uri() {
        for good in ["https://api.example", "https://api.example/v1/?a=b", "urn:example:api", "api+x:1"] {
            assert!(is_absolute_without_fragment(good), "{good}");
        }
        for bad in ["", "api", "/api", "//api.example", "https:", "1a:b", "https://a/#b", "https://a b", ":x"]
        {
            assert!(!is_absolute_without_fragment(bad), "{bad}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_sent() {
        let request = TokenRequest::client_credentials;
        for (bad, subject) in [
            (request().with_resource("api#x"), Some("resource")),
            (request().with_parameter("", "x"), None),
            (request().with_parameter("client_secret", "x"), Some("client_secret")),
            (request().with_parameter("scope", "x"), Some("scope")),
            (request().with_parameter("client_assertion", "x"), Some("client_assertion")),
            (
                TokenRequest::refresh_token("x".into()).with_parameter("refresh_token", "y"),
                Some("refresh_token"),
            ),
        ] {
            let error = bad.check().unwrap_err();
            assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, subject));
        }
        assert!(request().with_resource("").with_parameter("organisation", "x").check().is_ok());
        assert!(request().with_parameter("code", "x").check().is_ok(), "no other grant has it");
    }

    #[test]
    fn sends_what_the_grant_asks_for_and_shows_none_of_it() {
        let code = TokenRequest::authorization_code(
            "swordfish".into(),
            "http://127.0.0.1:1/callback",
            "sword".into(),
        );
        let sent = |request: &TokenRequest| {
            let parameters = request.parameters();
            let all = [parameters.first].into_iter().chain(parameters.rest);
            let given: Vec<_> = all.filter(|(_, value)| !value.is_empty()).collect();
            given.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            sent(&code),
            "grant_type=authorization_code code=swordfish redirect_uri=http://127.0.0.1:1/callback \
             code_verifier=sword"
        );
        let refresh = TokenRequest::refresh_token("swordfish".into()).with_scope("read");
        assert_eq!(sent(&refresh), "grant_type=refresh_token refresh_token=swordfish scope=read");
        let device = TokenRequest::device_code("swordfish".into());
        assert_eq!(
            sent(&device),
            "grant_type=urn:ietf:params:oauth:grant-type:device_code device_code=swordfish"
        );
        assert_eq!(sent(&TokenRequest::device_authorization().with_scope("read")), "scope=read");
        for request in [code, refresh, device] {
            assert!(!format!("{request:?}").contains("sword"));
        }
    }
}
