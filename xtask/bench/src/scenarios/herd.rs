//! Ten thousand tasks at once, and no token.

use std::time::{Duration, Instant};

use tower::BoxError;

use crate::{
    Effort,
    clock::median,
    counted::LONG,
    peer::Subject,
    peers::Contestant,
    scenarios::{Stage, build, setup},
};

/// How many tasks.
pub const TASKS: usize = 10_000;

const FETCH: Duration = Duration::from_millis(50);

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Herd {
    /// Token requests, in the middle and at most.
    pub fetches: (f64, f64),
    /// How many were served in the worst round.
    pub ok: usize,
    /// When all were done, in milliseconds.
    pub done: f64,
    /// What the fetch took of that.
    pub fetch: f64,
    /// What the same tasks take when the token is there.
    pub warm: f64,
    /// What waiting adds to the fetch, over that, round by round.
    pub over_warm: f64,
}

/// Puts one through it.
pub fn measure(contestant: &'static Contestant, effort: Effort) -> Result<Herd, BoxError> {
    let mut rounds = Vec::new();
    for _ in 0..effort.of(9, 25) {
        rounds.push(Stage::new()?.run(round(contestant))?.ok_or("could not be built")?);
    }
    let middle = |value: fn(&Round) -> f64| median(&rounds.iter().map(value).collect::<Vec<_>>());
    Ok(Herd {
        fetches: (
            middle(|round| round.fetches),
            rounds.iter().map(|round| round.fetches).fold(0.0, f64::max),
        ),
        ok: rounds.iter().map(|round| round.ok).min().unwrap_or(0),
        done: middle(|round| round.done),
        fetch: middle(|round| round.fetch),
        warm: middle(|round| round.warm),
        over_warm: middle(|round| (round.done - round.fetch) / round.warm),
    })
}

struct Round {
    fetches: f64,
    ok: usize,
    done: f64,
    fetch: f64,
    warm: f64,
}

async fn round(contestant: &'static Contestant) -> Option<Round> {
    let setup = setup(LONG);
    setup.issuer.delay(FETCH);
    let subject = build(contestant, &setup).await?;
    setup.issuer.take_fetches();
    let (ok, done) = wave(&*subject).await;
    let fetches = setup.issuer.take_fetches() as f64;
    let fetch = setup.issuer.took().as_secs_f64() * 1e3;
    let mut warm = Vec::new();
    for _ in 0..3 {
        warm.push(wave(&*subject).await.1);
    }
    Some(Round { fetches, ok, done, fetch, warm: median(&warm) })
}

async fn wave(subject: &dyn Subject) -> (usize, f64) {
    let start = Instant::now();
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(subject.one())).collect();
    let mut ok = 0;
    for task in tasks {
        ok += usize::from(matches!(task.await, Ok(Ok(()))));
    }
    (ok, start.elapsed().as_secs_f64() * 1e3)
}
