//! One fetch, and everybody who waits for it.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    time,
};

use super::{entry::Entry, shared::Shared, sync::OnceLock, waiters::Waiters};
use crate::{AccessToken, Error, ErrorKind, Fetch, TokenSource};

/// Why a flight was begun: [`Fetch`], owned.
#[derive(Clone)]
pub(super) enum Why {
    Cold,
    Early,
    Rejected(AccessToken),
}

impl Why {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Early => "early",
            Self::Rejected(_) => "rejected",
        }
    }
}

/// A fetch under way. Those who wait for it hold it; its task holds it too.
pub(super) struct Flight {
    begun: Duration,
    is_early: bool,
    driver: OnceLock<runtime::Id>,
    landing: OnceLock<Landing>,
    waiters: Waiters,
}

impl Flight {
    pub(super) fn new(begun: Duration, why: &Why) -> Self {
        let is_early = matches!(why, Why::Early);
        Self {
            begun,
            is_early,
            driver: OnceLock::new(),
            landing: OnceLock::new(),
            waiters: Waiters::default(),
        }
    }

    /// Tells whether the token was still good when it was begun.
    pub(super) fn is_early(&self) -> bool {
        self.is_early
    }

    pub(super) fn begun(&self) -> Duration {
        self.begun
    }

    /// Says which runtime it is spawned on.
    pub(super) fn drive_by(&self, runtime: &Handle) {
        let _ = self.driver.set(runtime.id());
    }

    pub(super) fn is_driven_by(&self, runtime: &Handle) -> bool {
        self.driver.get().is_some_and(|driver| *driver == runtime.id())
    }

    /// Waits for the end, whatever it is.
    pub(super) fn landing(&self) -> Waiting<'_> {
        Waiting { flight: self, seat: None }
    }

    /// Tells everybody. The first word counts.
    pub(super) fn land(&self, landing: Landing) {
        if self.landing.set(landing).is_ok() {
            self.waiters.wake();
        }
    }
}

/// Waits until a flight has landed.
pub(super) struct Waiting<'a> {
    flight: &'a Flight,
    seat: Option<usize>,
}

impl<'a> Future for Waiting<'a> {
    type Output = &'a Landing;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let flight = self.flight;
        loop {
            if let Some(landing) = flight.landing.get() {
                return Poll::Ready(landing);
            }
            if flight.waiters.sit(&mut self.seat, cx.waker(), || flight.landing.get().is_some()) {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // After the landing there is no seat any more.
        if let Some(seat) = self.seat.filter(|_| self.flight.landing.get().is_none()) {
            self.flight.waiters.leave(seat);
        }
    }
}

/// How a flight ended.
pub(super) enum Landing {
    /// With what all who wait for it get.
    Done(Result<Arc<Entry>, Error>),
    /// Without a result: its runtime went away, or it was given up. Begin another.
    Lost,
}

/// Fetches one token. However it ends, the flight lands.
pub(super) async fn fly<T: TokenSource>(crew: Crew<T>, why: Why) {
    let shared = &crew.shared;
    let asked = shared.clock().now();
    let why = match &why {
        Why::Cold => Fetch::Cold,
        Why::Early => Fetch::Early,
        Why::Rejected(token) => Fetch::Rejected(token),
    };
    let mut fetch = shared.source().fetch(why);
    let fetch = poll_fn(|cx| {
        // Set for as long as somebody else's code runs: it is still set where that panics.
        crew.is_fetching.store(true, Ordering::Relaxed);
        let polled = fetch.as_mut().poll(cx);
        crew.is_fetching.store(false, Ordering::Relaxed);
        polled
    });
    let fetched = time::timeout(shared.settings().fetch_deadline, fetch).await;
    let result = fetched
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, "no token within the fetch deadline")))
        .map(|token| Arc::new(Entry::new(token, asked, shared.clock(), shared.settings())));
    shared.land(&crew.flight, Landing::Done(result));
}

/// Lands the flight when the task is dropped: at its end, before it, or before it ever began.
pub(super) struct Crew<T> {
    shared: Arc<Shared<T>>,
    flight: Arc<Flight>,
    is_fetching: AtomicBool,
}

impl<T> Crew<T> {
    pub(super) fn new(shared: Arc<Shared<T>>, flight: Arc<Flight>) -> Self {
        Self { shared, flight, is_fetching: AtomicBool::new(false) }
    }
}

impl<T> Drop for Crew<T> {
    fn drop(&mut self) {
        // After a proper landing this changes nothing.
        let landing = if self.is_fetching.load(Ordering::Relaxed) {
            Landing::Done(Err(Error::new(ErrorKind::Runtime, "the token source panicked")))
        } else {
            Landing::Lost
        };
        self.shared.land(&self.flight, landing);
    }
}
