//! A token source that does as it is told.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use claviger_auth_core::{AccessToken, Error, ErrorKind, Fetch, TokenSource};
use tokio::sync::Semaphore;

/// Answers in the order of its script, and records why it was asked.
///
/// Clones share the script. Past its end each answer is an [`Unavailable`](ErrorKind::Unavailable) error.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use claviger_auth_core::{CredentialSource, Error, ErrorKind, TokenCache};
/// use claviger_test_kit::{Answer, ScriptedSource};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Error> {
/// let source = ScriptedSource::new([Answer::token("swordfish", Duration::from_secs(300)).held()]);
/// let cache = TokenCache::new(source.clone());
/// let callers: Vec<_> = (0..100)
///     .map(|_| {
///         let cache = cache.clone();
///         tokio::spawn(async move { cache.obtain().await })
///     })
///     .collect();
/// tokio::task::yield_now().await;
/// assert!(cache.ready().is_none(), "the answer is held");
/// source.release();
/// for caller in callers {
///     assert_eq!(caller.await.unwrap()?.value(), "Bearer swordfish");
/// }
/// assert_eq!(source.calls().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ScriptedSource {
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<Script>,
    releases: Semaphore,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    calls: Vec<Why>,
}

impl ScriptedSource {
    /// Follows this script.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Script { answers: answers.into_iter().collect(), calls: Vec::new() };
        Self { shared: Arc::new(Shared { script: Mutex::new(script), releases: Semaphore::new(0) }) }
    }

    /// Lets one held answer go: the one that waits longest, else the next.
    pub fn release(&self) {
        self.shared.releases.add_permits(1);
    }

    /// Returns why it was asked, call by call.
    #[must_use]
    pub fn calls(&self) -> Vec<Why> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, why: Why) -> Answer {
        let mut script = self.lock();
        script.calls.push(why);
        let over = || Answer::error(Error::new(ErrorKind::Unavailable, "the script is over"));
        script.answers.pop_front().unwrap_or_else(over)
    }
}

#[async_trait]
impl TokenSource for ScriptedSource {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        let answer = self.next(match why {
            Fetch::Early => Why::Early,
            Fetch::Rejected(_) => Why::Rejected,
            Fetch::Cold | _ => Why::Cold,
        });
        if answer.is_held
            && let Ok(release) = self.shared.releases.acquire().await
        {
            release.forget();
        }
        answer.result
    }
}

impl fmt::Debug for ScriptedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedSource").finish_non_exhaustive()
    }
}

/// One answer of a [`ScriptedSource`].
#[derive(Clone, Debug)]
pub struct Answer {
    result: Result<AccessToken, Error>,
    is_held: bool,
}

impl Answer {
    /// Hands out a bearer token of this life. One that no header carries is an error in its stead.
    #[must_use]
    pub fn token(token: &str, life: Duration) -> Self {
        Self::from(AccessToken::bearer(&token.into()).map(|token| token.with_expires_in(life)))
    }

    /// Fails.
    #[must_use]
    pub fn error(error: Error) -> Self {
        Self::from(Err(error))
    }

    /// Waits with it for a [`release`](ScriptedSource::release).
    #[must_use]
    pub fn held(self) -> Self {
        Self { is_held: true, ..self }
    }
}

/// For a token with scopes, a binding or an age.
impl From<Result<AccessToken, Error>> for Answer {
    fn from(result: Result<AccessToken, Error>) -> Self {
        Self { result, is_held: false }
    }
}

/// Tells why a [`ScriptedSource`] was asked: [`Fetch`], without the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Why {
    /// There was no token.
    Cold,
    /// There was one, and the next was due.
    Early,
    /// There was one, and it was rejected.
    Rejected,
}

#[cfg(test)]
mod tests;
