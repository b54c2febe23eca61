//! Herds, rejections, fetches ahead and flights that were given up, in any interleaving.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use shuttle::{future::block_on, thread};

use super::{
    Settings,
    entry::Entry,
    flight::{Flight, Landing, Why},
    shared::{Joining, Shared},
    telling::Telling,
};
use crate::{AccessToken, Clock, Error, ErrorKind, Generation, ManualClock};

const SCHEDULES: usize = 2_000;
const LIFE: Duration = Duration::from_secs(300);

/// A cache, and a world that fetches for it.
#[derive(Clone)]
struct World {
    shared: Arc<Shared<()>>,
    clock: ManualClock,
    fetches: Arc<AtomicUsize>,
    fails: bool,
}

impl World {
    fn new() -> Self {
        let clock = ManualClock::new();
        let settings = Settings { fetch_deadline: LIFE, default_life: LIFE, spacing: Duration::ZERO };
        let telling = Telling::new("model".into());
        let shared = Shared::new((), Box::new(clock.clone()), settings, telling);
        Self { shared: Arc::new(shared), clock, fetches: Arc::default(), fails: false }
    }

    /// What a flight brings: each time another token, or an error.
    fn fetch(&self) -> Landing {
        let count = self.fetches.fetch_add(1, Ordering::SeqCst);
        if self.fails {
            return Landing::Done(Err(Error::new(ErrorKind::Unavailable, "down")));
        }
        let token = AccessToken::bearer(&format!("token-{count}").into()).unwrap().with_expires_in(LIFE);
        let entry = Entry::new(token, self.clock.now(), &self.clock, self.shared.settings());
        Landing::Done(Ok(Arc::new(entry)))
    }

    fn fly(&self, flight: Arc<Flight>) {
        let world = self.clone();
        thread::spawn(move || world.shared.land(&flight, world.fetch()));
    }

    /// What `TokenCache::obtain` does.
    fn obtain(&self) -> Result<Generation, Error> {
        loop {
            let flight = match self.shared.join()? {
                Joining::Begin(flight, _) => {
                    self.fly(Arc::clone(&flight));
                    flight
                }
                Joining::Good(entry) => return Ok(entry.credential().generation()),
                Joining::Wait(flight) => flight,
            };
            if let Landing::Done(result) = block_on(flight.landing()) {
                return result.clone().map(|entry| entry.credential().generation());
            }
        }
    }

    /// What `TokenCache::ready` does.
    fn ready(&self) -> Option<Generation> {
        let early = |now| {
            if self.shared.may_be_early(now)
                && let Some((flight, _)) = self.shared.begin_early()
            {
                self.fly(flight);
            }
        };
        self.shared.with_good(|entry| entry.credential().generation(), early)
    }

