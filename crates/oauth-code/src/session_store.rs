//! Where a session is kept.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use claviger_auth_core::Error;
use tokio::sync::OwnedMutexGuard;

use crate::StoredSession;

/// Keeps one session, for one or many processes.
///
/// What is read must be the whole of what was last saved, whatever else goes on.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Returns the session; none if there is none. It does not wait for the lock.
    async fn load(&self) -> Result<Option<StoredSession>, Error>;

    /// Waits, for as long as it takes, until nobody else has the lock. It is given back when it is dropped, and when
    /// its process ends, however that is.
    ///
    /// # Cancellation
    ///
    /// Whoever no longer waits does not have it.
    async fn lock(&self) -> Result<Box<dyn SessionLock>, Error>;
}

/// The right to change what a [`SessionStore`] keeps, of which there is one.
#[async_trait]
pub trait SessionLock: Send + 'static {
    /// Returns the session; none if there is none.
    async fn load(&mut self) -> Result<Option<StoredSession>, Error>;

    /// As [`load`](Self::load), also if others may have read the session: to have the server take it back.
    async fn load_exposed(&mut self) -> Result<Option<StoredSession>, Error> {
        self.load().await
    }

    /// Puts the whole session in the place of the one before. When it returns, a power cut takes it away no more.
    async fn save(&mut self, session: &StoredSession) -> Result<(), Error>;

    /// Puts a session that has ended where it is found no more, but can be looked at.
    async fn set_aside(&mut self) -> Result<(), Error>;

    /// Takes the session away, if there is one, and what was set aside.
    async fn remove(&mut self) -> Result<(), Error>;
}

/// Keeps a session for as long as the process runs. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemorySessionStore {
    kept: Arc<Mutex<Option<StoredSession>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl MemorySessionStore {
    /// Begins without a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn put(&self, session: Option<StoredSession>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }
}

#[async_trait]
impl SessionStore for MemorySessionStore {
    async fn load(&self) -> Result<Option<StoredSession>, Error> {
        Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn lock(&self) -> Result<Box<dyn SessionLock>, Error> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        Ok(Box::new(Locked { store: self.clone(), _turn: turn }))
    }
}

struct Locked {
    store: MemorySessionStore,
    _turn: OwnedMutexGuard<()>,
}

#[async_trait]
impl SessionLock for Locked {
    async fn load(&mut self) -> Result<Option<StoredSession>, Error> {
        self.store.load().await
    }

    async fn save(&mut self, session: &StoredSession) -> Result<(), Error> {
        self.store.put(Some(session.clone()));
        Ok(())
    }

    async fn set_aside(&mut self) -> Result<(), Error> {
        // There is nobody to look at it.
        self.remove().await
    }

    async fn remove(&mut self) -> Result<(), Error> {
        self.store.put(None);
        Ok(())
    }
}
