//! What all clones of a cache, and its flight, hold together.

use std::{
    sync::{Arc, OnceLock, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::{sync::watch, time};

use super::{
    Settings,
    backoff::Backoff,
    entry::{Entry, Stage},
    flight::{Flight, Landing, Why},
    state::CacheState,
    sync::{ArcSwapOption, AtomicU64, Mutex, MutexGuard},
    telling::Telling,
};
use crate::{Clock, Credential, Error, Generation, Moment, Thumbprint, living::Registered};

pub(super) struct Shared<T> {
    source: T,
    clock: Box<dyn Clock>,
    settings: Settings,
    telling: Telling,
    /// Written under the lock of `state` only; read by everybody.
    current: ArcSwapOption<Entry>,
    /// The generation of its credential, for those who have a copy; 0 without one. Written under the lock only.
    generation: AtomicU64,
    /// Before this nobody needs to ask for the lock to begin a fetch ahead. Written under the lock only.
    next_early: AtomicU64,
    state: Mutex<State>,
    /// Each token that lands, for those who want to know.
    landed: watch::Sender<Option<Arc<Entry>>>,
    /// Its number, once somebody asked for it.
    registered: OnceLock<Registered>,
}

#[derive(Default)]
pub(super) struct State {
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
    pub(super) fn new(source: T, clock: Box<dyn Clock>, settings: Settings, telling: Telling) -> Self {
        Self {
            source,
            clock,
            settings,
            telling,
            landed: watch::Sender::new(None),
            current: ArcSwapOption::empty(),
            generation: AtomicU64::new(0),
            next_early: AtomicU64::new(0),
            state: Mutex::default(),
            registered: OnceLock::new(),
        }
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

    pub(super) fn telling(&self) -> &Telling {
        &self.telling
    }

    pub(super) fn registered(&self, number: impl FnOnce() -> Registered) -> &Registered {
        self.registered.get_or_init(number)
    }

    pub(super) fn good_generation(&self) -> Option<Generation> {
        self.with_good(|entry| entry.credential().generation(), |_| ())
    }

    pub(super) fn landed(&self) -> watch::Receiver<Option<Arc<Entry>>> {
        self.landed.subscribe()
    }

    pub(super) fn state(&self) -> CacheState {
        let now = self.clock.now();
        let state = self.lock();
        let good = self.current.load_full().filter(|entry| entry.stage(now) != Stage::Ended);
        let pause = state.backoff.last().map(|(_, until)| until.saturating_sub(now.monotonic()));
        CacheState {
            remaining: good.map(|entry| entry.remaining(now)),
            is_fetching: state.flight.is_some(),
            pause: pause.filter(|pause| !pause.is_zero()),
            last_error: state.backoff.last().map(|(error, _)| error.kind()),
        }
    }

    /// Reads the current token, if it is still good: no lock, no allocation. `due` is called where the next one
    /// is due.
    #[inline]
    pub(super) fn with_good<R>(&self, read: impl FnOnce(&Entry) -> R, due: impl FnOnce(Moment)) -> Option<R> {
        let current = self.current.load();
        let entry = current.as_ref()?;
        let now = self.clock.now();
        match entry.stage(now) {
            Stage::Fresh => {}
            Stage::Due => due(now),
            Stage::Ended => return None,
        }
        Some(read(entry))
    }

    /// Tells whether a credential is the current one, and the next is not due.
    #[inline]
    pub(super) fn is_fresh(&self, credential: &Credential) -> bool {
        self.generation.load(Ordering::Acquire) == credential.generation().number()
            && self.clock.now().is_before(credential.fresh_until())
    }

    /// How long to believe in a flight. Longer than the deadline, which the flight itself keeps for as long as
    /// its runtime is driven.
    fn patience(&self) -> Duration {
        let deadline = self.settings.fetch_deadline;
        deadline.saturating_add((deadline / 4).min(LONGEST_GRACE))
    }

    pub(super) fn patience_with(&self, flight: &Flight) -> Duration {
        self.patience().saturating_sub(self.clock.monotonic().saturating_sub(flight.begun()))
    }

    /// Waits until a flight has landed, and gives it up where that takes longer than this.
    ///
    /// One for all who wait on the runtime that drives it: as long as that is driven, this is. Who waits on another
    /// one has one of their own.
    pub(super) async fn watch_over(&self, flight: &Arc<Flight>, patience: Duration) {
        if time::timeout(patience, flight.landing()).await.is_err() {
            self.abandon(flight);
        }
    }

    /// Finds a good token, or the flight under way, or begins one; or says why none is begun yet.
    pub(super) fn join(&self) -> Result<Joining, Error> {
        let now = self.clock.now();
        let mut state = self.lock();
        // Under the lock, since a flight may have landed in the meantime.
        if let Some(entry) = self.current.load_full().filter(|entry| entry.stage(now) != Stage::Ended) {
            return Ok(Joining::Good(entry));
        }
        if let Some(flight) = &state.flight {
            return Ok(Joining::Wait(Arc::clone(flight)));
        }
        if let Some(error) = state.backoff.error_at(now.monotonic()) {
            return Err(error.clone());
        }
        let (flight, why) = self.begin(&mut state, now, Why::Cold);
        Ok(Joining::Begin(flight, why))
    }

    /// Tells whether it is worth asking for the lock to begin a fetch ahead.
    pub(super) fn may_be_early(&self, now: Moment) -> bool {
        now.monotonic() >= Duration::from_nanos(self.next_early.load(Ordering::Relaxed))
    }

    /// Begins a flight while the token is still good, if it is due and nobody else has begun one.
    pub(super) fn begin_early(&self) -> Option<(Arc<Flight>, Why)> {
        let now = self.clock.now();
        let mut state = self.lock();
        let is_due = self.current.load().as_ref().is_some_and(|entry| entry.stage(now) == Stage::Due);
        if !is_due || !self.may_be_early(now) {
            return None;
        }
        // A flight that is still there is one that nobody drives any more.
        let lost = state.flight.take();
        let begun = self.begin(&mut state, now, Why::Early);
        drop(state);
        if let Some(lost) = lost {
            lost.land(Landing::Lost);
            self.telling.lost();
        }
        Some(begun)
    }

    /// Begins a flight. The source is told of a rejected token for as long as no other has landed.
    fn begin(&self, state: &mut State, now: Moment, why: Why) -> (Arc<Flight>, Why) {
        let why = match &state.rejected {
            Some(entry) => Why::Rejected(entry.token().clone()),
            None => {
                state.rejections = 0;
                why
            }
        };
        let flight = Arc::new(Flight::new(now.monotonic(), &why));
        state.flight = Some(Arc::clone(&flight));
        self.set_next_early(now.monotonic().saturating_add(self.patience()));
        (flight, why)
    }

    /// Throws a token away, if it is still the current one and good, old enough, and another may be had.
    pub(super) fn invalidate(&self, generation: Generation) {
        let now = self.clock.now();
        let mut state = self.lock();
        let good = self.current.load_full().filter(|entry| entry.stage(now) != Stage::Ended);
        let Some(entry) = good else { return };
        let spacing = self.settings.spacing.saturating_mul(1 << state.rejections.min(MOST_DOUBLINGS));
        let spacing = spacing.min(LONGEST_SPACING.max(self.settings.spacing));
        // One that came back because no other could be fetched was old enough. The pause after a failure will do.
        let is_again = state.rejected.as_ref().is_some_and(|rejected| Arc::ptr_eq(rejected, &entry));
        let is_young = !is_again && entry.age(&*self.clock) < spacing;
        if entry.credential().generation() != generation
            || is_young
            || state.backoff.error_at(now.monotonic()).is_some()
        {
            return;
        }
        state.rejections = state.rejections.saturating_add(u32::from(!is_again));
        state.rejected = Some(entry);
        self.set_current(None);
        drop(state);
        self.telling.rejected();
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
        self.set_current(None);
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
            self.telling.lost();
        }
    }

    /// Begins as if nothing had ever been fetched. A flight under way lands for those who wait for it, and changes
    /// nothing here.
    pub(super) fn forget(&self) {
        let mut state = self.lock();
        *state = State::default();
        self.set_current(None);
        self.set_next_early(Duration::ZERO);
    }

    /// Takes what a flight brought, unless it was given up meanwhile.
    pub(super) fn land(&self, flight: &Arc<Flight>, mut landing: Landing) {
        let now = self.clock.now();
        let mut pause = Duration::ZERO;
        let is_current = {
            let mut state = self.lock();
            let is_current = state.take_flight(flight);
            if is_current {
                if flight.is_early() && state.has_rejected(&landing) {
                    landing = Landing::Lost;
                }
                match &landing {
                    Landing::Done(Ok(entry)) => {
                        self.set_next_early(Duration::ZERO);
                        state.rejected = None;
                        state.backoff = Backoff::default();
                        self.set_current(Some(Arc::clone(entry)));
                        self.landed.send_replace(Some(Arc::clone(entry)));
                    }
                    Landing::Done(Err(error)) => {
                        let until = state.backoff.fail(error, now.monotonic());
                        pause = until.saturating_sub(now.monotonic());
                        self.set_next_early(until);
                        // Nothing better is to be had; where it is still good, it is better than nothing.
                        if let Some(rejected) = &state.rejected {
                            self.set_current(Some(Arc::clone(rejected)));
                        }
                    }
                    Landing::Lost => {
                        self.set_next_early(now.monotonic().saturating_add(AFTER_LOSS));
                    }
                }
            }
            is_current
        };
        if is_current {
            match &landing {
                Landing::Done(Ok(entry)) => self.telling.fetched(entry.remaining(now)),
                Landing::Done(Err(error)) => self.telling.failed(error, pause),
                Landing::Lost => self.telling.lost(),
            }
        }
        flight.land(landing);
    }

    fn set_current(&self, entry: Option<Arc<Entry>>) {
        let generation = entry.as_ref().map_or(0, |entry| entry.credential().generation().number());
        self.current.store(entry);
        self.generation.store(generation, Ordering::Release);
    }

    fn set_next_early(&self, at: Duration) {
        let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        self.next_early.store(at, Ordering::Relaxed);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
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

    /// Tells whether a flight brings back the token that was rejected after it had begun: the next one says so to
    /// the source.
    fn has_rejected(&self, landing: &Landing) -> bool {
        match (landing, &self.rejected) {
            (Landing::Done(Ok(entry)), Some(rejected)) => entry.token().header() == rejected.token().header(),
            _ => false,
        }
    }
}

/// What a caller without a token is to do.
pub(super) enum Joining {
    /// Begin this flight.
    Begin(Arc<Flight>, Why),
    Good(Arc<Entry>),
    Wait(Arc<Flight>),
}

/// How long a token that is still good is used on after a flight that was lost.
const AFTER_LOSS: Duration = Duration::from_secs(1);
const LONGEST_GRACE: Duration = Duration::from_secs(2);
const LONGEST_SPACING: Duration = Duration::from_secs(300);
const MOST_DOUBLINGS: u32 = 16;
