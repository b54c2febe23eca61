//! The authorization code grant: where the user is sent, and what comes back.

use std::{fmt, sync::Arc};

use claviger_auth_core::{Error, ErrorKind, Origin};
use claviger_token_endpoint::{ServerMetadata, TokenEndpoint};
use form_urlencoded::Serializer;
use secrecy::ExposeSecret;

use crate::{
    login::Login,
    random::{challenge, unguessable},
    receiver::Receiver,
    redirect_uri::RedirectUri,
};

/// Sends users to log in, and makes tokens of what comes back (RFC 6749 §4.1, RFC 7636, RFC 8252).
///
/// The proof key is always there, by the method `S256`; there is no way to do without. A clone is cheap.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone, Debug)]
pub struct AuthorizationCode {
    settings: Arc<Settings>,
}

pub(crate) struct Settings {
    pub(crate) endpoint: TokenEndpoint,
    /// Checked, and without a fragment.
    authorize_url: String,
    redirect_uri: RedirectUri,
    parameters: Vec<(String, String)>,
    pub(crate) resources: Vec<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) naming: Naming,
}

/// Tells whether an answer must name its issuer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Naming {
    Demanded,
    Optional,
}

impl AuthorizationCode {
    /// Names where users log in; the code is exchanged at this endpoint, as the client that it is built for.
    #[must_use]
    pub fn builder(endpoint: TokenEndpoint, authorize_url: impl Into<String>) -> AuthorizationCodeBuilder {
        AuthorizationCodeBuilder {
            endpoint,
            authorize_url: authorize_url.into(),
            redirect_uri: DEFAULT_REDIRECT_URI.to_owned(),
            parameters: Vec::new(),
            resources: Vec::new(),
            issuer: None,
            naming: Naming::Optional,
            scheme: Origin::https,
        }
    }

    /// Listens where the browser will be sent back to: at the port that the redirect URI names, else at a free one.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the redirect URI is not `http` with `127.0.0.1` or `[::1]`, or if
    /// its port is taken.
    ///
    /// # Panics
    ///
    /// Panics where there is no tokio runtime with I/O and time enabled.
    pub async fn listen(&self) -> Result<Receiver, Error> {
        Receiver::bind(&self.settings.redirect_uri).await
    }

    /// Begins a login whose answer the receiver waits for.
    ///
    /// # Errors
    ///
    /// [`Runtime`](ErrorKind::Runtime) if the operating system gives no random numbers.
    pub fn begin_at(&self, receiver: &Receiver) -> Result<Login, Error> {
        self.begin_with(receiver.redirect_uri().to_owned())
    }

    /// Begins a login whose answer the user pastes, with the redirect URI as it was given.
    ///
    /// # Errors
    ///
    /// As [`begin_at`](Self::begin_at).
    pub fn begin(&self) -> Result<Login, Error> {
        self.begin_with(self.settings.redirect_uri.text.clone())
    }

    fn begin_with(&self, redirect_uri: String) -> Result<Login, Error> {
        let settings = &self.settings;
        let (state, verifier) = (unguessable()?, unguessable()?);
        let mut url = settings.authorize_url.clone();
        url.push(if url.contains('?') { '&' } else { '?' });
        let start = url.len();
        let mut query = Serializer::for_suffix(url, start);
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.endpoint.client_id())
            .append_pair("redirect_uri", &redirect_uri)
            .append_pair("state", state.expose_secret())
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(settings.parameters.iter().filter(|(_, value)| !value.is_empty()))
            .extend_pairs(settings.resources.iter().map(|resource| ("resource", resource)));
        Ok(Login::new(Arc::clone(settings), query.finish(), state, verifier, redirect_uri))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URLs and parameters: they may name a user.
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint)
            .field("issuer", &self.issuer)
            .field("naming", &self.naming)
            .finish_non_exhaustive()
    }
}

/// Makes an [`AuthorizationCode`].
#[derive(Clone)]
pub struct AuthorizationCodeBuilder {
    endpoint: TokenEndpoint,
    authorize_url: String,
    redirect_uri: String,
    parameters: Vec<(String, String)>,
    resources: Vec<String>,
    issuer: Option<String>,
    naming: Naming,
    scheme: fn(&str) -> Result<Origin, Error>,
}

