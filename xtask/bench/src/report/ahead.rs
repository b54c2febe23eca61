//! Where a peer is ahead of us.

use crate::{
    counted::TOKEN,
    peers::{ALL, OURS},
    report::Figures,
};

/// A figure that can be compared.
struct Measure {
    name: &'static str,
    is_more_better: bool,
    /// By so little nobody is ahead: the figure does not repeat any better.
    margin: f64,
    of: fn(&Figures, &'static str) -> Option<f64>,
}

const MEASURES: [Measure; 9] = [
    Measure {
        name: "nanoseconds added",
        is_more_better: false,
        margin: 1.0,
        of: |figures, name| Some(figures.nanos_added(TOKEN, name)),
    },
    Measure {
        name: "nanoseconds added, token of 64 bytes",
        is_more_better: false,
        margin: 1.0,
        of: |figures, name| Some(figures.nanos_added(64, name)),
    },
    Measure {
        name: "instructions added",
        is_more_better: false,
        margin: 1.0,
        of: |figures, name| figures.instructions_added(name),
    },
    Measure {
        name: "allocations",
        is_more_better: false,
        margin: 0.1,
        of: |figures, name| Some(figures.counted.get(name)?.allocations),
    },
    Measure {
        name: "speed of two threads",
        is_more_better: true,
        margin: 0.03,
        of: |figures, name| Some(figures.hot.get(&(TOKEN, name))?.speed),
    },
    Measure {
        name: "herd done, ms",
        is_more_better: false,
        margin: 1.0,
        of: |figures, name| {
            // Who has a token from the beginning is in no herd.
            let herd = figures.scenarios.herd.get(name)?;
            (herd.fetches.0 > 0.0).then_some(herd.done)
        },
    },
    Measure {
        name: "p99 while tokens come due, ms",
        is_more_better: false,
        margin: 0.1,
        of: |figures, name| Some(figures.scenarios.expiry.get(name)?.wait(0.99)),
    },
    Measure {
        name: "HTTP/1.1 over the floor",
        is_more_better: true,
        margin: 0.01,
        of: |figures, name| Some(figures.e2e.get(name)?.first()?.rate_of_floor),
    },
    Measure {
        name: "HTTP/2 over the floor",
        is_more_better: true,
        margin: 0.01,
        of: |figures, name| Some(figures.e2e.get(name)?.last()?.rate_of_floor),
    },
];

/// Says it in a list; of static headers it says nothing.
pub(super) fn ahead(figures: &Figures) -> String {
    let mut lines = String::new();
    for measure in &MEASURES {
        let Some(ours) = (measure.of)(figures, OURS) else { continue };
        let lead = |value: f64| if measure.is_more_better { value - ours } else { ours - value };
        let peers = ALL.iter().filter(|one| one.kind.fetches() && !one.kind.is_ours());
        let mut better: Vec<(&str, f64)> =
            peers.filter_map(|one| Some((one.name, (measure.of)(figures, one.name)?))).collect();
        better.retain(|(_, value)| lead(*value) > measure.margin);
        better.sort_by(|left, right| lead(right.1).total_cmp(&lead(left.1)));
        if better.is_empty() {
            continue;
        }
        let names: Vec<String> = better.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
        lines += &format!("- {}: {}; ours {ours:.2}.\n", measure.name, names.join(", "));
    }
    if lines.is_empty() { "Nowhere, in this run.\n".to_owned() } else { lines }
}
