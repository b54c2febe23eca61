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

/// Names a [`TokenCache`](crate::TokenCache) for as long as the process lives; see
/// [`CredentialSource::source_id`](crate::CredentialSource::source_id).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SourceId(NonZeroU32);

/// Can be told of a rejection.
pub(crate) trait Reject: Send + Sync {
    /// Throws the credential of this generation away if it is the current one, and tells whether a different one can
    /// be had.
    fn reject(&self, generation: Generation) -> bool;
}

/// Finds the source of this number, if it lives.
pub(crate) fn find(id: SourceId) -> Option<Arc<dyn Reject>> {
    lock().sources.get(&id.0).and_then(Weak::upgrade)
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
            living.sources.insert(id.0, source);
        }
        Self(id)
    }

    pub(crate) fn id(&self) -> Option<SourceId> {
        self.0
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let source = self.0.and_then(|id| lock().sources.remove(&id.0));
        // Not under the lock.
        drop(source);
    }
}

struct Living {
    sources: BTreeMap<NonZeroU32, Weak<dyn Reject>>,
    /// The number that was given last. None is given twice.
    last: u32,
}

static LIVING: Mutex<Living> = Mutex::new(Living { sources: BTreeMap::new(), last: 0 });

fn lock() -> MutexGuard<'static, Living> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Source(AtomicUsize);

    impl Reject for Source {
        fn reject(&self, _generation: Generation) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed) > 0
        }
    }

    fn registered(source: &Arc<Source>) -> Registered {
        Registered::new(Arc::<Source>::downgrade(source))
    }

    #[test]
    fn a_source_is_found_by_its_own_number_for_as_long_as_it_lives() {
        let (left, right) = (Arc::new(Source::default()), Arc::new(Source::default()));
        let (of_left, of_right) = (registered(&left), registered(&right));
        let (left_id, right_id) = (of_left.id().unwrap(), of_right.id().unwrap());
        assert!(!find(left_id).unwrap().reject(Generation::next()));
        assert!(find(left_id).unwrap().reject(Generation::next()), "it is the same one");
        assert_eq!((left.0.load(Ordering::Relaxed), right.0.load(Ordering::Relaxed)), (2, 0));

        drop(right);
        assert!(find(right_id).is_none(), "nobody is left to be told");
        drop(of_left);
        assert!(find(left_id).is_none(), "nothing of it is kept, though it lives");
        assert!(!lock().sources.contains_key(&left_id.0) && lock().sources.contains_key(&right_id.0));
        drop(of_right);
        assert!(!lock().sources.contains_key(&right_id.0));
    }

    #[test]
    fn no_number_is_given_twice() {
        let source = Arc::new(Source::default());
        let mut seen = std::collections::HashSet::new();
        for _ in 0..100 {
            assert!(seen.insert(registered(&source).id().unwrap()));
        }
    }
}
