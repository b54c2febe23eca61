//! How a cache stands, and word of each new token.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::watch;

use super::entry::Entry;
use crate::{AccessToken, ErrorKind};

/// Tells how a [`TokenCache`](crate::TokenCache) stood when it was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CacheState {
    /// How long the token is used yet; none where there is no token to use.
    pub remaining: Option<Duration>,
    /// A fetch is under way.
    pub is_fetching: bool,
    /// How long no fetch is tried yet, after one that failed.
    pub pause: Option<Duration>,
    /// Why the last fetch failed; none if it brought a token.
    pub last_error: Option<ErrorKind>,
}

/// Hands out each token that a [`TokenCache`](crate::TokenCache) gets, for those who store or pass on what is new.
pub struct TokenChanges {
    receiver: watch::Receiver<Option<Arc<Entry>>>,
}

impl TokenChanges {
    pub(super) fn new(receiver: watch::Receiver<Option<Arc<Entry>>>) -> Self {
        Self { receiver }
    }

    /// Waits for a token that has not been handed out here; none once nobody holds the cache any more.
    ///
    /// Who is slow is given the newest, and misses those between.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost: the next call hands the token out.
    pub async fn next(&mut self) -> Option<AccessToken> {
        self.receiver.changed().await.ok()?;
        self.receiver.borrow_and_update().as_ref().map(|entry| entry.token().clone())
    }
}

impl fmt::Debug for TokenChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenChanges").finish_non_exhaustive()
    }
}