    fn current(&self) -> Option<Generation> {
        self.shared.with_good(|entry| entry.credential().generation(), |_| ())
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

fn at_once<R: Send + 'static>(count: usize, work: impl Fn() -> R + Clone + Send + 'static) -> Vec<R> {
    let threads: Vec<_> = (0..count).map(|_| thread::spawn(work.clone())).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(model, SCHEDULES);
}

#[test]
fn a_herd_makes_one_fetch_and_all_get_its_token() {
    check(|| {
        let world = World::new();
        let all = at_once(3, {
            let world = world.clone();
            move || world.obtain().unwrap()
        });
        assert!(all.iter().all(|generation| Some(*generation) == world.current()));
        assert_eq!(world.fetches(), 1);
    });
}

#[test]
fn a_herd_makes_one_fetch_and_all_get_its_error() {
    check(|| {
        let world = World { fails: true, ..World::new() };
        let all = at_once(3, {
            let world = world.clone();
            move || world.obtain().unwrap_err().kind()
        });
        assert_eq!(all, [ErrorKind::Unavailable; 3]);
        assert_eq!(world.fetches(), 1);
    });
}

#[test]
fn rejections_of_one_token_cost_one_fetch() {
    check(|| {
        let world = World::new();
        let first = world.obtain().unwrap();
        world.clock.advance(Duration::from_secs(6));
        let all = at_once(3, {
            let world = world.clone();
            move || {
                world.shared.invalidate(first);
                world.obtain().unwrap()
            }
        });
        assert!(all.iter().all(|generation| *generation != first && Some(*generation) == world.current()));
        assert_eq!(world.fetches(), 2);
    });
}

#[test]
fn one_fetch_ahead_is_begun_and_nobody_is_without_a_token() {
    check(|| {
        let world = World::new();
        let first = world.obtain().unwrap();
        world.clock.advance(Duration::from_secs(250));
        let all = at_once(3, {
            let world = world.clone();
            move || world.ready()
        });
        assert!(all.iter().all(Option::is_some));
        while world.current() == Some(first) {
            thread::yield_now();
        }
        assert_eq!(world.fetches(), 2);
    });
}

#[test]
fn a_token_rejected_during_a_fetch_ahead_never_comes_back() {
    check(|| {
        let world = World::new();
        let first = world.obtain().unwrap();
        world.clock.advance(Duration::from_secs(250));
        let noticing = thread::spawn({
            let world = world.clone();
            move || world.ready()
        });
        let all = at_once(2, {
            let world = world.clone();
            move || {
                world.shared.invalidate(first);
                world.obtain().unwrap()
            }
        });
        noticing.join().unwrap();
        assert!(all.iter().all(|generation| *generation != first));
        assert_ne!(world.current(), Some(first));
        assert!(world.fetches() <= 2);
    });
}

#[test]
fn a_flight_that_was_given_up_changes_nothing_however_late_it_lands() {
    check(|| {
        let world = World::new();
        let Ok(Joining::Begin(lost, _)) = world.shared.join() else { panic!("there is no token") };
        let late = world.fetch();
        let landing = thread::spawn({
            let (world, lost) = (world.clone(), Arc::clone(&lost));
            move || {
                thread::yield_now();
                world.shared.land(&lost, late);
            }
        });
        let all = at_once(2, {
            let (world, lost) = (world.clone(), Arc::clone(&lost));
            move || {
                world.shared.abandon(&lost);
                world.obtain().unwrap()
            }
        });
        landing.join().unwrap();
        // Whichever came first stays: the one that landed in time, or the one that was begun anew.
        assert!(all.iter().all(|generation| Some(*generation) == world.current()));
        assert!(world.fetches() <= 2);
    });
}

#[test]
fn a_runtime_that_ends_leaves_nobody_waiting() {
    check(|| {
        let world = World::new();
        let Ok(Joining::Begin(flight, Why::Cold)) = world.shared.join() else { panic!("there is no token") };
        let ending = thread::spawn({
            let world = world.clone();
            move || world.shared.land(&flight, Landing::Lost)
        });
        let all = at_once(2, {
            let world = world.clone();
            move || world.obtain().is_ok()
        });
        ending.join().unwrap();
        assert_eq!((all, world.fetches()), (vec![true, true], 1));
    });
}

#[test]
fn who_gives_up_while_a_flight_lands_keeps_nobody_waiting_and_leaves_nothing() {
    check(|| {
        let world = World::new();
        let Ok(Joining::Begin(flight, _)) = world.shared.join() else { panic!("there is no token") };
        world.fly(Arc::clone(&flight));
        let fickle = thread::spawn({
            let flight = Arc::clone(&flight);
            move || {
                // Waits twice, and no time to the end.
                for _ in 0..2 {
                    let mut waiting = std::pin::pin!(flight.landing());
                    let _ = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                }
            }
        });
        let all = at_once(2, {
            let world = world.clone();
            move || world.obtain().is_ok()
        });
        fickle.join().unwrap();
        assert_eq!((all, world.fetches()), (vec![true, true], 1));
    });
}
