//! `shared.rs` once more, over primitives that change threads at every touch: a check of its interleavings.
//!
//! It is the same file, compiled a second time. Flights are threads here, that land what the test says.

use super::super::{Settings, backoff, entry, flight, state, telling};

#[path = "../shared.rs"]
#[expect(
    dead_code,
    clippy::duplicate_mod,
    reason = "the same code over other primitives; some needs no check"
)]
mod shared;
mod sync;
mod tests;
