//! Which origins are being connected to, and which speak HTTP/1.1.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use claviger_auth_core::Origin;
use tokio::runtime::{Handle, Id};

use crate::{
    attempt::{Attempt, Connect},
    connections::Connections,
};

/// The attempts of one client that are under way. Those who wait for them keep them.
pub(crate) struct Attempts<T>(Arc<Mutex<Vec<Known<T>>>>);

struct Known<T> {
    place: Place,
    protocol: Protocol,
    attempt: Weak<Attempt<T>>,
}

/// How one that asks for a connection gets it.
pub(crate) enum Join<T> {
    /// By itself: each request needs one of its own.
    Alone(Connect<T>),
    /// With all others who wait for this.
    Attempt(Arc<Attempt<T>>),
    /// It has one: an attempt ended while it was about to join.
    Missed,
}

/// Where a connection goes to, and the runtime that drives it.
///
/// An attempt is not for those on another runtime: it would end when its own is shut down, and with a panic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    origin: Origin,
    runtime: Option<Id>,
}

impl Place {
    /// Is meant for the runtime that this is called on.
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, runtime: Handle::try_current().ok().map(|handle| handle.id()) }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// What an origin spoke when it was last connected to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    /// Or none that is known yet.
    Http2,
}

impl<T> Attempts<T> {
    /// Joins the attempt that is under way, or begins one unless it was `missed`.
    pub(crate) fn join(&self, place: &Place, connect: Connect<T>, missed: impl FnOnce() -> bool) -> Join<T> {
        let mut known = self.lock();
        let known = find(&mut known, place);
        if known.protocol == Protocol::Http1 {
            return Join::Alone(connect);
        }
        if let Some(attempt) = known.attempt.upgrade() {
            return Join::Attempt(attempt);
        }
        if missed() {
            return Join::Missed;
        }
        let attempt = Arc::new(Attempt::new(connect));
        known.attempt = Arc::downgrade(&attempt);
        Join::Attempt(attempt)
    }

    /// Remembers what the origin speaks, until it is seen to speak something else.
    pub(crate) fn learn(&self, place: &Place, protocol: Protocol) {
        find(&mut self.lock(), place).protocol = protocol;
    }

    /// Lets nobody else join the attempt.
    fn close(&self, place: &Place, attempt: &Arc<Attempt<T>>) {
        let mut known = self.lock();
        let known = known.iter_mut().find(|known| known.place == *place);
        if let Some(known) = known.filter(|known| known.attempt.as_ptr() == Arc::as_ptr(attempt)) {
            known.attempt = Weak::new();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Attempts<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Attempts<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Closes an attempt when it is dropped, and lets those who still wait look elsewhere.
pub(crate) struct Landing<T> {
    attempts: Attempts<T>,
    connections: Connections,
    place: Place,
    attempt: Arc<Attempt<T>>,
}

impl<T> Landing<T> {
    pub(crate) fn new(
        attempts: Attempts<T>,
        connections: Connections,
        place: Place,
        attempt: Arc<Attempt<T>>,
    ) -> Self {
        Self { attempts, connections, place, attempt }
    }
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        // First, so that one who finds no attempt finds that it was missed.
        self.connections.land();
        self.attempts.close(&self.place, &self.attempt);
        self.attempt.end();
    }
}

/// Finds what is known of an origin, or makes room for it. An origin that is forgotten is only as if it were new.
fn find<'a, T>(known: &'a mut Vec<Known<T>>, place: &Place) -> &'a mut Known<T> {
    let index = known.iter().position(|known| known.place == *place);
    let found = match index {
        Some(index) => known.remove(index),
        None => Known { place: place.clone(), protocol: Protocol::Http2, attempt: Weak::new() },
    };
    if known.len() == LIMIT {
        known.remove(0);
    }
    // The latest is the last, and the oldest is forgotten first.
    known.push(found);
    known.last_mut().expect("one has just been pushed")
}

/// As many as there are connections that are remembered.
const LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_limited_number_of_origins_and_the_latest() {
        let attempts = Attempts::<()>::default();
        let place = |number| {
            Place::new(Origin::of(&format!("https://api{number}.example").parse().unwrap()).unwrap())
        };
        for number in 0..=LIMIT {
            attempts.learn(&place(0), Protocol::Http1);
            attempts.learn(&place(number), Protocol::Http1);
        }
        assert_eq!(attempts.lock().len(), LIMIT);
        let join = |number| attempts.join(&place(number), Box::pin(async { Ok(()) }), || false);
        assert!(matches!(join(0), Join::Alone(_)), "it was used all the time");
        assert!(matches!(join(1), Join::Attempt(_)), "it was forgotten");
    }
}
