//! Logins, as the settings describe them.

use std::sync::Arc;

use claviger_auth_core::{Error, ErrorKind, TokenSource};
use claviger_oauth_code::{AuthorizationCode, DeviceGrant, MemorySessionStore, Session, SessionStore};
use claviger_seal::SealKey;
use claviger_token_endpoint::{Discovery, TokenEndpoint};

use super::{TokenRequestFacts, requests::LoopbackHttp};
use crate::settings::{Client, Names, SecretSource, Section, Value};

/// Lets users log in as a profile says, and makes sessions of what comes of that. A clone is cheap.
#[derive(Clone, Debug)]
pub struct Logins {
    pub(super) settings: LoginSettings,
    pub(super) endpoint: TokenEndpoint,
    pub(super) discovery: Option<Discovery>,
    pub(super) facts: TokenRequestFacts,
    pub(super) loopback_http: LoopbackHttp,
}

/// Holds what only a login takes.
#[derive(Clone, Debug)]
pub(super) struct LoginSettings {
    section: Section,
    authorize_url: Option<String>,
    redirect_uri: Option<String>,
    session_key: Option<SealKey>,
}

impl Logins {
    /// Makes what sends users to log in with a browser. An issuer is asked for its metadata.
    ///
    /// # Errors
    ///
    /// Those of [`Discovery::metadata`] and of
    /// [`AuthorizationCodeBuilder::build`](claviger_oauth_code::AuthorizationCodeBuilder::build);
    /// [`Configuration`](ErrorKind::Configuration) if it is not known where users log in.
    pub async fn authorization_code(&self) -> Result<AuthorizationCode, Error> {
        let metadata = match &self.discovery {
            Some(discovery) => Some(discovery.metadata().await?),
            None => None,
        };
        let url = match (&self.settings.authorize_url, &metadata) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(metadata)) => metadata.authorization_url()?,
            (None, None) => None,
        };
        let url = url.ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "it is not known where users log in")
                .with_subject("authorize_url")
                .with_advice("write authorize_url, or log in with --device if the server has that")
        })?;
        let mut code = AuthorizationCode::builder(self.endpoint.clone(), url);
        if let Some(metadata) = &metadata {
            code = code.with_metadata(metadata);
        }
        if self.loopback_http == LoopbackHttp::Allowed {
            code = code.with_loopback_http();
        }
        if let Some(redirect_uri) = &self.settings.redirect_uri {
            code = code.with_redirect_uri(redirect_uri);
        }
        if let Some(scope) = &self.facts.scope {
            code = code.with_scope(scope);
        }
        if let Some(audience) = &self.facts.audience {
            code = code.with_audience(audience);
        }
        code = self.facts.resources.iter().fold(code, |code, resource| code.with_resource(resource));
        let parameters = self.facts.parameters.iter();
        parameters.fold(code, |code, (name, value)| code.with_parameter(name, value)).build()
    }

    /// Makes what lets users log in on another device.
    #[must_use]
    pub fn device(&self) -> DeviceGrant {
        let mut grant = DeviceGrant::new(self.endpoint.clone());
        if let Some(scope) = &self.facts.scope {
            grant = grant.with_scope(scope);
        }
        if let Some(audience) = &self.facts.audience {
            grant = grant.with_audience(audience);
        }
        grant = self.facts.resources.iter().fold(grant, |grant, resource| grant.with_resource(resource));
        let parameters = self.facts.parameters.iter();
        parameters.fold(grant, |grant, (name, value)| grant.with_parameter(name, value.as_str()))
    }

    /// Makes the session that this store holds, or is going to.
    #[must_use]
    pub fn session(&self, store: impl SessionStore) -> Session {
        let session = Session::new(self.endpoint.clone(), store);
        self.facts.resources.iter().fold(session, |session, resource| session.with_resource(resource))
    }

    /// The profile's name.
    #[must_use]
    pub fn profile(&self) -> &str {
        self.settings.section.name()
    }

    /// Puts a setting's place on an error about it: these are looked at only when somebody logs in.
    #[must_use]
    pub fn placed(&self, error: Error) -> Error {
        let subject =
            ["authorize_url", "redirect_uri"].into_iter().find(|name| error.subject() == Some(*name));
        match subject {
            Some(name) => self.settings.section.placed(name, error),
            None => error,
        }
    }

    /// The key that the session is sealed with where it is kept, if there is one: 32 bytes.
    #[must_use]
    pub fn session_key(&self) -> Option<&SealKey> {
        self.settings.session_key.as_ref()
    }

    /// The environment's variables that the profile has secrets in: no other program should be given them.
    pub fn secret_variables(&self) -> impl Iterator<Item = &str> {
        let values = self.settings.section.entries();
        values.filter_map(|(_, _, value)| match value {
            Value::Secret(SecretSource::Environment(name)) => Some(name.as_str()),
            Value::Flag(_) | Value::List(_) | Value::Secret(_) | Value::Text(_) => None,
        })
    }

    /// A session that nobody has begun, and that says so.
    pub(super) fn nobody(&self) -> Arc<dyn TokenSource> {
        Arc::new(self.session(MemorySessionStore::new()))
    }
}

impl LoginSettings {
    /// What has a meaning for a login, beside what token requests take.
    pub(super) const NAMES: Names = &["authorize_url", "redirect_uri", "session_key"];

    pub(super) fn read(client: &Client<'_>, usual_url: Option<&str>) -> Result<Self, Error> {
        let section = client.section;
        let given = section.text("authorize_url");
        // What is usual of a provider is not what its issuer would say.
        let usual_url = usual_url.filter(|_| !section.has("issuer"));
        if given.or(usual_url).is_none() && !section.has("issuer") {
            return Err(section.missing("authorize_url").with_advice(
                "write the URL that users log in at, or the issuer, which names its endpoints itself",
            ));
        }
        Ok(Self {
            section: section.clone(),
            authorize_url: given.or(usual_url).map(ToOwned::to_owned),
            redirect_uri: section.text("redirect_uri").map(ToOwned::to_owned),
            session_key: session_key(client)?,
        })
    }
}

/// The key for sessions: environment, settings.
fn session_key(client: &Client<'_>) -> Result<Option<SealKey>, Error> {
    if let Some(text) = client.variables.session_key()? {
        let key = SealKey::from_base64(&text);
        return key.map(Some).map_err(|error| error.with_subject("$CLAVIGER_SESSION_KEY"));
    }
    let text = client.section.secret("session_key", client.variables)?;
    let key = text.map(|text| SealKey::from_base64(&text)).transpose();
    key.map_err(|error| client.section.placed("session_key", error))
}
