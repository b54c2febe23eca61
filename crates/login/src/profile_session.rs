//! The session of one profile, in its file.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use claviger_auth_core::{AccessToken, Clock as _, Error, ErrorKind, Fetch, SystemClock, TokenSource};
use claviger_oauth_code::Session;
use claviger_profiles::{Logins, TokenRequestFacts};
use claviger_session_store_file::{FileSessionStore, SessionName};

use crate::{Status, under_way::UnderWay};

/// What is said to whoever runs the program.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever prints it has a way for each")]
pub enum Words<'a> {
    /// A line to be copied, such as an address: it stands alone, as it is.
    Line(&'a str),
    /// What goes on.
    Note(&'a str),
    /// What is likely a mistake, or soon goes wrong.
    Warning(&'a str),
}

/// Says it, at once.
pub type Say = fn(Words<'_>);

/// Knows the session of one profile, which is kept in a file of its own.
///
/// As a [`TokenSource`] it renews that session. Its errors say what to type to log in.
pub struct ProfileSession {
    pub(crate) session: Session,
    pub(crate) logins: Logins,
    pub(crate) scope: Option<String>,
    pub(crate) say: Say,
    profile: String,
    client_id: String,
    path: PathBuf,
    advice: &'static str,
    last_was_kept: AtomicBool,
}

impl ProfileSession {
    /// Opens the session of this profile in the folder, which is made if it is missing. It blocks.
    ///
    /// No two profiles have one in common, nor do two servers, clients or sets of scopes. The client certificate makes no
    /// other session: it is renewed while a login lasts.
    ///
    /// # Errors
    ///
    /// Those of [`FileSessionStoreBuilder::build`](claviger_session_store_file::FileSessionStoreBuilder::build).
    pub fn open(folder: &Path, facts: &TokenRequestFacts, logins: &Logins, say: Say) -> Result<Self, Error> {
        let profile = logins.profile();
        let name = SessionName::new(identity(profile, facts), &facts.token_url, &facts.client_id);
        let mut store = FileSessionStore::builder(folder, name);
        if let Some(key) = logins.session_key() {
            store = store.with_key(key.clone());
        }
        let store = store.build()?;
        let path = store.path().to_owned();
        Ok(Self {
            session: logins.session(store),
            logins: logins.clone(),
            scope: facts.scope.clone(),
            say,
            profile: profile.to_owned(),
            client_id: facts.client_id.clone(),
            path,
            // Advice is a literal everywhere else. This one is made once in a run.
            advice: format!("log in: claviger --profile {} login", quoted(profile)).leak(),
            last_was_kept: AtomicBool::new(false),
        })
    }

    /// Says this settings file, too, in what to type to log in: for where it was named.
    #[must_use]
    pub fn with_config(mut self, config: &Path) -> Self {
        let (config, profile) = (quoted(&config.to_string_lossy()), quoted(&self.profile));
        self.advice = format!("log in: claviger --config {config} --profile {profile} login").leak();
        self
    }

    /// Has the server take the session back, and forgets it, also if the server does not. What came of it is said.
    ///
    /// # Errors
    ///
    /// Those of the store; and of the server, if it is known where sessions are taken back and that failed: the session
    /// is forgotten all the same, and the error says so.
    pub async fn log_out(&self) -> Result<(), Error> {
        let stored = self.session.stored().await;
        let ended = self.session.end().await;
        let (note, warning) = match ended {
            Ok(true) => ("logged out; the server has taken the session back", None),
            Ok(false) if stored.is_ok() => ("nobody was logged in", None),
            Ok(false) => (FORGOTTEN, Some(UNREADABLE)),
            Err(error) if !self.session.stored().await.is_ok_and(|session| session.is_none()) => {
                return Err(error);
            }
            Err(error)
                if error.kind() == ErrorKind::Configuration
                    && error.subject() == Some("revocation_endpoint") =>
            {
                (FORGOTTEN, Some(NOT_ASKED))
            }
            Err(error) => {
                let what = "the session is forgotten here, but the server has not taken it back";
                return Err(Error::new(error.kind(), what)
                    .with_advice("end it at the provider, where your account lists who has access")
                    .with_source(error));
            }
        };
        (self.say)(Words::Note(note));
        warning.into_iter().for_each(|warning| (self.say)(Words::Warning(warning)));
        Ok(())
    }

    /// Tells how the session stands. Nothing is sent, and nothing renewed.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn status(&self) -> Result<Status, Error> {
        Ok(Status {
            profile: self.profile.clone(),
            client_id: self.client_id.clone(),
            session: self.session.stored().await.map_err(|error| self.advised(error))?,
            path: self.path.clone(),
            is_sealed: self.logins.session_key().is_some(),
            now: SystemClock::new().wall(),
        })
    }

    /// Tells whether the token that was handed out last was there already.
    #[must_use]
    pub fn last_was_kept(&self) -> bool {
        self.last_was_kept.load(Ordering::Relaxed)
    }

    /// Says what to type.
    fn advised(&self, error: Error) -> Error {
        if error.advice().starts_with("log in") { error.with_advice(self.advice) } else { error }
    }
}

#[async_trait]
impl TokenSource for ProfileSession {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        let before = self.session.stored().await.ok().flatten();
        let was_rejected = matches!(why, Fetch::Rejected(_));
        let under_way = UnderWay::begin(self.say);
        let fetched = self.session.fetch(why).await.map_err(|error| self.advised(error));
        if let Err(error) = &fetched
            && under_way.is_last()
        {
            // Nobody else will say it.
            (self.say)(Words::Warning(&format!("the session was not renewed: {error}; {}", error.advice())));
        }
        under_way.end().await;
        if let Ok(token) = &fetched {
            let was_kept = before.is_some_and(|kept| kept.access_token().header() == token.header());
            self.last_was_kept.store(was_kept, Ordering::Relaxed);
            if was_rejected {
                (self.say)(Words::Warning(ENDED_EARLY));
            }
        }
        fetched
    }
}

impl fmt::Debug for ProfileSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileSession")
            .field("profile", &self.profile)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Writes all that tells the session from others, beside token URL and client, so that no two sets run together.
fn identity(profile: &str, facts: &TokenRequestFacts) -> String {
    let TokenRequestFacts { provider, scope, audience, resources, parameters, tenant, .. } = facts;
    let tenant = tenant.as_ref().map(|tenant| String::from_utf8_lossy(tenant.as_bytes()));
    serde_json::json!([profile, provider, scope, audience, resources, parameters, tenant]).to_string()
}

/// Writes a name as a shell reads it.
fn quoted(name: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', r"'\''"))
}

const FORGOTTEN: &str = "logged out: the session is forgotten here";
const NOT_ASKED: &str = "the server was not asked to take it back: it is not known where that is done. An issuer in the \
                         profile may say; else end it at the provider";
const UNREADABLE: &str =
    "it could not be read, so the server was not asked to take it back: end it at the provider";
const ENDED_EARLY: &str = "the API refused the access token before its time was up, and it was replaced. The session may \
                           have been ended elsewhere: at some providers somebody who logs in with the same account ends \
                           it, and is in turn thrown out by this. Use an account for the API alone";

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn each_fact_makes_another_identity() {
        let facts = || TokenRequestFacts::new("custom", "https://auth.example/token", "acme");
        let mut all = vec![("a", facts()), ("b", facts())];
        all.push(("a", TokenRequestFacts { provider: "clarus", ..facts() }));
        all.push(("a", TokenRequestFacts { scope: Some("s".into()), ..facts() }));
        all.push(("a", TokenRequestFacts { audience: Some("s".into()), ..facts() }));
        all.push(("a", TokenRequestFacts { resources: vec!["s".into()], ..facts() }));
        all.push(("a", TokenRequestFacts { parameters: vec![("s".into(), String::new())], ..facts() }));
        all.push(("a", TokenRequestFacts { tenant: Some(HeaderValue::from_static("s")), ..facts() }));
        let identities: Vec<_> = all.iter().map(|(profile, facts)| identity(profile, facts)).collect();
        for (index, one) in identities.iter().enumerate() {
            assert!(!identities[index + 1..].contains(one), "{one}");
        }
        assert_eq!(identities[0], identity("a", &facts()));
    }

    #[test]
    fn quotes_a_profile_for_the_shell() {
        assert_eq!(quoted("clarus-login"), "clarus-login");
        assert_eq!(quoted("it's; mine"), r"'it'\''s; mine'");
    }
}
