//! One token for many callers, fetched once.

mod backoff;
mod entry;
mod flight;
mod shared;
mod state;
mod sync;
mod telling;
#[cfg(test)]
mod tests;
mod waiters;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::runtime::Handle;
use tracing::Instrument;

pub use self::state::{CacheState, TokenChanges};
use self::{
    entry::Entry,
    flight::{Crew, Flight, Landing, Why, fly},
    shared::{Joining, Shared},
    telling::Telling,
};
use crate::{
    AccessToken, Clock, Credential, CredentialSource, Error, ErrorKind, Generation, Moment, Obtaining,
    SourceId, SystemClock, Thumbprint, TokenSource,
    living::{Registered, Reject},
};

/// Keeps the token of a [`TokenSource`] and fetches the next one when it must.
///
/// Clones share one token; so do all layers, services and threads that hold one.
///
/// - However many callers find no token, one fetch is made, and all of them get what came of it, an error
///   too.
/// - The fetch runs on a task of its own. A caller who leaves, or who has little time, takes nothing with
///   them. It is bounded by the fetch deadline.
/// - The next token is fetched ahead, from a point between 70 and 85 % of the usable life on, drawn once per token.
///   The request that notices begins it in the background; it and all others go on with the token that is still
///   good. A fetch ahead that fails takes nothing away, and is tried again as after any failure.
/// - A rejected token is thrown away once, however many 401s it earned, and only if it is still the current
///   one. A token younger than the spacing stays: the route that rejects it would reject the next as well. The
///   spacing doubles, up to 5 min, while one token after the other is rejected. If no other can be fetched, the
///   rejected one comes back until its end: another route may still take it.
/// - After a failed fetch none is tried for a while: 1 s at first, then twice as long each time, up to 60 s, give
///   or take a fifth; 5 s at first if a human must act; as long as the server asked for (`Retry-After`), up to
///   5 min. Until then every caller gets the same error at once. No error is final.
/// - A token counts as expired a little early (a tenth of its life, at most 10 s), and as soon as either
///   clock says so.
/// - Nothing is spawned until a token is wanted, and no timer is ever armed: whatever is due is noticed when a
///   request comes. Any tokio runtime will do, also a later one.
///
/// # What it tells
///
/// To `tracing`: a span `token_fetch` around each fetch, with the `cache`'s name and `why` (`cold`, `early`, `rejected`);
/// an event for each token that was fetched or rejected (debug), and for each fetch that failed or was lost (warn),
/// with the `pause` until the next one may be tried, in seconds. To `metrics`, with the feature of that name:
///
/// | name | what it is |
/// | --- | --- |
/// | `claviger_token_fetches_total` | counter: fetches by `cache` and `result`: `ok`, `lost`, or the [`ErrorKind`] |
/// | `claviger_token_remaining_seconds` | gauge: how long the token of `cache` is used yet, when it came; 0 if rejected |
/// | `claviger_token_invalidations_total` | counter: tokens of `cache` that were thrown away because of a rejection |
/// | `claviger_token_waiters` | gauge: callers that wait for a token of `cache` |
///
/// Never a token. [`state`](Self::state) tells the rest at any moment, and [`changes`](Self::changes) brings each new
/// token.
///
/// # Example
///
/// ```
/// use async_trait::async_trait;
/// use claviger_auth_core::{AccessToken, CredentialSource, Error, Fetch, TokenCache, TokenSource};
///
/// struct Issuer;
///
/// #[async_trait]
/// impl TokenSource for Issuer {
///     async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
///         AccessToken::bearer(&"swordfish".into())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let cache = TokenCache::new(Issuer);
/// assert!(cache.ready().is_none(), "nothing is fetched until it is wanted");
/// assert_eq!(cache.obtain().await?.value(), "Bearer swordfish");
/// assert!(cache.ready().is_some());
/// # Ok(())
/// # }
/// ```
pub struct TokenCache<T> {
    shared: Arc<Shared<T>>,
}

