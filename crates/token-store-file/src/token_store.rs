//! The store: a token source that asks a file before it asks another source.

mod kept;
mod warning;

use std::{
    fmt, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use claviger_auth_core::{AccessToken, Clock, Error, Fetch, SystemClock, Thumbprint, TokenSource};
use claviger_private_file::{Lock, PrivateFile, Problem, prepare_folder};
use secrecy::SecretString;
use tokio::{task, time};

use self::{kept::Kept, warning::Warning};
use crate::key::{self, Key};

/// Hands out the token that an earlier run fetched, else fetches one and keeps it.
///
/// It waits up to 35 s for a process that is fetching the token. A cache above it has to allow for that and for
/// a fetch after it: a [deadline](claviger_auth_core::TokenCacheBuilder::with_fetch_deadline) of 70 s does.
///
/// # Panics
///
/// Fetching panics where there is no tokio runtime with time enabled;
/// [`TokenCache`](claviger_auth_core::TokenCache) says so instead.
///
/// # Cancellation
///
/// A fetch that is dropped keeps no token, or the whole of it, and gives the file free.
///
/// # Example
///
/// See the [crate's documentation](crate).
pub struct TokenStore {
    source: Arc<dyn TokenSource>,
    /// None where the folder cannot be used.
    shelf: Option<Arc<Shelf>>,
    last_was_kept: AtomicBool,
}

impl TokenStore {
    /// Names the folder and the tokens; [`build`](TokenStoreBuilder::build) takes the source.
    #[must_use]
    pub fn builder(folder: impl Into<PathBuf>, key: Key) -> TokenStoreBuilder {
        TokenStoreBuilder {
            folder: folder.into(),
            key,
            client_secret: None,
            clock: Arc::new(SystemClock::new()),
            warning: Warning::default(),
        }
    }

    /// Tells whether the last token that was handed out had been kept, rather than fetched for it.
    #[must_use]
    pub fn last_was_kept(&self) -> bool {
        self.last_was_kept.load(Ordering::Relaxed)
    }

    /// Returns the token that is kept, if it is still good, and fetches none: for those who revoke it.
    ///
    /// # Errors
    ///
    /// There is a file, and it cannot be used: those of the operating system, and
    /// [`InvalidData`](io::ErrorKind::InvalidData). They name the file.
    pub async fn kept(&self) -> io::Result<Option<AccessToken>> {
        let Some(shelf) = &self.shelf else { return Ok(None) };
        shelf.aside(|shelf| shelf.look(None)).await
    }

    /// Keeps this token no longer, once it was revoked. One that another process has put in its place meanwhile stays.
    ///
    /// # Errors
    ///
    /// Those of [`kept`](Self::kept), and of the operating system.
    pub async fn forget(&self, token: &AccessToken) -> io::Result<()> {
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let token = token.clone();
        shelf.aside(move |shelf| shelf.forget(&token)).await
    }
}

#[async_trait]
impl TokenSource for TokenStore {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        let Some(shelf) = &self.shelf else { return self.source.fetch(why).await };
        let lock = match shelf.turn_or_patience(Wanted::of(why)).await {
            Ok(Turn::Kept(token)) => {
                self.last_was_kept.store(true, Ordering::Relaxed);
                return Ok(token);
            }
            Ok(Turn::Ours(lock)) => Some(lock),
            Ok(Turn::Theirs) => {
                let words = "another run of this program holds on to the kept token; went on without it";
                shelf.warning.give(&shelf.with_path(words));
                None
            }
            Err(error) => {
                shelf.warning.give(&shelf.with_path(&format!("tokens are not kept: {error}; {MEND}")));
                None
            }
        };
        self.last_was_kept.store(false, Ordering::Relaxed);
        let asked = shelf.clock.wall();
        let token = self.source.fetch(why).await?;
        if let Some(lock) = lock {
            let (kept, wanted) = (token.clone(), Wanted::of(why));
            // The lock goes along: should nobody wait for this any more, the file is still ours to replace.
            if let Err(error) = shelf.aside(move |shelf| shelf.keep(kept, asked, &wanted, &lock)).await {
                shelf.warning.give(&shelf.with_path(&format!("the token is not kept: {error}; {MEND}")));
            }
        }
        Ok(token)
    }
}

impl fmt::Debug for TokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenStore").field("shelf", &self.shelf).finish_non_exhaustive()
    }
}

/// Makes a [`TokenStore`].
#[derive(Debug)]
pub struct TokenStoreBuilder {
    folder: PathBuf,
    key: Key,
    client_secret: Option<SecretString>,
    clock: Arc<dyn Clock>,
    warning: Warning,
}

impl TokenStoreBuilder {
    /// Hands out only tokens that were fetched with this secret: who has just changed or mistyped one wants to know
    /// whether it works. Of the secret nothing is kept but two bytes of a digest.
    #[must_use]
    pub fn with_client_secret(self, client_secret: SecretString) -> Self {
        Self { client_secret: Some(client_secret), ..self }
    }

    /// Asks this clock how old tokens are.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Tells this function, once in the life of a store, why tokens are not kept or not found.
    ///
    /// It is given words without a secret: ours, those of the operating system, and the path. It may be called on
    /// any thread. Without it nothing is told.
    #[must_use]
    pub fn with_warning(self, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { warning: Warning::new(warn), ..self }
    }

