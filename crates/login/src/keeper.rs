//! Whether tokens are kept in this run, and where.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use claviger_auth_core::{Error, ErrorKind, TokenSource};
use claviger_profiles::{TokenRequestFacts, TokenRequests};
use claviger_token_store_file::{Key, TokenStore};

use crate::{ProfileSession, Say, Words};

/// Puts what stays between runs between a source of tokens and the cache: kept tokens, or the session of a login.
#[derive(Debug)]
pub struct Keeper {
    folder: StateFolder,
    config: Option<PathBuf>,
    say: Say,
    store: OnceLock<Arc<TokenStore>>,
    session: OnceLock<Arc<ProfileSession>>,
}

/// Tells where to keep tokens and sessions.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "there are no more")]
pub enum StateFolder {
    /// There.
    At(PathBuf),
    /// Nowhere: what is kept is to be left alone.
    LeftAlone,
    /// Nowhere: this machine says of no folder.
    Unknown,
}

impl Keeper {
    /// Keeps it there. What is likely a mistake is said.
    #[must_use]
    pub fn new(folder: StateFolder, say: Say) -> Self {
        Self { folder, config: None, say, store: OnceLock::new(), session: OnceLock::new() }
    }

    /// Names the settings file, if it was named: whoever is told to log in must name it again.
    #[must_use]
    pub fn with_config(mut self, config: Option<PathBuf>) -> Self {
        self.config = config;
        self
    }

    /// Fits [`Stack::new`](claviger_profiles::Stack::new); it is for one stack.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the folder is not its user's alone; those of
    /// [`open`](Self::open).
    pub fn keep(&self, requests: TokenRequests) -> Result<Arc<dyn TokenSource>, Error> {
        if requests.login.is_some() {
            let session = Arc::new(self.open(Some(&requests))?);
            let _ = self.session.set(Arc::clone(&session));
            return Ok(session);
        }
        let folder = match &self.folder {
            StateFolder::At(folder) => folder,
            StateFolder::LeftAlone => return Ok(requests.source),
            StateFolder::Unknown => {
                (self.say)(Words::Warning(
                    "tokens are not kept: there is no folder for them; name one in $CLAVIGER_STATE_DIR",
                ));
                return Ok(requests.source);
            }
        };
        let TokenRequests { source, facts, client_secret, .. } = requests;
        let mut store = TokenStore::builder(folder, key(facts)).with_warning({
            let say = self.say;
            move |words: &str| say(Words::Warning(words))
        });
        if let Some(client_secret) = client_secret {
            store = store.with_client_secret(client_secret);
        }
        let store = store.build(source).map_err(|error| error.with_advice(REFUSED))?;
        let store = Arc::new(store);
        let _ = self.store.set(Arc::clone(&store));
        Ok(store)
    }

    /// Opens the session of a profile, of whose token requests one is given, if its tokens come of a login.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if they do not, or if there is nowhere to keep it; those of
    /// [`ProfileSession::open`].
    pub fn open(&self, requests: Option<&TokenRequests>) -> Result<ProfileSession, Error> {
        let wrong = |what| Error::new(ErrorKind::Configuration, what);
        let login = requests.and_then(|requests| Some((&requests.facts, requests.login.as_ref()?)));
        let (facts, logins) = login.ok_or_else(|| {
            wrong("nobody logs in with this profile").with_advice(
                "choose one with auth = \"authorization-code\", by --profile; others need no login",
            )
        })?;
        match &self.folder {
            StateFolder::At(folder) => {
                let session = ProfileSession::open(folder, facts, logins, self.say)?;
                Ok(match &self.config {
                    Some(config) => session.with_config(config),
                    None => session,
                })
            }
            StateFolder::LeftAlone => {
                Err(wrong("a login is kept between runs, or it is none").with_advice("leave --no-cache out"))
            }
            StateFolder::Unknown => Err(wrong("there is no folder to keep the session in")
                .with_advice("name one in $CLAVIGER_STATE_DIR")),
        }
    }

    /// The session, where tokens come of a login.
    #[must_use]
    pub fn session(&self) -> Option<&ProfileSession> {
        self.session.get().map(|session| &**session)
    }

    /// The store, where tokens are kept.
    #[must_use]
    pub fn store(&self) -> Option<&TokenStore> {
        self.store.get().map(|store| &**store)
    }

    /// Says where the last token came from, as `token --json` has it.
    #[must_use]
    pub fn source(&self) -> &'static str {
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
        let keeper = |folder| Keeper::new(folder, |_| ());
        let Err(error) = keeper(StateFolder::At(path.into())).keep(requests()) else { panic!("not refused") };
        assert_eq!(error.subject(), Some(path));
        assert!(error.advice().contains("$CLAVIGER_STATE_DIR") && error.advice().contains("--no-cache"));
        keeper(StateFolder::LeftAlone).keep(requests()).unwrap();
    }

    #[test]
    fn opens_no_session_where_nobody_logs_in() {
        let error = Keeper::new(StateFolder::Unknown, |_| ()).open(Some(&requests())).unwrap_err();
        assert!(error.advice().contains("authorization-code"), "{error}");
    }

    fn requests() -> TokenRequests {
        TokenRequests {
            source: Arc::new(Never),
            facts: TokenRequestFacts::new("custom", "https://auth.example/token", "acme"),
            method: ClientAuthenticationMethod::None,
            client_secret: None,
            endpoint: None,
            login: None,
        }
    }
}