impl<T: TokenSource> TokenCache<T> {
    /// Keeps the tokens of `source`, with the defaults of [`TokenCacheBuilder`].
    #[must_use]
    pub fn new(source: T) -> Self {
        Self::builder(source).build()
    }

    /// Begins a cache with settings of its own.
    pub fn builder(source: T) -> TokenCacheBuilder<T> {
        TokenCacheBuilder {
            source,
            clock: None,
            name: "token".into(),
            settings: Settings {
                fetch_deadline: Duration::from_secs(30),
                default_life: Duration::from_secs(300),
                spacing: Duration::from_secs(5),
            },
        }
    }

    /// Returns the token itself, waiting for one where it must: for those who show or store it.
    ///
    /// # Errors
    ///
    /// Those of [`CredentialSource::obtain`].
    pub async fn token(&self) -> Result<AccessToken, Error> {
        self.obtain_with(|entry| entry.token().clone()).await
    }

    /// Lets the token go, and what is known of failures: for when the client's secret or key was replaced.
    ///
    /// The next request fetches. A fetch under way runs to its end, for those who wait for it already; its token is
    /// not kept.
    pub fn forget(&self) {
        self.shared.forget();
    }

    /// Tells how the cache stands.
    #[must_use]
    pub fn state(&self) -> CacheState {
        self.shared.state()
    }

    /// Hands out each token that comes after this call.
    #[must_use]
    pub fn changes(&self) -> TokenChanges {
        TokenChanges::new(self.shared.landed())
    }

    /// Reads the entry where it lies: ten thousand who wait for it need not count each other.
    async fn obtain_with<R>(&self, read: impl FnOnce(&Entry) -> R) -> Result<R, Error> {
        self.shared.with_good(|_| (), |now| self.fetch_ahead(now));
        for _ in 0..ATTEMPTS {
            let (flight, is_elsewhere) = match self.join()? {
                Joined::Elsewhere(flight) => (flight, true),
                Joined::Flying(flight) => (flight, false),
                Joined::Good(entry) => return Ok(read(&entry)),
            };
            let _waiter = self.shared.telling().waiter();
            if is_elsewhere {
                // In a box: it is rare, and each who waits would carry its timer.
                Box::pin(self.shared.watch_over(&flight, self.shared.patience_with(&flight))).await;
            }
            if let Landing::Done(result) = flight.landing().await {
                return result.as_ref().map(|entry| read(entry)).map_err(Clone::clone);
            }
        }
        Err(Error::new(ErrorKind::Runtime, "the runtime that fetched the token was shut down"))
    }

    /// Finds a good token or the flight that will bring one; begins the flight if there is none.
    fn join(&self) -> Result<Joined, Error> {
        let runtime = Handle::try_current()
            .map_err(|_| Error::new(ErrorKind::Runtime, "a token can only be fetched on a tokio runtime"))?;
        Ok(match self.shared.join()? {
            Joining::Begin(flight, why) => {
                self.spawn(&runtime, Arc::clone(&flight), why);
                Joined::Flying(flight)
            }
            Joining::Good(entry) => Joined::Good(entry),
            Joining::Wait(flight) if flight.is_driven_by(&runtime) => Joined::Flying(flight),
            Joining::Wait(flight) => Joined::Elsewhere(flight),
        })
    }

    /// Begins a fetch in the background, for a token that is still good: the first request that finds it due does,
    /// if it runs on a runtime.
    #[cold]
    fn fetch_ahead(&self, now: Moment) {
        if !self.shared.may_be_early(now) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if let Some((flight, why)) = self.shared.begin_early() {
            self.spawn(&runtime, flight, why);
        }
    }

    fn spawn(&self, runtime: &Handle, flight: Arc<Flight>, why: Why) {
        // Made here and not by the task: a task may be dropped before it is ever polled. And not under the lock:
        // a runtime that is shutting down drops it on the spot, and that takes the lock.
        let crew = Crew::new(Arc::clone(&self.shared), Arc::clone(&flight));
        let span = self.shared.telling().fetch(&why);
        flight.drive_by(runtime);
        runtime.spawn(fly(crew, why).instrument(span));
        // Reckoned now: whenever this is polled first, the flight had no more time than this.
        let (shared, patience) = (Arc::clone(&self.shared), self.shared.patience_with(&flight));
        runtime.spawn(async move { shared.watch_over(&flight, patience).await });
    }
}

