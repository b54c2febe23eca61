//! A token in the cache, when the next is due, and when it ends.

use std::time::Duration;

use super::{Settings, backoff::random_fraction};
use crate::{AccessToken, Clock, Credential, Moment};

/// Holds a token, its credential, and the moments that matter to it.
pub(super) struct Entry {
    token: AccessToken,
    credential: Credential,
    obtained: Duration,
    /// From here on it is no longer used.
    ends: Moment,
}

/// How far a token has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stage {
    Ended,
    Fresh,
    /// Still good, and the next one is due.
    Due,
}

impl Entry {
    /// Takes a token that was asked for at `asked`: its life counts from there, since the server set it at
    /// some moment after.
    pub(super) fn new(token: AccessToken, asked: Moment, clock: &dyn Clock, settings: &Settings) -> Self {
        let life = token.expires_in().unwrap_or(settings.default_life);
        let usable = life.saturating_sub((life / 10).min(LONGEST_LEEWAY));
        // Drawn once, so that a fleet that began together does not come back together.
        let due = asked.after(usable.mul_f64(EARLIEST_DUE + DUE_SPREAD * random_fraction()));
        let credential = Credential::of(&token).with_fresh_until(due);
        Self { token, credential, obtained: clock.monotonic(), ends: asked.after(usable) }
    }

    pub(super) fn token(&self) -> &AccessToken {
        &self.token
    }

    #[inline]
    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Tells how far it has come at `now`, by whichever clock is further.
    #[inline]
    pub(super) fn stage(&self, now: Moment) -> Stage {
        if now.is_before(self.credential.fresh_until()) {
            Stage::Fresh
        } else if now.is_before(self.ends) {
            Stage::Due
        } else {
            Stage::Ended
        }
    }

    /// Returns how long it is used yet.
    pub(super) fn remaining(&self, now: Moment) -> Duration {
        now.until(self.ends)
    }

    pub(super) fn age(&self, clock: &dyn Clock) -> Duration {
        clock.monotonic().saturating_sub(self.obtained).saturating_add(self.token.age())
    }
}

/// From which part of its usable life on the next token may be due, and over how much of it that is spread.
const EARLIEST_DUE: f64 = 0.70;
const DUE_SPREAD: f64 = 0.15;
/// Before its end a token is left alone for a tenth of its life, and for no longer than this.
const LONGEST_LEEWAY: Duration = Duration::from_secs(10);
