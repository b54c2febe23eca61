//! The sources that live in this process, by number.
//!
//! Until its answer comes, a request must know whom to tell of a rejection. To share in the source would be two counts
//! for each request, and something to let go of when its future ends. A number is neither; it is looked up when a
//! credential was rejected, and hardly ever else.

use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use crate::Generation;

/// Names a source of credentials for as long as the process lives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SourceId(NonZeroU32);

/// Can be told of a rejection.
pub(crate) trait Reject: Send + Sync {
    /// Throws the credential of this generation away if it is the current one, and tells whether a different one can
    /// be had.
    fn reject(&self, generation: Generation) -> bool;
}

/// Finds the source of this number, if it lives.
pub(crate) fn find(id: SourceId) -> Option<Arc<dyn Reject>> {
    lock().sources.get(&id).and_then(Weak::upgrade)
}

/// Has a source found by its number, until it is dropped.
pub(crate) struct Registered(Option<SourceId>);

impl Registered {
    /// Gives a source its number.
    pub(crate) fn new(source: Weak<dyn Reject>) -> Self {
        let mut living = lock();
        // After four billion of them there is none left.
        let Some(next) = living.last.checked_add(1) else { return Self(None) };
        living.last = next;
        let id = NonZeroU32::new(next).map(SourceId);
        if let Some(id) = id {
            living.sources.insert(id, source);
        }
        Self(id)
    }

    pub(crate) fn id(&self) -> Option<SourceId> {
        self.0
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let source = self.0.and_then(|id| lock().sources.remove(&id));
        // Not under the lock.
        drop(source);
    }
}

struct Living {
    sources: BTreeMap<SourceId, Weak<dyn Reject>>,
    /// The number that was given last. None is given twice.
    last: u32,
}

static LIVING: Mutex<Living> = Mutex::new(Living { sources: BTreeMap::new(), last: 0 });

fn lock() -> MutexGuard<'static, Living> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}
