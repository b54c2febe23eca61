//! Keeps calls to the rates that Clarify documents.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

/// Lets the calls of a method go one after the other, at even distances. Clones keep the same pace.
///
/// Evenly, and not so many at once every second: however the seconds are counted at the other end, there are
/// never too many. A call that is given up while it waits takes nobody's turn.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    lanes: Arc<[Lane]>,
}

#[derive(Debug)]
struct Lane {
    method: &'static str,
    distance: Duration,
    /// Who waits for the next call's time holds the lock, and tokio's locks are taken in the order of asking.
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn documented() -> Self {
        let lane = |&(method, rate): &(_, u32)| Lane {
            method,
            distance: Duration::from_secs(1) / rate,
            next: Mutex::new(Instant::now()),
        };
        Self { lanes: RATES.iter().map(lane).collect() }
    }

    /// Waits until it is the turn of a call of this method.
    pub(super) async fn keep(&self, method: &str) {
        let Some(lane) = self.lanes.iter().find(|lane| lane.method == method) else { return };
        let mut next = lane.next.lock().await;
        sleep_until(*next).await;
        *next = Instant::now() + lane.distance;
    }
}

/// Calls a second (Clarify's documentation, API 1.1, "Rate limits").
const RATES: [(&str, u32); 7] = [
    ("admin.publishSignals", 5),
    ("admin.selectSignals", 10),
    ("clarify.dataFrame", 1),
    ("clarify.evaluate", 1),
    ("clarify.selectItems", 10),
    ("integration.insert", 1),
    ("integration.saveSignals", 1),
];

#[cfg(test)]
mod tests {
    use super::*;

    async fn seconds(pace: &Pace, methods: &[&'static str]) -> Vec<f64> {
        let start = Instant::now();
        let mut calls = tokio::task::JoinSet::new();
        for method in methods.iter().copied() {
            let pace = pace.clone();
            calls.spawn(async move {
                pace.keep(method).await;
                start.elapsed()
            });
        }
        let mut seconds: Vec<f64> = calls.join_all().await.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        seconds.iter().map(|seconds| (seconds * 10.0).round() / 10.0).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn calls_of_one_method_keep_their_distance_and_others_do_not_wait() {
        let pace = Pace::documented();
        assert_eq!(seconds(&pace, &["integration.insert"; 3]).await, [0.0, 1.0, 2.0]);
        assert_eq!(seconds(&pace, &["admin.selectSignals"; 3]).await, [0.0, 0.1, 0.2]);
        assert_eq!(seconds(&pace, &["admin.publishSignals"; 3]).await, [0.0, 0.2, 0.4]);
        assert_eq!(seconds(&pace, &["clarify.groups"; 3]).await, [0.0; 3]);
        assert_eq!(seconds(&pace, &["clarify.dataFrame", "clarify.evaluate"]).await, [0.0; 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_takes_nobodys_turn() {
        let pace = Pace::documented();
        pace.keep("clarify.evaluate").await;
        let soon = Duration::from_millis(1);
        for _ in 0..5 {
            assert!(tokio::time::timeout(soon, pace.keep("clarify.evaluate")).await.is_err());
        }
        assert_eq!(seconds(&pace, &["clarify.evaluate"]).await, [1.0]);
    }
}
