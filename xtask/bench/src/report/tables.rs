//! The tables, in Markdown.

use std::fmt::Write as _;

use crate::{
    counted::TOKEN,
    peers::{ALL, Contestant},
    report::Figures,
    scenarios::{CASES, Load},
    verdicts::Verdict,
};

pub(super) fn verdicts(verdicts: &[Verdict]) -> String {
    let rows = verdicts.iter().map(|verdict| {
        let word = if verdict.is_met { "met" } else { "**not met**" };
        vec![verdict.bar.to_owned(), word.to_owned(), verdict.figure.clone()]
    });
    table(&["what", "", "measured"], rows)
}

pub(super) fn per_request(figures: &Figures) -> String {
    let head = [
        "",
        "ns",
        "added ns",
        "× floor",
        "× floor, 64 B token",
        "instructions added",
        "× floor",
        "allocations",
        "bytes",
        "2 threads: speed",
        "2 threads: time",
    ];
    let rows = ALL.iter().map(|contestant| {
        let name = contestant.name;
        let timed = figures.hot.get(&(TOKEN, name)).copied().unwrap_or_default();
        let counted = figures.counted.get(name).copied().unwrap_or_default();
        let quiet = if timed.is_quiet { "" } else { "~" };
        let number =
            |value: Option<f64>, digits| value.map_or("–".to_owned(), |value| plain(value, digits));
        vec![
            title(contestant),
            plain(timed.nanos, 1),
            plain(figures.nanos_added(TOKEN, name), 1),
            plain(figures.time_of_floor(TOKEN, name), 2),
            plain(figures.time_of_floor(64, name), 2),
            number(figures.instructions_added(name), 0),
            number(figures.instructions_of_floor(name), 2),
            plain(counted.allocations, 1),
            plain(counted.bytes, 0),
            format!("{quiet}{:.2}", timed.speed),
            format!("{:.2}", timed.cpu),
        ]
    });
    table(&head, rows)
}

pub(super) fn herd(figures: &Figures) -> String {
    let head = [
        "",
        "herd: fetches",
        "most",
        "served",
        "done ms",
        "fetch ms",
        "warm ms",
        "× warm",
        "cancelled: fetches",
        "served of 100",
        "last ms",
    ];
    let rows = fetching().map(|contestant| {
        let herd = figures.scenarios.herd.get(contestant.name).copied().unwrap_or_default();
        let cancelled = figures.scenarios.cancelled.get(contestant.name).copied().unwrap_or_default();
        let has_waited = herd.fetches.1 > 0.0;
        vec![
            title(contestant),
            plain(herd.fetches.0, 0),
            plain(herd.fetches.1, 0),
            herd.ok.to_string(),
            plain(herd.done, 1),
            if has_waited { plain(herd.fetch, 1) } else { "–".to_owned() },
            plain(herd.warm, 1),
            if has_waited { plain(herd.over_warm, 2) } else { "–".to_owned() },
            cancelled.fetches.to_string(),
            cancelled.ok.to_string(),
            plain(cancelled.last, 0),
        ]
    });
    table(&head, rows)
}

pub(super) fn expiry(figures: &Figures) -> String {
    let head = ["", "fetches", "p50 ms", "p99 ms", "max ms", "over 20 ms", "errors"];
    let row = |name: String, load: &Load| {
        vec![
            name,
            load.fetches.to_string(),
            plain(load.wait(0.5), 2),
            plain(load.wait(0.99), 2),
            plain(load.wait(1.0), 1),
            load.over(20.0).to_string(),
            load.errors.to_string(),
        ]
    };
    let warm = figures.scenarios.warm.iter().map(|load| row("claviger, no token due".to_owned(), load));
    let rows = fetching().filter_map(|contestant| {
        Some(row(title(contestant), figures.scenarios.expiry.get(contestant.name)?))
    });
    table(&head, warm.chain(rows))
}

pub(super) fn outage(figures: &Figures) -> String {
    let head = ["", "fetches a second", "ok", "errors", "unanswered", "p50 ms", "p99 ms", "max ms"];
    let mut text = String::new();
    for (index, case) in CASES.iter().enumerate() {
        let _ = write!(text, "\n### {}\n\n", capital(case.name));
        let rows = fetching().map(|contestant| {
            let Some(load) = figures.scenarios.outage.get(&(index, contestant.name)) else {
                let mut row = vec![title(contestant), "cannot be built".to_owned()];
                row.resize(head.len(), String::new());
                return row;
            };
            vec![
                title(contestant),
                plain(load.fetches_a_second(), 1),
                load.ok.to_string(),
                load.errors.to_string(),
                load.unanswered.to_string(),
                plain(load.wait(0.5), 2),
                plain(load.wait(0.99), 1),
                plain(load.wait(1.0), 1),
            ]
        });
        text += &table(&head, rows);
    }
    text
}

pub(super) fn e2e(figures: &Figures) -> String {
    let head = [
        "",
        "HTTP/1.1 req/s",
        "× floor",
        "client µs",
        "× floor",
        "HTTP/2 req/s",
        "× floor",
        "client µs",
        "× floor",
    ];
    let rows = ALL.iter().filter_map(|contestant| {
        let both = figures.e2e.get(contestant.name)?;
        let mut row = vec![title(contestant)];
        for reached in both {
            row.push(plain(reached.rate, 0));
            row.push(plain(reached.rate_of_floor, 3));
            row.push(plain(reached.cpu_micros, 2));
            row.push(plain(reached.cpu_of_floor, 3));
        }
        Some(row)
    });
    table(&head, rows)
}

fn fetching() -> impl Iterator<Item = &'static Contestant> {
    ALL.iter().filter(|contestant| contestant.kind.fetches())
}

/// Ours in bold.
fn title(contestant: &Contestant) -> String {
    if contestant.kind.is_ours() { format!("**{}**", contestant.name) } else { contestant.name.to_owned() }
}

fn plain(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    // A zero has no sign.
    if text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.')) {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n", head.join(" | "));
    let is_numbers = head.len() > 3;
    for (column, _) in head.iter().enumerate() {
        text += if column > 0 && is_numbers { "| ---: " } else { "| --- " };
    }
    text += "|\n";
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}
