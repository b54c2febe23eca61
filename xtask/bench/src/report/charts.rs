//! The charts.

use crate::{
    counted::TOKEN,
    peers::{ALL, Contestant, FLOOR, Kind, NOTHING, OURS},
    report::Figures,
    svg::{Bar, Chart, Tone},
};

/// Each with its file.
pub(super) fn all(figures: &Figures) -> [(&'static str, Chart); 4] {
    [
        ("performance-added.svg", added(figures)),
        ("performance-threads.svg", threads(figures)),
        ("performance-outage.svg", outage(figures)),
        ("performance-network.svg", network(figures)),
    ]
}

fn added(figures: &Figures) -> Chart {
    let shown = ALL.iter().filter(|one| one.name != NOTHING && one.kind != Kind::FixedAzure);
    let bars = sorted(shown.map(|one| {
        let ratio = figures.time_of_floor(TOKEN, one.name);
        bar(one, ratio, format!("{ratio:.2}×"))
    }));
    Chart {
        title: "What authentication adds to a request".to_owned(),
        subtitle: "processor time over that of inserting a ready header; token of 1,000 bytes, cached; less is better"
            .to_owned(),
        bars,
        mark: None,
        is_logarithmic: false,
    }
}

fn threads(figures: &Figures) -> Chart {
    let mut bars = sorted(ALL.iter().map(|one| {
        let timed = figures.hot.get(&(TOKEN, one.name)).copied().unwrap_or_default();
        bar(one, timed.speed, format!("{:.2}×", timed.speed))
    }));
    bars.reverse();
    Chart {
        title: "Two threads on one token".to_owned(),
        subtitle: "requests a second over those of one thread; token of 1,000 bytes; more is better"
            .to_owned(),
        bars,
        mark: Some((2.0, "2")),
        is_logarithmic: false,
    }
}

fn outage(figures: &Figures) -> Chart {
    let fetching = ALL.iter().filter(|one| one.kind.fetches());
    let bars = sorted(fetching.map(|one| match figures.scenarios.outage.get(&(1, one.name)) {
        Some(load) => {
            let fetches = load.fetches_a_second();
            let sent = load.seconds * 1_000.0;
            let unanswered = load.unanswered as f64 / sent * 100.0;
            bar(one, fetches, format!("{fetches:.1}; {unanswered:.0} %"))
        }
        None => Bar { value: None, ..bar(one, 0.0, "cannot be built".to_owned()) },
    }));
    Chart {
        title: "The token endpoint is down, and there is no token".to_owned(),
        subtitle: "token requests a second at 1,000 requests a second (logarithmic); % of requests that were never answered"
            .to_owned(),
        bars,
        mark: None,
        is_logarithmic: true,
    }
}

fn network(figures: &Figures) -> Chart {
    let shown = ALL.iter().filter_map(|one| Some((one, figures.e2e.get(one.name)?)));
    let bars = sorted(shown.filter(|(one, _)| one.name != NOTHING).map(|(one, [http1, _])| {
        let text = format!("{:.3}×; {:.0}/s", http1.cpu_of_floor, http1.rate);
        bar(one, http1.cpu_of_floor, text)
    }));
    Chart {
        title: "A whole request over TLS 1.3".to_owned(),
        subtitle: "the client's processor time on HTTP/1.1, over that with a ready header; less is better; requests a second"
            .to_owned(),
        bars,
        mark: Some((1.0, "floor")),
        is_logarithmic: false,
    }
}

fn bar(contestant: &Contestant, value: f64, text: String) -> Bar {
    let tone = match contestant.kind {
        kind if kind.is_ours() => Tone::Ours,
        Kind::Fixed | Kind::FixedAzure => Tone::Fixed,
        _ => Tone::Peer,
    };
    // Which of ours is plain without the word, but for the one that most will take.
    let label = match contestant.name {
        OURS => "claviger: TokenCache",
        FLOOR => "floor: a ready header",
        name => name,
    };
    Bar { label: label.replace("Authorization over ", ""), value: Some(value), text, tone }
}

/// From the least to the most; those without a value at the end.
fn sorted(bars: impl Iterator<Item = Bar>) -> Vec<Bar> {
    let mut bars: Vec<Bar> = bars.collect();
    bars.sort_by(|left, right| {
        let key = |bar: &Bar| bar.value.unwrap_or(f64::INFINITY);
        key(left).total_cmp(&key(right))
    });
    bars
}