    /// Wraps `source`, whose tokens are kept in the folder. The folder is made if it is missing; it blocks.
    ///
    /// A folder that cannot be made is a warning, and the store passes on what `source` fetches.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration): the folder is another user's, or others may
    /// write there. They could put tokens into it.
    pub fn build(self, source: impl TokenSource) -> Result<TokenStore, Error> {
        let Self { folder, key, client_secret, clock, warning } = self;
        let shelf = match prepare_folder(&folder) {
            Ok(()) => Some(Arc::new(Shelf {
                file: PrivateFile::new(&folder, &key.file_name(), "json"),
                owner: Owner { certificate: key.certificate(), client_secret },
                clock,
                warning,
            })),
            Err(Problem::Refused(error)) => return Err(error),
            Err(Problem::Unusable(error)) => {
                warning.give(&format!("tokens are not kept: {error}; {MEND} ({})", folder.display()));
                None
            }
        };
        Ok(TokenStore { source: Arc::new(source), shelf, last_was_kept: AtomicBool::new(false) })
    }
}

/// What the work that blocks needs.
#[derive(Debug)]
struct Shelf {
    file: PrivateFile,
    owner: Owner,
    clock: Arc<dyn Clock>,
    warning: Warning,
}

impl Shelf {
    /// Waits for its turn, but not for ever; then looks once more, since the token may have come at the last moment.
    async fn turn_or_patience(self: &Arc<Self>, wanted: Wanted) -> io::Result<Turn> {
        match time::timeout(PATIENCE, self.turn(&wanted)).await {
            Ok(turn) => turn,
            Err(_) => self.aside(move |shelf| Ok(shelf.find(&wanted).map_or(Turn::Theirs, Turn::Kept))).await,
        }
    }

    /// Looks for a token until there is one, or until it is for us to fetch it.
    async fn turn(self: &Arc<Self>, wanted: &Wanted) -> io::Result<Turn> {
        loop {
            let wanted = wanted.clone();
            if let Some(turn) = self.aside(move |shelf| shelf.try_turn(&wanted)).await? {
                return Ok(turn);
            }
            time::sleep(PAUSE).await;
        }
    }

    /// Does what blocks where it may. A panic there is an error here.
    async fn aside<R: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let shelf = Arc::clone(self);
        task::spawn_blocking(move || work(&shelf)).await.map_err(io::Error::other)?
    }

    /// Takes the kept token, else the lock; neither while another process has the lock.
    fn try_turn(&self, wanted: &Wanted) -> io::Result<Option<Turn>> {
        if let Some(token) = self.find(wanted) {
            return Ok(Some(Turn::Kept(token)));
        }
        let Some(lock) = self.file.try_lock()? else { return Ok(None) };
        // Whoever had the lock before may have fetched it meanwhile.
        Ok(Some(match self.find(wanted) {
            Some(token) => Turn::Kept(token),
            None => Turn::Ours(lock),
        }))
    }

    /// Looks for a token to hand out. One that cannot be used is as good as none, for another is fetched.
    fn find(&self, wanted: &Wanted) -> Option<AccessToken> {
        let rejected = match wanted {
            Wanted::Any => None,
            Wanted::New => return None,
            Wanted::OtherThan(token) => Some(token),
        };
        self.look(rejected).unwrap_or_else(|error| {
            self.warning.give(&format!("{error}; another is fetched"));
            None
        })
    }

    fn look(&self, rejected: Option<&AccessToken>) -> io::Result<Option<AccessToken>> {
        let unusable = |kind, what: &dyn fmt::Display| {
            io::Error::new(kind, self.with_path(&format!("the kept token cannot be used: {what}")))
        };
        let Some(bytes) = self.file.read().map_err(|error| unusable(error.kind(), &error))? else {
            return Ok(None);
        };
        let kept = Kept::decode(&bytes, &self.owner);
        let kept = kept.map_err(|what| unusable(io::ErrorKind::InvalidData, &what))?;
        let token = kept.hand_out(self.clock.wall(), &self.owner);
        Ok(token.filter(|token| rejected.is_none_or(|rejected| rejected.header() != token.header())))
    }

    fn keep(&self, token: AccessToken, asked: SystemTime, wanted: &Wanted, lock: &Lock) -> io::Result<()> {
        let is_replacement = matches!(wanted, Wanted::OtherThan(_));
        let kept = Kept::new(token, asked, &self.owner).map(|kept| kept.with_replacement(is_replacement));
        match kept.and_then(|kept| kept.encode()) {
            Some(bytes) => self.file.write(&bytes, lock),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "it is none that can be kept")),
        }
    }

    fn forget(&self, token: &AccessToken) -> io::Result<()> {
        match self.look(None)? {
            Some(kept) if kept.header() == token.header() => self.file.remove(),
            _ => Ok(()),
        }
    }

    fn with_path(&self, what: &str) -> String {
        format!("{what} ({})", self.file.path().display())
    }
}

/// Whose token it is, as far as its file must match.
#[derive(Clone, Debug)]
struct Owner {
    certificate: Option<Thumbprint>,
    client_secret: Option<SecretString>,
}

impl Owner {
    fn secret_check(&self, token: &AccessToken) -> Option<u16> {
        self.client_secret.as_ref().map(|secret| key::secret_check(token, secret))
    }
}

/// Which of the kept tokens will do.
#[derive(Clone)]
enum Wanted {
    Any,
    /// None: the one that is kept is the one that is to be replaced.
    New,
    OtherThan(AccessToken),
}

impl Wanted {
    fn of(why: Fetch<'_>) -> Self {
        match why {
            Fetch::Cold => Self::Any,
            Fetch::Rejected(token) => Self::OtherThan(token.clone()),
            Fetch::Early | _ => Self::New,
        }
    }
}

enum Turn {
    Kept(AccessToken),
    Ours(Lock),
    /// Another process does not let go.
    Theirs,
}

/// How long to wait for another process: longer than the 30 s that a token request may take. With less, all that wait
/// for a slow token endpoint would ask it as well.
const PATIENCE: Duration = Duration::from_secs(35);
const MEND: &str = "give them a folder that can be written to";
const PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
