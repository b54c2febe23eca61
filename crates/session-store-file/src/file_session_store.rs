//! The store: one file, one lock.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use claviger_auth_core::{Error, ErrorKind};
use claviger_oauth_code::{SessionLock, SessionStore, StoredSession};
use claviger_private_file::{Lock, PrivateFile, Problem, prepare_folder};
use claviger_seal::{Seal, SealKey, Unopened};
use secrecy::ExposeSecret;
use tokio::{task, time};
use zeroize::Zeroizing;

use crate::SessionName;

/// Keeps a session in a file, for all processes of its user. A clone is cheap.
///
/// # Panics
///
/// Its calls panic where there is no tokio runtime with time enabled.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone, Debug)]
pub struct FileSessionStore {
    shelf: Arc<Shelf>,
}

struct Shelf {
    file: PrivateFile,
    name: String,
    seal: Option<Seal>,
}

impl FileSessionStore {
    /// Names the folder, and the session.
    #[must_use]
    pub fn builder(folder: impl Into<PathBuf>, name: SessionName) -> FileSessionStoreBuilder {
        FileSessionStoreBuilder { folder: folder.into(), name, key: None }
    }

    /// Returns where the session is kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shelf.file.path()
    }

    /// Does what blocks where it may.
    async fn aside<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Shelf) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let shelf = Arc::clone(&self.shelf);
        task::spawn_blocking(move || work(&shelf)).await.unwrap_or_else(|error| {
            Err(Error::new(ErrorKind::Runtime, "the session store came to a bad end").with_source(error))
        })
    }
}

#[async_trait]
impl SessionStore for FileSessionStore {
    async fn load(&self) -> Result<Option<StoredSession>, Error> {
        self.aside(Shelf::load).await
    }

    async fn lock(&self) -> Result<Box<dyn SessionLock>, Error> {
        loop {
            let tried = self.aside(|shelf| {
                shelf.file.try_lock().map_err(|error| shelf.failed("the session cannot be locked", error))
            });
            if let Some(lock) = tried.await? {
                return Ok(Box::new(FileLock { store: self.clone(), lock: Arc::new(lock) }));
            }
            time::sleep(PAUSE).await;
        }
    }
}

struct FileLock {
    store: FileSessionStore,
    /// It goes along with what is written: should nobody wait for that any more, the file is still ours to replace.
    lock: Arc<Lock>,
}

#[async_trait]
impl SessionLock for FileLock {
    async fn load(&mut self) -> Result<Option<StoredSession>, Error> {
        self.store.load().await
    }

    async fn load_exposed(&mut self) -> Result<Option<StoredSession>, Error> {
        self.store.aside(|shelf| shelf.decode(shelf.file.read_exposed())).await
    }

    async fn save(&mut self, session: &StoredSession) -> Result<(), Error> {
        let (session, lock) = (session.clone(), Arc::clone(&self.lock));
        self.store.aside(move |shelf| shelf.save(&session, &lock)).await
    }

    async fn set_aside(&mut self) -> Result<(), Error> {
        let lock = Arc::clone(&self.lock);
        let aside = self.store.aside(move |shelf| {
            let set_aside = shelf.file.set_aside(ENDED, &lock);
            set_aside.map_err(|error| shelf.failed("the session cannot be set aside", error))
        });
        aside.await
    }

    async fn remove(&mut self) -> Result<(), Error> {
        let lock = Arc::clone(&self.lock);
        let removed = self.store.aside(move |shelf| {
            let removed = shelf.file.remove_all(&[ENDED], &lock);
            removed.map_err(|error| shelf.failed("the session cannot be removed", error))
        });
        removed.await
    }
}

/// Makes a [`FileSessionStore`].
#[derive(Clone, Debug)]
pub struct FileSessionStoreBuilder {
    folder: PathBuf,
    name: SessionName,
    key: Option<SealKey>,
}

impl FileSessionStoreBuilder {
    /// Seals the file, so that a copy of it (a backup, a disk) is of no use without the key.
    ///
    /// A session that was stored without a key is not read with one, nor the other way round.
    #[must_use]
    pub fn with_key(mut self, key: SealKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Makes the folder, if it is missing, and looks whether it is its user's alone. It blocks.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration): the folder cannot be made, is another user's, or others may write
    /// there.
    pub fn build(self) -> Result<FileSessionStore, Error> {
        let seal = self.key.as_ref().map(|key| Seal::new(key, KIND));
        prepare_folder(&self.folder).map_err(|problem| match problem {
            Problem::Refused(error) => error,
            Problem::Unusable(error) => {
                Error::new(ErrorKind::Configuration, "the folder for sessions cannot be used")
                    .with_subject(self.folder.display().to_string())
                    .with_source(error)
                    .with_advice("name a folder of your own, on a disk that is there")
            }
        })?;
        let name = self.name.digest();
        let shelf = Shelf { file: PrivateFile::new(&self.folder, &name, "json"), name, seal };
        Ok(FileSessionStore { shelf: Arc::new(shelf) })
    }
}

impl Shelf {
    fn load(&self) -> Result<Option<StoredSession>, Error> {
        self.decode(self.file.read())
    }

    fn decode(&self, read: io::Result<Option<Zeroizing<Vec<u8>>>>) -> Result<Option<StoredSession>, Error> {
        let read = read.map_err(|error| self.failed("the session cannot be read", error))?;
        let Some(bytes) = read else { return Ok(None) };
        let decoded = match &self.seal {
            Some(seal) => seal
                .open(&bytes, &self.name)
                .map_err(unopened)
                .and_then(|plain| StoredSession::decode(&plain)),
            None if Seal::is_on(&bytes, KIND) => {
                Err(Error::new(ErrorKind::Configuration, "the stored session is sealed, and there is no key")
                    .with_advice("give the key that it was sealed with, or log in again"))
            }
            None => StoredSession::decode(&bytes),
        };
        decoded.map(Some).map_err(|error| error.with_subject(self.subject()))
    }

    fn save(&self, session: &StoredSession, lock: &Lock) -> Result<(), Error> {
        let plain = session.encode()?;
        let written = match &self.seal {
            Some(seal) => self.file.write(&seal.close(plain.expose_secret(), &self.name)?, lock),
            None => self.file.write(plain.expose_secret(), lock),
        };
        written.map_err(|error| self.failed("the session cannot be stored", error))
    }

    fn failed(&self, what: &'static str, error: io::Error) -> Error {
        let advice = if error.kind() == io::ErrorKind::PermissionDenied {
            "make the file yours alone (chown, chmod 600) if nobody has read it, else log out, then log in again"
        } else {
            "see what is in the place of the file, and whether its folder has room and can be written to"
        };
        let error = Error::new(ErrorKind::Configuration, what).with_source(error);
        error.with_subject(self.subject()).with_advice(advice)
    }

    fn subject(&self) -> String {
        self.file.path().display().to_string()
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("file", &self.file).finish_non_exhaustive()
    }
}

fn unopened(why: Unopened) -> Error {
    let (what, advice) = match why {
        Unopened::Damaged => ("the stored session is damaged", "log in again"),
        Unopened::NotSealed => ("the stored session is not sealed, though there is a key", "log in again"),
        Unopened::OtherKey => (
            "the stored session was sealed with another key",
            "give the key that it was sealed with, or log in again",
        ),
        Unopened::OtherVersion => {
            ("the session was stored by another version of this program", "log in again")
        }
    };
    Error::new(ErrorKind::Configuration, what).with_advice(advice)
}

/// What its seals are for.
const KIND: &str = "session";
/// The extension of a session that the server has ended.
const ENDED: &str = "ended";
const PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