#[async_trait]
impl<T: TokenSource> CredentialSource for TokenCache<T> {
    fn ready(&self) -> Option<Credential> {
        self.shared.with_good(|entry| entry.credential().clone(), |now| self.fetch_ahead(now))
    }

    fn source_id(&self) -> Option<SourceId> {
        self.shared.registered(|| Registered::new(Arc::<Shared<T>>::downgrade(&self.shared))).id()
    }

    #[inline]
    fn is_fresh(&self, credential: &Credential) -> bool {
        self.shared.is_fresh(credential)
    }

    /// Returns the credential, fetching a token where there is none.
    ///
    /// # Errors
    ///
    /// The token source's own; [`Timeout`](ErrorKind::Timeout) past the fetch deadline;
    /// [`Runtime`](ErrorKind::Runtime) outside tokio, or if the source panicked. None is final.
    ///
    /// # Panics
    ///
    /// On a tokio runtime that was built without time.
    async fn obtain(&self) -> Result<Credential, Error> {
        self.obtain_with(|entry| entry.credential().clone()).await
    }

    fn obtain_owned(&self) -> Obtaining {
        let cache = self.clone();
        Box::pin(async move { cache.obtain_with(|entry| entry.credential().clone()).await })
    }

    fn generation(&self) -> Option<Generation> {
        self.shared.good_generation()
    }

    fn invalidate(&self, generation: Generation) {
        self.shared.invalidate(generation);
    }

    fn rebind(&self, generation: Generation, certificate: Thumbprint) {
        self.shared.rebind(generation, certificate);
    }
}

impl<T: TokenSource> Reject for Shared<T> {
    fn reject(&self, generation: Generation) -> bool {
        self.invalidate(generation);
        self.good_generation() != Some(generation)
    }
}

impl<T> Clone for TokenCache<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for TokenCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("settings", self.shared.settings()).finish_non_exhaustive()
    }
}

/// Sets up a [`TokenCache`].
#[must_use = "a builder does nothing until it is built"]
pub struct TokenCacheBuilder<T> {
    source: T,
    clock: Option<Box<dyn Clock>>,
    name: Arc<str>,
    settings: Settings,
}

impl<T: TokenSource> TokenCacheBuilder<T> {
    /// Allows a fetch this much time. Default: 30 s.
    pub fn with_fetch_deadline(mut self, deadline: Duration) -> Self {
        self.settings.fetch_deadline = deadline;
        self
    }

    /// Sets how long a token is used whose life the server did not tell. Default: 300 s.
    pub fn with_default_life(mut self, life: Duration) -> Self {
        self.settings.default_life = life;
        self
    }

    /// Sets how old a token must be before a rejection makes the cache fetch another. Default: 5 s.
    pub fn with_spacing(mut self, spacing: Duration) -> Self {
        self.settings.spacing = spacing;
        self
    }

    /// Names the cache in what it tells (`tracing`, `metrics`). Default: `token`. It is no place for a secret.
    pub fn with_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Asks this clock for the time. Default: the operating system's.
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Builds the cache. Nothing is fetched or spawned.
    #[must_use]
    pub fn build(self) -> TokenCache<T> {
        let clock = self.clock.unwrap_or_else(|| Box::new(SystemClock::new()));
        let telling = Telling::new(self.name);
        TokenCache { shared: Arc::new(Shared::new(self.source, clock, self.settings, telling)) }
    }
}

impl<T> fmt::Debug for TokenCacheBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCacheBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    fetch_deadline: Duration,
    default_life: Duration,
    spacing: Duration,
}

enum Joined {
    /// Driven by another runtime, which may be driven no more.
    Elsewhere(Arc<Flight>),
    Flying(Arc<Flight>),
    Good(Arc<Entry>),
}

/// How often one caller begins or joins a flight. Each further one means that a runtime went away.
const ATTEMPTS: usize = 3;
