//! Whoever began the fetch gives up, and others wait.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use tower::BoxError;

use crate::{
    Effort,
    counted::LONG,
    peers::Contestant,
    scenarios::{Stage, build, setup},
};

/// How many others wait.
const OTHERS: usize = 100;

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cancelled {
    /// Token requests.
    pub fetches: u64,
    /// How many of the others were served.
    pub ok: usize,
    /// When the last of them was, in milliseconds after the fetch began.
    pub last: f64,
}

/// Puts one through it: the fetch takes 300 ms, its beginner leaves at 100, the others wait since 30.
pub fn measure(contestant: &'static Contestant, effort: Effort) -> Result<Cancelled, BoxError> {
    let patience = Duration::from_secs(effort.of(2, 5));
    Stage::new()?.run(scene(contestant, patience))?.ok_or_else(|| "could not be built".into())
}

async fn scene(contestant: &'static Contestant, patience: Duration) -> Option<Cancelled> {
    let setup = setup(LONG);
    let subject = build(contestant, &setup).await?;
    setup.issuer.take_fetches();
    setup.issuer.delay(Duration::from_millis(300));
    let start = Instant::now();
    let leader = tokio::spawn(subject.one());
    sleep(Duration::from_millis(30)).await;
    let others: Vec<_> = (0..OTHERS)
        .map(|_| {
            let one = subject.one();
            tokio::spawn(async move { one.await.ok().map(|()| start.elapsed()) })
        })
        .collect();
    sleep(Duration::from_millis(70)).await;
    leader.abort();
    let mut served = Vec::new();
    for other in others {
        let left = patience.saturating_sub(start.elapsed());
        if let Ok(Ok(Some(at))) = timeout(left, other).await {
            served.push(at);
        }
    }
    let last = served.iter().max().copied().unwrap_or_default();
    Some(Cancelled { fetches: setup.issuer.take_fetches(), ok: served.len(), last: last.as_secs_f64() * 1e3 })
}
