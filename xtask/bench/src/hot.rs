//! Time per request with the token at hand, on one thread and on two.
//!
//! Other programs use the processors meanwhile, so everybody takes a short turn in each round, processor time
//! is what counts, and medians of all rounds are told.

use std::{
    collections::BTreeMap,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use tokio::runtime::{Builder, Handle};
use tower::BoxError;

use crate::{
    Effort,
    clock::{median, of_thread, waited},
    counted::LONG,
    issuer::Issuer,
    noop::ORIGIN,
    peer::{Setup, Subject},
    peers::ALL,
};

/// The two lengths of token.
pub const TOKENS: [usize; 2] = [1_000, 64];

/// How long a turn is.
const TURN: Duration = Duration::from_millis(3);

/// What one contestant took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timed {
    /// Processor time per request on one thread, in nanoseconds.
    pub nanos: f64,
    /// Requests a second on two threads, over those on one.
    pub speed: f64,
    /// Processor time per request on two threads, over that on one.
    pub cpu: f64,
    /// Whether `speed` is of turns in which nobody else had the processors.
    pub is_quiet: bool,
}

/// By token length and name.
pub type All = BTreeMap<(usize, &'static str), Timed>;

/// Times everybody.
pub fn measure(effort: Effort) -> Result<All, BoxError> {
    let mut all = All::new();
    for token in TOKENS {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let handle = runtime.handle();
        let mut lanes = Vec::new();
        for contestant in ALL {
            let setup = Setup { issuer: Issuer::new(token), origin: ORIGIN.to_owned(), due: LONG };
            lanes.push(Lane::new(contestant.name, handle.block_on((contestant.start)(setup))?, handle)?);
        }
        for round in 0..effort.of(41, 301) {
            // There and back, so that nobody always follows the same one.
            if round % 2 == 0 {
                lanes.iter_mut().try_for_each(|lane| lane.turn(handle))?;
            } else {
                lanes.iter_mut().rev().try_for_each(|lane| lane.turn(handle))?;
            }
        }
        all.extend(lanes.iter().map(|lane| ((token, lane.name), lane.timed())));
        drop(lanes);
        runtime.shutdown_background();
    }
    Ok(all)
}

struct Lane {
    name: &'static str,
    subject: Box<dyn Subject>,
    count: u64,
    alone: Vec<f64>,
    together: Vec<Together>,
}

/// A turn of one of two threads.
struct Run {
    start: Instant,
    end: Instant,
    cpu: Duration,
    waited: Duration,
}

/// A turn on two threads.
struct Together {
    wall_nanos: f64,
    cpu_nanos: f64,
    /// How much of the turn its threads waited for a processor.
    waited: f64,
}

impl Lane {
    fn new(name: &'static str, subject: Box<dyn Subject>, handle: &Handle) -> Result<Self, BoxError> {
        handle.block_on(subject.many(2_000))?;
        let start = of_thread();
        handle.block_on(subject.many(2_000))?;
        let each = (of_thread() - start) / 2_000;
        let count = TURN.as_nanos() / each.as_nanos().max(1);
        let count = u64::try_from(count).unwrap_or(1).max(1);
        Ok(Self { name, subject, count, alone: Vec::new(), together: Vec::new() })
    }

    fn turn(&mut self, handle: &Handle) -> Result<(), BoxError> {
        let start = of_thread();
        handle.block_on(self.subject.many(self.count))?;
        self.alone.push((of_thread() - start).as_nanos() as f64 / self.count as f64);
        self.together.push(self.on_two_threads(handle)?);
        Ok(())
    }

    fn on_two_threads(&self, handle: &Handle) -> Result<Together, BoxError> {
        let each = (self.count / 8).max(20);
        let barrier = Barrier::new(2);
        let one = || -> Result<Run, BoxError> {
            let tasks: Vec<_> = (0..8).map(|_| self.subject.many(each)).collect();
            barrier.wait();
            let (cpu, wait, start) = (of_thread(), waited(), Instant::now());
            handle.block_on(try_join_all(tasks))?;
            let end = Instant::now();
            Ok(Run { start, end, cpu: of_thread() - cpu, waited: waited().saturating_sub(wait) })
        };
        let (left, right) = thread::scope(|scope| {
            let other = scope.spawn(one);
            let own = one();
            (own, other.join())
        });
        let (left, right) = (left?, right.map_err(|_| "a thread panicked")??);
        let requests = (each * 16) as f64;
        let wall = left.end.max(right.end) - left.start.min(right.start);
        // Whoever began late waited, too: for a while the other one was alone.
        let late = left.start.max(right.start) - left.start.min(right.start);
        let waited = left.waited + right.waited + late;
        Ok(Together {
            wall_nanos: wall.as_nanos() as f64 / requests,
            cpu_nanos: (left.cpu + right.cpu).as_nanos() as f64 / requests,
            waited: waited.as_secs_f64() / wall.as_secs_f64(),
        })
    }

    fn timed(&self) -> Timed {
        let nanos = median(&self.alone);
        let quiet: Vec<&Together> = self.together.iter().filter(|turn| turn.waited < 0.05).collect();
        let is_quiet = quiet.len() >= 5;
        let turns = if is_quiet { quiet } else { self.together.iter().collect() };
        let wall: Vec<f64> = turns.iter().map(|turn| turn.wall_nanos).collect();
        let cpu: Vec<f64> = turns.iter().map(|turn| turn.cpu_nanos).collect();
        Timed { nanos, speed: nanos / median(&wall), cpu: median(&cpu) / nanos, is_quiet }
    }
}
