//! What threads meet at. The model check compiles what stands on it a second time, over other ones.

pub(super) use std::sync::{Mutex, MutexGuard, OnceLock, atomic::AtomicU64};

pub(super) use arc_swap::ArcSwapOption;
