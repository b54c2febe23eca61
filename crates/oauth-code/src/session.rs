//! A session: access tokens for as long as a refresh token is good, across processes and crashes.

mod renewal;
mod wanted;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use claviger_auth_core::{AccessToken, Clock, Error, ErrorKind, Fetch, SystemClock, TokenSource};
use claviger_token_endpoint::{TokenAnswer, TokenEndpoint};
use tokio::{task, time};

use self::{renewal::Renewal, wanted::Wanted};
use crate::{SessionLock, SessionStore, StoredSession};

/// Hands out access tokens of a login that was made once, and renews it (RFC 6749 §6).
///
/// It is what its store holds: any number of them, in any number of processes, can stand over one store, and a login
/// in one of them is a login in all.
///
/// # What it promises
///
/// - One at a time renews, and the others take what it got. No refresh token is sent again once the server has
///   answered with another; where no answer came, or that it cannot answer now, the same one is sent next time.
/// - Before it is sent, the session is stored as it is: a store that is full or broken shows then, and nothing is lost.
/// - The new refresh token is in the store before the access token that came with it is handed out.
/// - A renewal that was begun goes on when nobody waits for it any more. What it got and could not store it keeps,
///   together with the lock, and stores first thing next time.
/// - A process that ends, at any moment, leaves the session before or after the renewal. There is one gap that no
///   client can close: when the server has put another refresh token in the place of the one that was sent, and that
///   is not on the disk yet. A server that forgives no second use of the old one takes it for stolen then (RFC 9700
///   §4.14.2), and a login is needed.
/// - A session that the server has ended is set aside, and not tried again. The error says to log in.
///
/// It waits up to 35 s for a process that renews. A cache above it has to allow for that and for a renewal after it: a
/// [deadline](claviger_auth_core::TokenCacheBuilder::with_fetch_deadline) of 70 s does.
///
/// # Panics
///
/// Its calls panic where there is no tokio runtime with time enabled;
/// [`TokenCache`](claviger_auth_core::TokenCache) says so instead.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone)]
pub struct Session {
    endpoint: TokenEndpoint,
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    resources: Vec<String>,
    memory: Arc<Memory>,
}

/// What this process knows beside the store.
#[derive(Default)]
struct Memory {
    /// The token that was handed out last: it is what a cache has that asks for the next.
    last: Mutex<Option<AccessToken>>,
    unsaved: Mutex<Option<Unsaved>>,
}

/// A session that the store did not take.
struct Unsaved {
    session: StoredSession,
    /// As long as it is held nobody sends the refresh token that has been replaced.
    lock: Box<dyn SessionLock>,
}

impl Session {
    /// Renews at this endpoint the session that this store holds.
    #[must_use]
    pub fn new(endpoint: TokenEndpoint, store: impl SessionStore) -> Self {
        Self {
            endpoint,
            store: Arc::new(store),
            clock: Arc::new(SystemClock::new()),
            resources: Vec::new(),
            memory: Arc::default(),
        }
    }

