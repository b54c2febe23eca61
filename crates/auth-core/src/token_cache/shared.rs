//! What all clones of a cache, and its flight, hold together.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;

use super::{
    Settings,
    backoff::Backoff,
    entry::Entry,
    flight::{Flight, Landing},
};
use crate::{AccessToken, Clock, Error, Generation, Thumbprint};

pub(super) struct Shared<T> {
    source: T,
    clock: Arc<dyn Clock>,
    settings: Settings,
    /// Written under the lock of `state` only; read by everybody.
    current: ArcSwapOption<Entry>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    flight: Option<Arc<Flight>>,
    /// The token that was thrown away, until another one lands.
    rejected: Option<Arc<Entry>>,
    /// How many tokens were rejected one after the other.
    rejections: u32,
    /// The certificate for which a token was thrown away that was bound to another.
    certificate: Option<Thumbprint>,
    backoff: Backoff,
}

impl<T> Shared<T> {
    pub(super) fn new(source: T, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self { source, clock, settings, current: ArcSwapOption::empty(), state: Mutex::default() }
    }

    pub(super) fn source(&self) -> &T {
        &self.source
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads the current token, if it is fresh: no lock, no allocation.
    pub(super) fn with_fresh<R>(&self, read: impl FnOnce(&Entry) -> R) -> Option<R> {
        let current = self.current.load();
        let entry = current.as_ref()?;
        entry.is_fresh(&*self.clock).then(|| read(entry))
    }

    /// How long to believe in a flight. Longer than the deadline, which the flight itself keeps for as long as
    /// its runtime is driven.
    pub(super) fn patience_with(&self, flight: &Flight) -> Duration {
        let deadline = self.settings.fetch_deadline;
        let age = self.clock.monotonic().saturating_sub(flight.begun());
        deadline.saturating_add((deadline / 4).min(LONGEST_GRACE)).saturating_sub(age)
    }

    /// Finds a fresh token, or the flight under way, or begins one; or says why none is begun yet.
    pub(super) fn join(&self) -> Result<Joining, Error> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        // Under the lock, since a flight may have landed in the meantime.
        if let Some(entry) = self.current.load_full().filter(|entry| entry.is_fresh(&*self.clock)) {
            return Ok(Joining::Fresh(entry));
        }
        if let Some(flight) = &state.flight {
            return Ok(Joining::Wait(Arc::clone(flight)));
        }
        if let Some(error) = state.backoff.error_at(now) {
            return Err(error.clone());
        }
        if state.rejected.is_none() {
            state.rejections = 0;
        }
        let flight = Arc::new(Flight::new(now));
        state.flight = Some(Arc::clone(&flight));
        Ok(Joining::Begin(flight, state.rejected.as_ref().map(|entry| entry.token().clone())))
    }

    /// Throws a token away, if it is still the current one, old enough, and another may be had.
    pub(super) fn invalidate(&self, generation: Generation) {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        let Some(entry) = self.current.load_full() else { return };
        let spacing = self.settings.spacing.saturating_mul(1 << state.rejections.min(MOST_DOUBLINGS));
        let spacing = spacing.min(LONGEST_SPACING.max(self.settings.spacing));
        let is_young = entry.age(&*self.clock) < spacing;
        if entry.credential().generation() != generation || is_young || state.backoff.error_at(now).is_some()
        {
            return;
        }
        state.rejections = state.rejections.saturating_add(1);
        state.rejected = Some(entry);
        self.current.store(None);
        drop(state);
        tracing::debug!("a token was rejected; the next request fetches another");
    }

    /// Throws a token away that is bound to another certificate than this one, which is presented now.
    ///
    /// A flight under way is given up: it may have begun before the certificate changed. It is done once for each
    /// certificate: where the token that comes next is bound elsewhere again, it is no rotation but a mistake in the
    /// set-up, and a request for each request would not help.
    pub(super) fn rebind(&self, generation: Generation, certificate: Thumbprint) {
        let mut state = self.lock();
        if !self.current.load().as_ref().is_some_and(|entry| entry.credential().generation() == generation) {
            return;
        }
        if state.certificate.replace(certificate) == Some(certificate) {
            drop(state);
            return self.invalidate(generation);
        }
        let flight = state.flight.take();
        self.current.store(None);
        drop(state);
        if let Some(flight) = flight {
            flight.land(Landing::Lost);
        }
        tracing::debug!("a token was bound to another certificate; the next request fetches another");
    }

    /// Gives a flight up whose runtime is not driven, so that whoever is awake begins another.
    pub(super) fn abandon(&self, flight: &Arc<Flight>) {
        let was_current = self.lock().take_flight(flight);
        flight.land(Landing::Lost);
        if was_current {
            tracing::warn!("a token fetch was given up: its runtime is not running");
        }
    }

    /// Takes what a flight brought, unless it was given up meanwhile.
    pub(super) fn land(&self, flight: &Arc<Flight>, landing: Landing) {
        let now = self.clock.monotonic();
        let mut failure = None;
        {
            let mut state = self.lock();
            if state.take_flight(flight) {
                match &landing {
                    Landing::Done(Ok(entry)) => {
                        state.rejected = None;
                        state.backoff = Backoff::default();
                        self.current.store(Some(Arc::clone(entry)));
                    }
                    Landing::Done(Err(error)) => {
                        state.backoff.fail(error, now);
                        // Nothing better is to be had; where it is still good, it is better than nothing.
                        if let Some(rejected) = &state.rejected {
                            self.current.store(Some(Arc::clone(rejected)));
                        }
                        failure = Some(error.clone());
                    }
                    Landing::Lost | Landing::Pending => {}
                }
            }
        }
        flight.land(landing);
        if let Some(error) = failure {
            tracing::warn!(kind = ?error.kind(), status = ?error.status(), "no token could be fetched");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What runs under this lock leaves the state whole wherever it might panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the flight out, if it is the current one.
    fn take_flight(&mut self, flight: &Arc<Flight>) -> bool {
        let is_current = self.flight.as_ref().is_some_and(|current| Arc::ptr_eq(current, flight));
        if is_current {
            self.flight = None;
        }
        is_current
    }
}

/// What a caller without a token is to do.
pub(super) enum Joining {
    /// Begin this flight; a token was rejected before.
    Begin(Arc<Flight>, Option<AccessToken>),
    Fresh(Arc<Entry>),
    Wait(Arc<Flight>),
}

const LONGEST_GRACE: Duration = Duration::from_secs(2);
const LONGEST_SPACING: Duration = Duration::from_secs(300);
const MOST_DOUBLINGS: u32 = 16;
