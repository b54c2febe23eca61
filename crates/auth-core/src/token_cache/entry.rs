//! A token in the cache, and when it ends.

use std::time::{Duration, SystemTime};

use super::Settings;
use crate::{AccessToken, Clock, Credential};

/// Holds a token, its credential, and the moments at which it is no longer used.
pub(super) struct Entry {
    token: AccessToken,
    credential: Credential,
    obtained: Duration,
    ends: Moment,
}

impl Entry {
    /// Takes a token that was asked for at `asked`: its life counts from there, since the server set it at
    /// some moment after.
    pub(super) fn new(token: AccessToken, asked: Moment, clock: &dyn Clock, settings: &Settings) -> Self {
        let life = token.expires_in().unwrap_or(settings.default_life);
        let leeway = (life / 10).min(LONGEST_LEEWAY);
        let credential = Credential::of(&token);
        Self {
            token,
            credential,
            obtained: clock.monotonic(),
            ends: asked.after(life.saturating_sub(leeway)),
        }
    }

    pub(super) fn token(&self) -> &AccessToken {
        &self.token
    }

    pub(super) fn credential(&self) -> &Credential {
        &self.credential
    }

    pub(super) fn is_fresh(&self, clock: &dyn Clock) -> bool {
        clock.monotonic() < self.ends.monotonic && clock.wall() < self.ends.wall
    }

    pub(super) fn age(&self, clock: &dyn Clock) -> Duration {
        clock.monotonic().saturating_sub(self.obtained).saturating_add(self.token.age())
    }
}

/// A moment on both clocks.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    monotonic: Duration,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self { monotonic: clock.monotonic(), wall: clock.wall() }
    }

    /// A wall clock near the end of time gives a moment that has passed: safe, if useless.
    fn after(self, life: Duration) -> Self {
        Self {
            monotonic: self.monotonic.saturating_add(life),
            wall: self.wall.checked_add(life).unwrap_or(self.wall),
        }
    }
}

/// Before its end a token is left alone for a tenth of its life, and for no longer than this.
const LONGEST_LEEWAY: Duration = Duration::from_secs(10);
