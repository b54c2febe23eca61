//! Tokens kept between runs: fetching one is costly, and rate limited at the provider.
//!
//! ```text
//! Authorization ─▶ TokenCache ─▶ TokenStore ─▶ TokenSource ─▶ token endpoint
//!                                ▲▲▲ here
//! ```
//!
//! One file per token, in a folder and with permissions for its user alone. Processes that find no token take
//! turns, so that one of them fetches it and the others find it. The store is a convenience: where it fails, one
//! warning is given and the token is fetched.

mod file;
mod folder;
mod keeper;
mod kept;
mod key;

use std::{
    io,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use claviger_auth_core::{AccessToken, Clock, Error, Fetch, SystemClock, Thumbprint, TokenSource};
use secrecy::SecretString;
use tokio::{task, time};

pub(crate) use self::keeper::Keeper;
use self::{
    file::{Lock, TokenFile},
    folder::Problem,
    kept::Kept,
    key::Key,
};
use crate::{console, providers::TokenRequests};

/// Hands out the token that an earlier run fetched, else fetches one and keeps it.
struct TokenStore {
    source: Arc<dyn TokenSource>,
    shelf: Arc<Shelf>,
    found: Found,
}

/// Tells whether the last token that was handed out had been kept. Clones tell the same.
#[derive(Clone, Debug, Default)]
struct Found(Arc<AtomicBool>);

impl TokenStore {
    /// Keeps the tokens of `source`, which are for these facts, in a folder that is made if it is missing.
    fn open(folder: &Path, requests: TokenRequests, found: Found) -> Result<Self, Problem> {
        folder::prepare(folder)?;
        let TokenRequests { source, facts, client_secret } = requests;
        let shelf = Shelf {
            file: TokenFile::new(folder, Key::of(&facts)),
            owner: Owner { certificate: facts.certificate, client_secret },
            clock: Box::new(SystemClock::new()),
            warning: OnceLock::new(),
        };
        Ok(Self { source, shelf: Arc::new(shelf), found })
    }

    /// Looks for a token until there is one, or until it is for us to fetch it.
    async fn turn(&self, wanted: &Wanted) -> io::Result<Turn> {
        loop {
            let wanted = wanted.clone();
            if let Some(turn) = self.aside(move |shelf| shelf.turn(&wanted)).await? {
                return Ok(turn);
            }
            time::sleep(PAUSE).await;
        }
    }

    /// Does what blocks where it may. A panic there is an error here.
    async fn aside<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Shelf) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let shelf = Arc::clone(&self.shelf);
        task::spawn_blocking(move || work(&shelf)).await.map_err(io::Error::other)?
    }
}

#[async_trait]
impl TokenSource for TokenStore {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        let turn = time::timeout(PATIENCE, self.turn(&Wanted::of(why))).await;
        let lock = match turn {
            Ok(Ok(Turn::Kept(token))) => {
                self.found.0.store(true, Ordering::Relaxed);
                return Ok(token);
            }
            Ok(Ok(Turn::Ours(lock))) => Some(lock),
            Ok(Err(error)) => {
                self.shelf.warn(&format!("tokens are not kept: {error}"));
                None
            }
            Err(_) => {
                self.shelf.warn("another run of this program holds on to the kept token; went on without it");
                None
            }
        };
        self.found.0.store(false, Ordering::Relaxed);
        let asked = self.shelf.clock.wall();
        let token = self.source.fetch(why).await?;
        if let Some(lock) = lock {
            let kept = token.clone();
            // The lock goes along: should nobody wait for this any more, the file is still ours to replace.
            if let Err(error) = self.aside(move |shelf| shelf.keep(kept, asked, &lock)).await {
                self.shelf.warn(&format!("the token is not kept: {error}"));
            }
        }
        Ok(token)
    }
}

/// What the work that blocks needs.
#[derive(Debug)]
struct Shelf {
    file: TokenFile,
    owner: Owner,
    clock: Box<dyn Clock>,
    warning: OnceLock<String>,
}

impl Shelf {
    /// Takes the kept token, else the lock; neither while another process has the lock.
    fn turn(&self, wanted: &Wanted) -> io::Result<Option<Turn>> {
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

    fn find(&self, wanted: &Wanted) -> Option<AccessToken> {
        let rejected = match wanted {
            Wanted::Any => None,
            Wanted::New => return None,
            Wanted::OtherThan(token) => Some(token),
        };
        let kept = match self.file.read() {
            Ok(None) => return None,
            Ok(Some(bytes)) => Kept::decode(&bytes, &self.owner),
            Err(error) => {
                self.warn(&self.about(&format!("cannot be read: {error}")));
                return None;
            }
        };
        let kept = kept.map_err(|what| self.warn(&self.about(&format!("cannot be used: {what}")))).ok()?;
        let token = kept.hand_out(self.clock.wall(), &self.owner)?;
        rejected.is_none_or(|rejected| rejected.header() != token.header()).then_some(token)
    }

    fn keep(&self, token: AccessToken, asked: SystemTime, lock: &Lock) -> io::Result<()> {
        match Kept::new(token, asked, &self.owner).and_then(|kept| kept.encode()) {
            Some(bytes) => self.file.write(&bytes, lock),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "it is none that can be kept")),
        }
    }

    fn about(&self, what: &str) -> String {
        format!("the kept token {what}; another is fetched ({})", self.file.path().display())
    }

    /// Says it, if nothing was said yet: one warning tells that something is wrong.
    fn warn(&self, words: &str) {
        let mut is_first = false;
        let said = self.warning.get_or_init(|| {
            is_first = true;
            words.to_owned()
        });
        if is_first {
            console::warn(said);
        }
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
}

/// How long to wait for another process. Less than the cache's fetch deadline, so that there is time left to fetch;
/// more than a token request takes when all is well.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
