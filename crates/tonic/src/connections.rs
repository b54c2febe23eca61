//! What the connections of a channel failed with.
//!
//! In TLS 1.3 a refused certificate is told after the handshake, when tonic has the connection; and over HTTP/2 an
//! error of the connection reaches a call without its reason. The stream keeps it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use claviger_auth_core::{BoxError, Error};
use claviger_mtls::ConnectionFailure;
use http::Extensions;
use hyper_util::client::legacy::connect::Connected;
use tonic::ConnectError;

/// Remembers the latest connections of one channel, which has one at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<Mutex<Made>>);

#[derive(Debug, Default)]
struct Made {
    count: u64,
    /// The latest first.
    latest: VecDeque<ConnectionFailure>,
}

/// How many connections had been made when a call came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since(u64);

impl Connections {
    pub(crate) fn remember(&self, connected: &Connected) {
        let mut extras = Extensions::new();
        connected.get_extras(&mut extras);
        let mut made = self.made();
        made.count += 1;
        made.latest.push_front(extras.remove().unwrap_or_default());
        made.latest.truncate(LIMIT);
    }

    /// Begins a call.
    pub(crate) fn now(&self) -> Since {
        Since(self.made().count)
    }

    /// Puts in place of an error without a reason the one that the call's connection failed with.
    pub(crate) fn explain(&self, error: BoxError, since: Since) -> BoxError {
        if Error::find(&*error).is_some() {
            return error;
        }
        match self.failure(since) {
            // As tonic has it where the handshake itself fails.
            Some(failure) => ConnectError(failure.into()).into(),
            None => error,
        }
    }

    /// Looks at the connection that stood when the call came, and at those made since: it went over one of them.
    fn failure(&self, since: Since) -> Option<Error> {
        let made = self.made();
        let later = usize::try_from(made.count - since.0).unwrap_or(LIMIT);
        made.latest.iter().take(later.saturating_add(1)).find_map(|made| made.error().cloned())
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Between a connection's end and the moment at which its calls hear of it, few others can come and go.
const LIMIT: usize = 16;
