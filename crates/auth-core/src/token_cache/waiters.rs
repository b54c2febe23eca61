//! Those who wait for a flight.

use std::{
    mem,
    sync::{Mutex, PoisonError},
    task::Waker,
};

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
        let before = self.with(|seats| {
            // Who ends it does so before it wakes those who sit: whoever comes after that sees it here.
            if is_over() {
                return None;
            }
            let at = *seat.get_or_insert_with(|| seats.free.pop().unwrap_or(seats.wakers.len()));
            if at == seats.wakers.len() {
                seats.wakers.push(None);
            }
            seats.wakers.get_mut(at).map(|place| place.replace(waker.clone()))
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

    /// What it returns is let go after the lock: a waker may be the last of a task, and that may sit here, too.
    fn with<R>(&self, f: impl FnOnce(&mut Seats) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn sitter(waiters: &Waiters) -> (Arc<Count>, Option<usize>) {
        let (count, mut seat) = (Arc::new(Count::default()), None);
        assert!(waiters.sit(&mut seat, &Arc::clone(&count).into(), || false));
        (count, seat)
    }

    #[test]
    fn wakes_who_sits_once_and_the_last_waker_of_each_seat() {
        let waiters = Waiters::default();
        let ((left, seat), (stays, mut again)) = (sitter(&waiters), sitter(&waiters));
        waiters.leave(seat.unwrap());
        let moved = Arc::new(Count::default());
        assert!(waiters.sit(&mut again, &Arc::clone(&moved).into(), || false));
        waiters.wake();
        waiters.wake();
        let woken = [&left, &stays, &moved].map(|count| count.0.load(Ordering::Relaxed));
        assert_eq!(woken, [0, 0, 1]);
        assert_eq!([&left, &stays, &moved].map(Arc::strong_count), [1; 3], "no waker is kept");
    }

    #[test]
    fn a_seat_that_is_left_is_taken_again() {
        let waiters = Waiters::default();
        let (_stays, _) = sitter(&waiters);
        for _ in 0..1_000 {
            let (_, seat) = sitter(&waiters);
            waiters.leave(seat.unwrap());
        }
        assert_eq!(waiters.with(|seats| seats.wakers.len()), 2, "a thousand who gave up need one seat");
    }

    #[test]
    fn nobody_sits_down_when_it_is_over() {
        let (waiters, mut seat) = (Waiters::default(), None);
        assert!(!waiters.sit(&mut seat, Waker::noop(), || true));
        let (_, late) = sitter(&waiters);
        waiters.wake();
        waiters.leave(late.unwrap());
        assert_eq!(waiters.with(|seats| (seats.wakers.len(), seats.free.len())), (0, 0));
    }
}
