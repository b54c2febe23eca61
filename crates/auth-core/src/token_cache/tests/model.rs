//! The cache once more, over primitives that change threads at every touch: a check of its interleavings.
//!
//! They are the same files, compiled a second time. Flights are threads here, that land what the test says.

use super::super::{Settings, backoff, entry, state, telling};

#[path = "../flight.rs"]
#[expect(
    dead_code,
    clippy::duplicate_mod,
    reason = "the same code over other primitives; some needs no check"
)]
mod flight;
#[path = "../shared.rs"]
#[expect(
    dead_code,
    clippy::duplicate_mod,
    reason = "the same code over other primitives; some needs no check"
)]
mod shared;
mod sync;
mod tests;
#[path = "../waiters.rs"]
#[expect(
    dead_code,
    clippy::duplicate_mod,
    reason = "the same code over other primitives; some needs no check"
)]
mod waiters;
