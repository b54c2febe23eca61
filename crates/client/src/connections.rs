//! Remembers the latest connections, for requests that fail without one.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use claviger_auth_core::{Error, Origin};
use claviger_mtls::ConnectionReport;
use http::Extensions;
use hyper_util::client::legacy::connect::Connected;

use crate::polled::Moment;

/// How many connections there had been.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Number(u64);

/// Keeps what each of the latest HTTP/2 connections failed with, if it did.
///
/// In TLS 1.3 a server refuses the client certificate after the handshake. If the alert comes before the first
/// request is on its way, hyper-util says that a channel was closed and not of which connection; and it says
/// as little to all the others who waited for that connection, though none of them made it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    made: AtomicU64,
    landed: AtomicU64,
    latest: Mutex<Vec<Made>>,
}

#[derive(Debug)]
struct Made {
    number: Number,
    origin: Origin,
    failure: ConnectionReport,
}

impl Connections {
    /// Begins a request, which is to know what failed from now on, and nothing of what failed before.
    pub(crate) fn watch(&self, origin: Origin) -> Watch {
        // A request that goes well reads numbers here, and takes no lock.
        Watch { since: Number(self.0.made.load(Ordering::Relaxed)), connections: self.clone(), origin }
    }

    /// Returns how many connections have been put into the pool. They can be found there.
    pub(crate) fn landed(&self) -> Number {
        Number(self.0.landed.load(Ordering::Acquire))
    }

    /// Counts a connection that has been put into the pool.
    pub(crate) fn land(&self) {
        self.0.landed.fetch_add(1, Ordering::Release);
    }

    /// Remembers a new connection. HTTP/1.1 needs it not: there an error has its source.
    pub(crate) fn remember(&self, origin: Origin, connected: &Connected) {
        let mut extras = Extensions::new();
        connected.get_extras(&mut extras);
        let Some(failure) = extras.remove::<ConnectionReport>().filter(|_| connected.is_negotiated_h2())
        else {
            return;
        };
        let mut latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        // Those which are gone without a word: of a burst, hyper-util keeps one and drops the others unused.
        latest.retain_mut(|made| !made.failure.is_detached() || made.failure.error().is_some());
        if latest.len() == LIMIT {
            latest.remove(0);
        }
        let number = Number(self.0.made.fetch_add(1, Ordering::Relaxed));
        latest.push(Made { number, origin, failure });
    }

    /// Returns what the latest connection to the origin failed with of those made since.
    pub(crate) fn failure(&self, origin: &Origin, since: Number) -> Option<Error> {
        let latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut later = latest.iter().rev().filter(|made| made.number >= since && made.origin == *origin);
        later.find_map(|made| made.failure.error().cloned())
    }
}

/// What one request may know of connections that it was not given.
#[derive(Debug)]
pub(crate) struct Watch {
    since: Number,
    connections: Connections,
    origin: Origin,
}

impl Watch {
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Begins to poll the request.
    pub(crate) fn moment(&self) -> Moment {
        Moment { request: self.since, poll: self.connections.landed() }
    }

    /// Returns what the latest connection to the origin failed with that was made since the request began.
    ///
    /// It is for a request that no connection took. Of those made before it began, none is looked at: what
    /// another request failed with is no news of this one.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.connections.failure(&self.origin, self.since)
    }
}

/// Only the connections of requests under way matter, and an origin has one that is used.
const LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn made(connections: &Connections, failure: &ConnectionReport) {
        let origin = Origin::of(&http::Uri::from_static("https://api.example")).unwrap();
        connections.remember(origin, &Connected::new().negotiated_h2().extra(failure.clone()));
    }

    #[test]
    fn forgets_what_is_gone_and_keeps_a_limited_number() {
        let connections = Connections::default();
        let count = || connections.0.latest.lock().unwrap().len();
        let open: [ConnectionReport; LIMIT + 1] = std::array::from_fn(|_| ConnectionReport::default());
        for failure in &open {
            made(&connections, failure);
        }
        assert_eq!(count(), LIMIT);
        drop(open);
        made(&connections, &ConnectionReport::default());
        assert_eq!(count(), 1);
    }
}
