//! What threads meet at. The model check compiles `shared.rs` a second time, over other ones.

pub(super) use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};

pub(super) use arc_swap::ArcSwapOption;
