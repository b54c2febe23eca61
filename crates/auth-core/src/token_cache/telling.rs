//! What a cache tells of itself: events and spans for `tracing`, numbers for `metrics`. Never a secret.

use std::{sync::Arc, time::Duration};

use tracing::Span;

use super::flight::Why;
use crate::Error;

/// Tells it under the name of the cache.
#[derive(Clone)]
pub(super) struct Telling {
    name: Arc<str>,
}

impl Telling {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self { name }
    }

    /// Returns the span that a fetch runs in.
    pub(super) fn fetch(&self, why: &Why) -> Span {
        tracing::info_span!("token_fetch", cache = &*self.name, why = why.name())
    }

    /// A token came, with so much life left.
    pub(super) fn fetched(&self, remaining: Duration) {
        self.count_fetch("ok");
        self.set_remaining(remaining);
        tracing::debug!(cache = &*self.name, remaining = remaining.as_secs(), "a token was fetched");
    }

    /// None came, and none is tried for so long.
    pub(super) fn failed(&self, error: &Error, pause: Duration) {
        self.count_fetch(&format!("{:?}", error.kind()));
        let (kind, status, pause) = (error.kind(), error.status(), pause.as_secs_f64());
        tracing::warn!(cache = &*self.name, ?kind, ?status, pause, "no token could be fetched");
    }

    /// A flight was given up, or its task ended without a word.
    pub(super) fn lost(&self) {
        self.count_fetch("lost");
        tracing::warn!(cache = &*self.name, "a token fetch was given up: its runtime is not running");
    }

    pub(super) fn rejected(&self) {
        #[cfg(feature = "metrics")]
        metrics::counter!("claviger_token_invalidations_total", "cache" => Arc::clone(&self.name))
            .increment(1);
        self.set_remaining(Duration::ZERO);
        tracing::debug!(cache = &*self.name, "a token was rejected; the next request fetches another");
    }

    /// Counts a caller in who waits; it is counted out when the answer is dropped.
    pub(super) fn waiter(&self) -> Waiter<'_> {
        #[cfg(feature = "metrics")]
        metrics::gauge!("claviger_token_waiters", "cache" => Arc::clone(&self.name)).increment(1);
        Waiter { _telling: self }
    }

    #[cfg_attr(
        not(feature = "metrics"),
        expect(unused_variables, clippy::unused_self, reason = "it counts nothing")
    )]
    fn count_fetch(&self, result: &str) {
        #[cfg(feature = "metrics")]
        {
            let (cache, result) = (Arc::clone(&self.name), result.to_owned());
            metrics::counter!("claviger_token_fetches_total", "cache" => cache, "result" => result)
                .increment(1);
        }
    }

    #[cfg_attr(
        not(feature = "metrics"),
        expect(unused_variables, clippy::unused_self, reason = "it counts nothing")
    )]
    fn set_remaining(&self, remaining: Duration) {
        #[cfg(feature = "metrics")]
        metrics::gauge!("claviger_token_remaining_seconds", "cache" => Arc::clone(&self.name))
            .set(remaining.as_secs_f64());
    }
}

/// One who waits for a flight.
pub(super) struct Waiter<'a> {
    _telling: &'a Telling,
}

#[cfg(feature = "metrics")]
impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let cache = Arc::clone(&self._telling.name);
        metrics::gauge!("claviger_token_waiters", "cache" => cache).decrement(1);
    }
}
