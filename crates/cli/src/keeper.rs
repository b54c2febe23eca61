//! Whether tokens are kept in this run, and where.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use claviger_auth_core::{Error, ErrorKind, TokenSource};
use claviger_login::ProfileSession;
use claviger_profiles::{TokenRequestFacts, TokenRequests};
use claviger_token_store_file::{Key, TokenStore};

use crate::{args::Choice, console, environment::Environment};

/// Puts the store between a source of tokens and the cache, unless it is told to leave it alone.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: Folder,
    store: OnceLock<Arc<TokenStore>>,
    session: OnceLock<Arc<ProfileSession>>,
}

#[derive(Debug)]
enum Folder {
    At(PathBuf),
    LeftAlone,
    Unknown,
}

impl Keeper {
    pub(crate) fn new(choice: &Choice, environment: &Environment) -> Self {
        let folder = match environment.state_folder() {
            _ if choice.no_cache => Folder::LeftAlone,
            Some(folder) => Folder::At(folder),
            None => Folder::Unknown,
        };
        Self { folder, store: OnceLock::new(), session: OnceLock::new() }
    }

    /// Fits [`Stack::new`](claviger_profiles::Stack::new); it is for one stack.
    pub(crate) fn keep(&self, profile: &str, requests: TokenRequests) -> Result<Arc<dyn TokenSource>, Error> {
        if requests.login.is_some() {
            let session = Arc::new(self.open(profile, &requests)?);
            let _ = self.session.set(Arc::clone(&session));
            return Ok(session);
        }
        let folder = match &self.folder {
            Folder::At(folder) => folder,
            Folder::LeftAlone => return Ok(requests.source),
            Folder::Unknown => {
                console::warn(
                    "tokens are not kept: there is no folder for them; name one in $CLAVIGER_STATE_DIR",
                );
                return Ok(requests.source);
            }
        };
        let TokenRequests { source, facts, client_secret, .. } = requests;
        let mut store = TokenStore::builder(folder, key(facts)).with_warning(console::warn);
        if let Some(client_secret) = client_secret {
            store = store.with_client_secret(client_secret);
        }
        let store = store.build(source).map_err(|error| error.with_advice(REFUSED))?;
        let store = Arc::new(store);
        let _ = self.store.set(Arc::clone(&store));
        Ok(store)
    }

    /// Opens the session of a profile whose tokens come of a login.
    pub(crate) fn open(&self, profile: &str, requests: &TokenRequests) -> Result<ProfileSession, Error> {
        let wrong = |what| Error::new(ErrorKind::Configuration, what);
        let Some(logins) = &requests.login else {
            return Err(Self::no_login());
        };
        let folder = match &self.folder {
            Folder::At(folder) => folder,
            Folder::LeftAlone => {
                return Err(
                    wrong("a login is kept between runs, or it is none").with_advice("leave --no-cache out")
                );
            }
            Folder::Unknown => {
                return Err(wrong("there is no folder to keep the session in")
                    .with_advice("name one in $CLAVIGER_STATE_DIR"));
            }
        };
        ProfileSession::open(folder, profile, &requests.facts, logins, console::words)
    }

    /// Says that there is nothing to log in to.
    pub(crate) fn no_login() -> Error {
        Error::new(ErrorKind::Configuration, "nobody logs in with this profile")
            .with_advice("choose one with auth = \"authorization-code\", by --profile; others need no login")
    }

    /// The session, where tokens come of a login.
    pub(crate) fn session(&self) -> Option<&ProfileSession> {
        self.session.get().map(|session| &**session)
    }

    /// The store, where tokens are kept.
    pub(crate) fn store(&self) -> Option<&TokenStore> {
        self.store.get().map(|store| &**store)
    }

    /// Says where the last token came from, as `token --json` has it.
    pub(crate) fn source(&self) -> &'static str {
        let was_kept = self.store().is_some_and(TokenStore::last_was_kept)
            || self.session().is_some_and(ProfileSession::last_was_kept);
        if was_kept { "cache" } else { "fetched" }
    }
}

/// All facts go into it: one that is left out would hand out another's token.
fn key(facts: TokenRequestFacts) -> Key {
    let TokenRequestFacts {
        provider,
        token_url,
        client_id,
        scope,
        audience,
        resources,
        parameters,
        certificate,
        tenant,
    } = facts;
    let mut key = Key::new(provider, token_url, client_id);
    if let Some(scope) = scope {
        key = key.with_scope(scope);
    }
    if let Some(audience) = audience {
        key = key.with_audience(audience);
    }
    for resource in resources {
        key = key.with_resource(resource);
    }
    for (name, value) in parameters {
        key = key.with_parameter(name, value);
    }
    if let Some(certificate) = certificate {
        key = key.with_certificate(certificate);
    }
    match tenant {
        Some(tenant) => key.with_tenant(tenant),
        None => key,
    }
}

const REFUSED: &str = "make the folder for tokens yours alone (chown, chmod 700), name another in $CLAVIGER_STATE_DIR, or add --no-cache";

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use async_trait::async_trait;
    use claviger_auth_core::{AccessToken, Fetch};
    use claviger_token_endpoint::ClientAuthenticationMethod;

    use super::*;

    struct Never;

    #[async_trait]
    impl TokenSource for Never {
        async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
            unreachable!("nobody asks it")
        }
    }

    #[test]
    fn says_how_to_do_without_a_folder_that_is_not_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let path = folder.path().to_str().unwrap();
        let environment = Environment::of(&[("CLAVIGER_STATE_DIR", path)]);
        let requests = || TokenRequests {
            source: Arc::new(Never),
            facts: TokenRequestFacts::new("custom", "https://auth.example/token", "acme"),
            method: ClientAuthenticationMethod::None,
            client_secret: None,
            endpoint: None,
            login: None,
        };
        let Err(error) = Keeper::new(&Choice::default(), &environment).keep("acme", requests()) else {
            panic!("not refused")
        };
        assert_eq!(error.subject(), Some(path));
        assert!(error.advice().contains("$CLAVIGER_STATE_DIR") && error.advice().contains("--no-cache"));
        let alone = Choice { no_cache: true, ..Choice::default() };
        Keeper::new(&alone, &environment).keep("acme", requests()).unwrap();
    }
}
