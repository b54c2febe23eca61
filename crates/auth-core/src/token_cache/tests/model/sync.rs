//! The primitives of the model.

use std::sync::Arc;

pub(super) use shuttle::sync::{Mutex, MutexGuard, atomic::AtomicU64};

/// Is the one of `std`, and lets others run before each touch.
pub(super) struct OnceLock<T> {
    once: std::sync::OnceLock<T>,
    // To yield would do, too, but for that a thread that yields counts as woken.
    gate: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(super) fn new() -> Self {
        Self { once: std::sync::OnceLock::new(), gate: Mutex::new(()) }
    }

    pub(super) fn get(&self) -> Option<&T> {
        drop(self.gate.lock());
        self.once.get()
    }

    pub(super) fn set(&self, value: T) -> Result<(), T> {
        drop(self.gate.lock());
        self.once.set(value)
    }
}

/// Behaves like the one of `arc_swap`, and lets others run before each touch.
pub(super) struct ArcSwapOption<T>(Mutex<Option<Arc<T>>>);

impl<T> ArcSwapOption<T> {
    pub(super) fn empty() -> Self {
        Self(Mutex::new(None))
    }

    pub(super) fn load(&self) -> Option<Arc<T>> {
        self.load_full()
    }

    pub(super) fn load_full(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn store(&self, value: Option<Arc<T>>) {
        *self.0.lock().unwrap() = value;
    }
}
