//! A thousand requests a second, whatever becomes of them.

use std::time::{Duration, Instant};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{clock::quantile, issuer::Issuer, peer::Subject};

/// Requests in a second.
pub const SECOND: u64 = 1_000;

/// What became of them.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Token requests.
    pub fetches: u64,
    /// Seconds of load.
    pub seconds: f64,
    /// Requests answered.
    pub ok: usize,
    /// Requests that failed.
    pub errors: usize,
    /// Requests without either when it was over.
    pub unanswered: usize,
    /// What was waited by those with an answer or an error, in milliseconds.
    waits: Vec<f64>,
}

impl Load {
    /// The wait that this share of them stays below, in milliseconds.
    pub fn wait(&self, share: f64) -> f64 {
        quantile(&self.waits, share)
    }

    /// How many waited longer than so many milliseconds.
    pub fn over(&self, millis: f64) -> usize {
        self.waits.iter().filter(|wait| **wait > millis).count()
    }

    /// Token requests in a second.
    pub fn fetches_a_second(&self) -> f64 {
        self.fetches as f64 / self.seconds
    }
}

/// Sends the load, and waits `grace` for what is under way when it ends.
pub async fn load(subject: &dyn Subject, issuer: &Issuer, seconds: u64, grace: Duration) -> Load {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for _ in 0..seconds * SECOND {
        ticks.tick().await;
        let (sender, one) = (sender.clone(), subject.one());
        tokio::spawn(async move {
            let start = Instant::now();
            let result = one.await;
            let _ = sender.send((result.is_ok(), start.elapsed()));
        });
    }
    drop(sender);
    let fetches = issuer.take_fetches();
    let mut load = Load { fetches, seconds: seconds as f64, ..Load::default() };
    let _ = timeout(grace, async {
        while let Some((is_ok, wait)) = receiver.recv().await {
            load.waits.push(wait.as_secs_f64() * 1e3);
            if is_ok { load.ok += 1 } else { load.errors += 1 }
        }
    })
    .await;
    load.unanswered = (seconds * SECOND) as usize - load.waits.len();
    load
}
