//! Claviger measured beside its peers: what each costs per request, and how each behaves when tokens are
//! missing, due or not to be had.
//!
//! `cargo xtask bench` runs it. It writes `docs/performance.md` and the charts beside it.

mod clock;
mod conditions;
mod counted;
mod e2e;
mod endpoint;
mod hot;
mod issuer;
mod noop;
mod peer;
mod peers;
mod pooled;
mod report;
mod scenarios;
mod server;
mod svg;
mod verdicts;

use std::{env, path::Path, time::Instant};

use tower::BoxError;

pub use counted::allocations;

/// How much of everything is done.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    is_quick: bool,
}

impl Effort {
    /// `quick` of a quick run, `full` of any other.
    fn of<T>(self, quick: T, full: T) -> T {
        if self.is_quick { quick } else { full }
    }
}

/// Does what the command line says: the whole run, or the part of it that is a process of its own.
pub fn run() -> Result<(), BoxError> {
    // Both providers are compiled in; some peers take the process's default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        ["plugin", url] => Ok(peers::kube::plugin(url)?),
        ["serve"] => server::serve(),
        ["steps", name, count] => counted::steps(name, count.parse()?),
        ["all", docs] => all(Path::new(docs), Effort { is_quick: false }),
        ["all", docs, "--quick"] => all(Path::new(docs), Effort { is_quick: true }),
        _ => Err("claviger-bench all DOCS [--quick]".into()),
    }
}

fn all(docs: &Path, effort: Effort) -> Result<(), BoxError> {
    let start = Instant::now();
    let told = |what: &str| println!("{:>4} s  {what}", start.elapsed().as_secs());
    told("instructions and allocations");
    let counted = counted::measure(effort)?;
    told("time per request");
    let hot = hot::measure(effort)?;
    told("end to end");
    let e2e = e2e::measure(effort)?;
    told("herd, cancelled leader, expiry, outage");
    let scenarios = scenarios::measure(effort)?;
    told("report");
    let figures =
        report::Figures { counted, hot, e2e, scenarios, seconds: start.elapsed().as_secs(), effort };
    let verdicts = verdicts::of(&figures);
    for verdict in &verdicts {
        println!("{verdict}");
    }
    report::write(docs, &figures, &verdicts)
}