impl AuthorizationCodeBuilder {
    /// Asks for these scopes, separated by spaces (RFC 6749 §3.3).
    #[must_use]
    pub fn with_scope(self, scope: impl AsRef<str>) -> Self {
        self.set("scope", scope.as_ref().trim().to_owned())
    }

    /// Says for whom the tokens are, in the parameter `audience` that Auth0 and others use.
    #[must_use]
    pub fn with_audience(self, audience: impl Into<String>) -> Self {
        self.set("audience", audience.into())
    }

    /// Adds a resource that the tokens are for: an absolute URI without a fragment (RFC 8707 §2).
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Sets a parameter of the provider's own, such as `prompt`. It stands in an address bar: no place for a secret.
    #[must_use]
    pub fn with_parameter(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(&name.into(), value.into())
    }

    /// Sets where the browser is sent back to, exactly as the provider has it on file.
    ///
    /// The default is `http://127.0.0.1/callback`. Where the port is left out, a free one is added: providers must
    /// allow any port there (RFC 8252 §7.3).
    #[must_use]
    pub fn with_redirect_uri(mut self, redirect_uri: impl Into<String>) -> Self {
        self.redirect_uri = redirect_uri.into();
        self
    }

    /// Names the issuer: an answer that names another one is refused (RFC 9207 §2.4).
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Takes the issuer from the server's metadata, and demands that answers name it if the server says that they do
    /// (RFC 9207 §2.4).
    #[must_use]
    pub fn with_metadata(mut self, metadata: &ServerMetadata) -> Self {
        self.naming = if metadata.names_issuer_in_answers() { Naming::Demanded } else { Naming::Optional };
        self.with_issuer(metadata.issuer())
    }

    /// Allows a plain `http` authorize URL, to this very machine only.
    #[must_use]
    pub fn with_loopback_http(mut self) -> Self {
        self.scheme = Origin::loopback_http;
        self
    }

    /// Checks what was given.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the authorize URL is not `https` (or as
    /// [`with_loopback_http`](Self::with_loopback_http) allows), names a user or has a fragment (RFC 6749 §3.1); if the
    /// redirect URI is neither `https` nor `http` to this very machine, or has a fragment (§3.1.2); if a parameter is
    /// one that the request has of its own; or if the authorize URL has one that is set (§3.1).
    pub fn build(self) -> Result<AuthorizationCode, Error> {
        let wrong = |what, subject: &str| Error::new(ErrorKind::Configuration, what).with_subject(subject);
        (self.scheme)(&self.authorize_url).map_err(|error| error.with_subject("authorize_url"))?;
        if self.authorize_url.contains('#') {
            return Err(wrong("the URL has a fragment", "authorize_url")
                .with_advice("leave out the # and what follows"));
        }
        let query = self.authorize_url.split_once('?').map_or("", |(_, query)| query);
        let is_set =
            |name: &str| self.parameters.iter().any(|(other, value)| other == name && !value.is_empty());
        if form_urlencoded::parse(query.as_bytes())
            .any(|(name, _)| RESERVED.contains(&&*name) || is_set(&name))
        {
            return Err(wrong("the URL has a parameter that the login sets", "authorize_url")
                .with_advice("leave it out of the URL: no parameter is sent twice"));
        }
        if let Some((name, _)) = self.parameters.iter().find(|(name, _)| RESERVED.contains(&name.as_str())) {
            return Err(wrong("this parameter of the login cannot be set", name)
                .with_advice("use the setting of its own, if there is one: no parameter is sent twice"));
        }
        let settings = Settings {
            endpoint: self.endpoint,
            authorize_url: self.authorize_url,
            redirect_uri: RedirectUri::new(self.redirect_uri)?,
            parameters: self.parameters,
            resources: self.resources,
            issuer: self.issuer,
            naming: self.naming,
        };
        Ok(AuthorizationCode { settings: Arc::new(settings) })
    }

    fn set(mut self, name: &str, value: String) -> Self {
        self.parameters.retain(|(other, _)| other != name);
        self.parameters.push((name.to_owned(), value));
        self
    }
}

impl fmt::Debug for AuthorizationCodeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URLs: they have not been checked, and may name a user with a password.
        f.debug_struct("AuthorizationCodeBuilder")
            .field("endpoint", &self.endpoint)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

const DEFAULT_REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// What the request has of its own, and what would have the answer come in a way that nobody listens to.
const RESERVED: [&str; 9] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "resource",
    "response_mode",
    "response_type",
    "state",
];

#[cfg(test)]
mod tests;