    /// Adds a resource that renewed tokens are for (RFC 8707 §2.2), where the login named more.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Asks this clock how old tokens are.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sees whether a login could be stored, by storing again what is there: for before somebody is sent to log in.
    ///
    /// # Errors
    ///
    /// Those of the store; and [`Timeout`](ErrorKind::Timeout) if another process does not let go of it.
    pub async fn check_store(&self) -> Result<(), Error> {
        let mut lock = self.lock().await?;
        match lock.load().await {
            Ok(Some(session)) => lock.save(&session).await,
            // One that cannot be read is about to be replaced.
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Stores what a login brought, in the place of any session before it, which the server is told nothing of: at
    /// some, to take back one session of a user takes back all of them.
    ///
    /// Without a refresh token the session lasts as long as the access token does.
    ///
    /// # Errors
    ///
    /// Those of the store, and then the session is good for this process alone until it can be stored; and
    /// [`Timeout`](ErrorKind::Timeout) if another process does not let go of it.
    pub async fn begin(&self, answer: &TokenAnswer) -> Result<(), Error> {
        let session = StoredSession::new(answer, self.clock.wall());
        let mut lock = match self.memory.take_unsaved() {
            Some(former) => former.lock,
            None => self.lock().await?,
        };
        let saved = lock.save(&session).await;
        if saved.is_err() {
            self.memory.keep_unsaved(Unsaved { session, lock });
        }
        saved
    }

    /// Has the server take back (RFC 7009) what a login brought and [`begin`](Self::begin) could not store. A session
    /// that is stored stays there.
    ///
    /// # Errors
    ///
    /// Those of [`TokenEndpoint::revoke_refresh_token`].
    pub async fn abandon(&self, answer: &TokenAnswer) -> Result<(), Error> {
        let _unsaved = self.memory.take_unsaved();
        self.revoke(&StoredSession::new(answer, self.clock.wall())).await
    }

    /// Has the server take the session back (RFC 7009), and forgets it. Tells whether there was one that could be read.
    ///
    /// # Errors
    ///
    /// Those of [`TokenEndpoint::revoke_refresh_token`], and those of the store. The session is forgotten all the same
    /// if the server could not be asked, or has no place for that.
    pub async fn end(&self) -> Result<bool, Error> {
        let (mut lock, session) = match self.memory.take_unsaved() {
            Some(Unsaved { session, lock }) => (lock, Some(session)),
            None => {
                let mut lock = self.lock().await?;
                let session = lock.load_exposed().await;
                // One that cannot be read cannot be taken back either.
                (lock, session.ok().flatten())
            }
        };
        let revoked = match &session {
            Some(session) => self.revoke(session).await,
            None => Ok(()),
        };
        lock.remove().await.and(revoked)?;
        Ok(session.is_some())
    }

    /// Returns the session that the store holds, and renews nothing: for those who tell how things stand.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn stored(&self) -> Result<Option<StoredSession>, Error> {
        self.store.load().await
    }

    async fn revoke(&self, session: &StoredSession) -> Result<(), Error> {
        match session.refresh_token() {
            Some(token) => self.endpoint.revoke_refresh_token(token).await,
            None => self.endpoint.revoke(session.access_token()).await,
        }
    }

    async fn lock(&self) -> Result<Box<dyn SessionLock>, Error> {
        time::timeout(PATIENCE, self.store.lock()).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, "another process holds on to the session")
                .with_advice("see whether another run of this program hangs"))
        })
    }
}

#[async_trait]
impl TokenSource for Session {
    /// Gets the token that the store has, if it is good and not the one that was rejected; else renews.
    ///
    /// # Errors
    ///
    /// - [`CredentialsRefused`](ErrorKind::CredentialsRefused): nobody is logged in, or the session has ended. The
    ///   advice is to log in.
    /// - [`Timeout`](ErrorKind::Timeout): another process does not let go of the session.
    /// - those of the store, and of [`TokenEndpoint::request`].
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        let wanted = Wanted::of(why, self.memory.last());
        if let Some(session) = self.store.load().await?
            && let Some(token) = wanted.find_in(&session, self.clock.wall())
        {
            return Ok(self.memory.hand_out(token));
        }
        let (lock, unsaved) = match self.memory.take_unsaved() {
            Some(Unsaved { session, lock }) => (lock, Some(session)),
            None => (self.lock().await?, None),
        };
        let renewal = Renewal { of: self.clone(), lock, unsaved, wanted };
        // On a task of its own: whoever waits may leave, and a refresh token must not be lost for that.
        let token = task::spawn(renewal.run()).await.unwrap_or_else(|error| {
            let what = "the renewal of the session came to a bad end";
            Err(Error::new(ErrorKind::Runtime, what).with_source(error))
        })?;
        Ok(self.memory.hand_out(token))
    }
}

impl Memory {
    fn last(&self) -> Option<AccessToken> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hand_out(&self, token: AccessToken) -> AccessToken {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        token
    }

    fn take_unsaved(&self) -> Option<Unsaved> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep_unsaved(&self, unsaved: Unsaved) {
        *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner) = Some(unsaved);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("endpoint", &self.endpoint)
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}

/// Longer than the 30 s that a token request may take.
const PATIENCE: Duration = Duration::from_secs(35);

#[cfg(test)]
mod tests;
