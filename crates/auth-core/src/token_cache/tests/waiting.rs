//! Who waits for a flight, and what is left of them.

use std::task::{Context, Wake, Waker};

use super::{
    super::{
        flight::{Flight, Why},
        waiters::Waiters,
    },
    *,
};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
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
    assert_eq!(waiters.seats().0, 2, "a thousand who gave up need one seat");
}

#[test]
fn nobody_sits_down_when_it_is_over() {
    let (waiters, mut seat) = (Waiters::default(), None);
    assert!(!waiters.sit(&mut seat, Waker::noop(), || true));
    let (_, late) = sitter(&waiters);
    waiters.wake();
    waiters.leave(late.unwrap());
    assert_eq!(waiters.seats(), (0, 0));
}

#[test]
fn nothing_is_left_of_who_waits_no_more() {
    let (flight, count) = (Flight::new(Duration::ZERO, &Why::Cold), Arc::new(Count::default()));
    let waker = Arc::clone(&count).into();
    let mut waiting = Box::pin(flight.landing());
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(Arc::strong_count(&count), 3, "it would be woken");
    drop(waiting);
    assert_eq!(Arc::strong_count(&count), 2);
}
