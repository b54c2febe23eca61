//! What it must reach, and whether it did.

use std::fmt;

use crate::{
    counted::TOKEN,
    peers::{FLOOR, NOTHING, OURS},
    report::Figures,
    scenarios::{CASES, SECOND, TASKS},
};

/// One line of the bar.
pub struct Verdict {
    /// What is asked.
    pub bar: &'static str,
    /// What was measured.
    pub figure: String,
    /// Whether that is enough.
    pub is_met: bool,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_met { "met    " } else { "NOT MET" };
        write!(f, "{word}  {}: {}", self.bar, self.figure)
    }
}

fn verdict(bar: &'static str, is_met: bool, figure: String) -> Verdict {
    Verdict { bar, figure, is_met }
}

/// All of them.
pub fn of(figures: &Figures) -> Vec<Verdict> {
    let mut all = Vec::new();
    per_request(figures, &mut all);
    scenarios(figures, &mut all);
    outage(figures, &mut all);
    for (index, name) in
        ["end to end on HTTP/1.1, ≥ 0.98 of the floor", "end to end on HTTP/2, ≥ 0.98 of the floor"]
            .into_iter()
            .enumerate()
    {
        let reached = figures.e2e.get(OURS).and_then(|both| both.get(index)).copied().unwrap_or_default();
        let (rate, cpu) = (reached.rate_of_floor, reached.cpu_of_floor);
        all.push(verdict(
            name,
            rate >= 0.98,
            format!("{rate:.3} of its requests a second, {cpu:.3} of its time"),
        ));
    }
    all
}

fn per_request(figures: &Figures, all: &mut Vec<Verdict>) {
    let counted = figures.counted.get(OURS).copied().unwrap_or_default();
    all.push(verdict(
        "allocations per request, 0",
        counted.allocations.abs() < 0.01,
        format!("{:.2}", counted.allocations),
    ));
    let instructions = figures.instructions_of_floor(OURS);
    let known = instructions.map_or("not counted".to_owned(), |ratio| format!("{ratio:.2}×"));
    let is_at_most = |limit| instructions.is_some_and(|ratio| ratio <= limit);
    all.push(verdict("instructions added, ≤ 1.5× what the floor adds", is_at_most(1.5), known.clone()));
    all.push(verdict("the same, try for 1.15×", is_at_most(1.15), known));
    let time = figures.time_of_floor(TOKEN, OURS);
    let short = figures.time_of_floor(64, OURS);
    let told = format!("{time:.2}× with 1,000 bytes, {short:.2}× with 64");
    all.push(verdict("time added, ≤ 1.5× what the floor adds", time <= 1.5 && short <= 1.5, told.clone()));
    all.push(verdict("the same, try for 1.15×", time <= 1.15 && short <= 1.15, told));
    let speed = |name| figures.hot.get(&(TOKEN, name)).copied().unwrap_or_default().speed;
    all.push(verdict(
        "two threads, try for 1.8× one",
        speed(OURS) >= 1.8,
        format!("{:.2}× (floor {:.2}×, no-op {:.2}×)", speed(OURS), speed(FLOOR), speed(NOTHING)),
    ));
}

fn scenarios(figures: &Figures, all: &mut Vec<Verdict>) {
    let herd = figures.scenarios.herd.get(OURS).copied().unwrap_or_default();
    let is_one = (herd.fetches.1 - 1.0).abs() < 0.5 && herd.ok == TASKS;
    all.push(verdict(
        "herd of 10,000, 1 fetch",
        is_one,
        format!("at most {}, {} served", herd.fetches.1, herd.ok),
    ));
    all.push(verdict(
        "herd, done within the fetch + 1.5× the warm tasks",
        herd.over_warm <= 1.5,
        format!(
            "{:.2}× ({:.1} ms; fetch {:.1} ms, warm {:.1} ms)",
            herd.over_warm, herd.done, herd.fetch, herd.warm
        ),
    ));
    let cancelled = figures.scenarios.cancelled.get(OURS).copied().unwrap_or_default();
    all.push(verdict(
        "cancelled leader, 1 fetch of 300 ms, all served by it",
        cancelled.fetches == 1 && cancelled.ok == 100 && cancelled.last < 320.0,
        format!(
            "{} fetch, {} of 100 served, the last at {:.0} ms",
            cancelled.fetches, cancelled.ok, cancelled.last
        ),
    ));
    let (Some(expiry), Some(warm)) = (figures.scenarios.expiry.get(OURS), &figures.scenarios.warm) else {
        return;
    };
    let told = format!(
        "p99 {:.2} ms, max {:.2} ms; on a warm cache {:.2} and {:.2}; {} fetches",
        expiry.wait(0.99),
        expiry.wait(1.0),
        warm.wait(0.99),
        warm.wait(1.0),
        expiry.fetches
    );
    let as_warm = |share, room| expiry.wait(share) <= warm.wait(share) + room;
    // A request that waits for a fetch waits for milliseconds; one that is held up by a busy machine, too.
    let is_met = as_warm(0.99, 0.2) && as_warm(1.0, 10.0) && expiry.errors == 0;
    all.push(verdict("expiry under load, nobody waits", is_met, told));
}

fn outage(figures: &Figures, all: &mut Vec<Verdict>) {
    for (index, case) in CASES.iter().enumerate() {
        let Some(load) = figures.scenarios.outage.get(&(index, OURS)) else { continue };
        // Backoff is 1 s at first, then doubles, give or take a fifth.
        let windows = [0.8, 2.4, 5.6].iter().filter(|end| **end < load.seconds).count() as u64 + 1;
        let bar = match index {
            0 => "outage, no token, 503 at once: a fetch per backoff, errors at once, nobody pending",
            1 => "outage, no token, 503 after 100 ms: errors within one attempt, nobody pending",
            2 => "outage, token good, 503 at once: nobody fails",
            _ => "outage, token good, 503 after 100 ms: nobody fails",
        };
        let longest = load.wait(1.0);
        let is_answered = if case.is_held {
            load.ok as u64 == load.seconds as u64 * SECOND
        } else {
            longest <= case.delay.as_secs_f64() * 1e3 + 20.0
        };
        let is_met = load.fetches <= windows && load.unanswered == 0 && is_answered;
        all.push(verdict(
            bar,
            is_met,
            format!(
                "{} fetches in {} s (at most {windows}), {} ok, {} errors, {} unanswered, longest wait {longest:.1} ms",
                load.fetches, load.seconds, load.ok, load.errors, load.unanswered
            ),
        ));
    }
}
