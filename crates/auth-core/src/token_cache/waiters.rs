//! Those who wait for a flight.

use std::{mem, sync::PoisonError, task::Waker};

use super::sync::Mutex;

/// Those who wait, side by side: to wake ten thousand is to go through a list, and not through as many places of
/// the heap.
#[derive(Default)]
pub(super) struct Waiters(Mutex<Seats>);

#[derive(Default)]
struct Seats {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Waiters {
    /// Has the waker woken at the end, unless that has come already; at the seat that it had before, if it had one.
    pub(super) fn sit(
        &self,
        seat: &mut Option<usize>,
        waker: &Waker,
        is_over: impl FnOnce() -> bool,
    ) -> bool {
        // Not under the lock: it is somebody else's code.
        let waker = waker.clone();
        let before = self.with(|seats| {
            // Who ends it does so before it wakes those who sit: whoever comes after that sees it here.
            if is_over() {
                return None;
            }
            let at = *seat.get_or_insert_with(|| seats.free.pop().unwrap_or(seats.wakers.len()));
            if at == seats.wakers.len() {
                seats.wakers.push(None);
            }
            seats.wakers.get_mut(at).map(|place| place.replace(waker))
        });
        before.is_some()
    }

    /// Forgets who sat there: somebody else may.
    pub(super) fn leave(&self, seat: usize) {
        self.with(|seats| {
            let place = seats.wakers.get_mut(seat)?;
            seats.free.push(seat);
            place.take()
        });
    }

    /// Wakes everybody.
    pub(super) fn wake(&self) {
        let seats = self.with(mem::take);
        seats.wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// How many seats there are, and how many of them are free.
    #[cfg(test)]
    pub(in crate::token_cache) fn seats(&self) -> (usize, usize) {
        self.with(|seats| (seats.wakers.len(), seats.free.len()))
    }

    /// What it returns is let go after the lock: a waker may be the last of a task, and that may sit here, too.
    fn with<R>(&self, f: impl FnOnce(&mut Seats) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
