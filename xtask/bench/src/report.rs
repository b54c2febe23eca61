//! Writes the figures down: `performance.md`, and the charts that it shows.

mod ahead;
mod charts;
mod tables;

use std::{fs, path::Path};

use tower::BoxError;

use crate::{
    Effort, conditions, counted, e2e, hot,
    peers::{ALL, AZURE_NOTHING, FLOOR, Kind, NOTHING},
    scenarios::Scenarios,
    svg::draw,
    verdicts::Verdict,
};

/// All that was measured.
pub struct Figures {
    /// Instructions and allocations.
    pub counted: counted::All,
    /// Time per request.
    pub hot: hot::All,
    /// Over the network.
    pub e2e: e2e::All,
    /// Missing and due tokens, and none to be had.
    pub scenarios: Scenarios,
    /// How long the run took.
    pub seconds: u64,
    /// How much was done.
    pub effort: Effort,
}

impl Figures {
    /// Whom a contestant's cost is measured against: the same without authentication.
    fn base(name: &str) -> &'static str {
        let kind = ALL.iter().find(|contestant| contestant.name == name).map(|contestant| contestant.kind);
        match kind {
            Some(Kind::FixedAzure | Kind::PeerAzure) => AZURE_NOTHING,
            _ => NOTHING,
        }
    }

    /// The nanoseconds that a contestant adds to a request.
    pub fn nanos_added(&self, token: usize, name: &'static str) -> f64 {
        let nanos = |name| self.hot.get(&(token, name)).copied().unwrap_or_default().nanos;
        nanos(name) - nanos(Self::base(name))
    }

    /// The same over what the floor adds.
    pub fn time_of_floor(&self, token: usize, name: &'static str) -> f64 {
        self.nanos_added(token, name) / self.nanos_added(token, FLOOR)
    }

    /// The instructions that a contestant adds to a request, if they were counted.
    pub fn instructions_added(&self, name: &'static str) -> Option<f64> {
        let instructions = |name| self.counted.get(name)?.instructions;
        Some(instructions(name)? - instructions(Self::base(name))?)
    }

    /// The same over what the floor adds.
    pub fn instructions_of_floor(&self, name: &'static str) -> Option<f64> {
        Some(self.instructions_added(name)? / self.instructions_added(FLOOR)?)
    }
}

/// Writes it all into `docs`.
pub fn write(docs: &Path, figures: &Figures, verdicts: &[Verdict]) -> Result<(), BoxError> {
    for (file, chart) in charts::all(figures) {
        fs::write(docs.join(file), draw(&chart))?;
    }
    let mut text = HEAD.to_owned();
    text += &tables::verdicts(verdicts);
    text += "\n## Where a peer is ahead\n\n";
    text += &ahead::ahead(figures);
    text += "\n## Per request, with the token at hand\n\n![What each adds to a request](performance-added.svg)\n\n";
    text += &tables::per_request(figures);
    text += PER_REQUEST;
    text += "\n![Two threads against one](performance-threads.svg)\n";
    text += "\n## A token is missing, or its fetcher gives up\n\n";
    text += &tables::herd(figures);
    text += HERD;
    text += "\n## Tokens come due under load\n\n";
    text += &tables::expiry(figures);
    text += EXPIRY;
    text += "\n## The token endpoint is down\n\n![Token requests while the endpoint is down](performance-outage.svg)\n";
    text += &tables::outage(figures);
    text += OUTAGE;
    text += "\n## Over the network\n\n![What a whole request costs](performance-network.svg)\n\n";
    text += &tables::e2e(figures);
    text += E2E;
    text += "\n## Conditions\n\n";
    text += &conditions(figures);
    Ok(fs::write(docs.join("performance.md"), text)?)
}

fn conditions(figures: &Figures) -> String {
    format!(
        "- {date}, a {kind} run, {minutes:.1} minutes. {machine}; load average at its end {busy}, its own part \
         included.\n\
         - {compiler}, release profile as Cargo has it, glibc malloc.\n\
         - {versions}.\n\
         {GLUE}",
        date = conditions::date(),
        kind = figures.effort.of("quick", "full"),
        minutes = figures.seconds as f64 / 60.0,
        machine = conditions::machine(),
        busy = conditions::busy(),
        compiler = conditions::compiler(),
        versions = conditions::versions(),
    )
}

const HEAD: &str = "\
<!-- Written by `cargo xtask bench`; change xtask/bench instead. -->
# How fast it is

Claviger beside its peers, in one run on one machine: `cargo xtask bench` makes this page anew. Time is processor
time, in rounds in which everybody has a short turn, and medians of them; only compare figures of one run.
Instructions and allocations repeat.

## What it must reach

";

const PER_REQUEST: &str = "
\"Added\" is against the same service with nothing in front (azure_core: against its own chain). The floor is a
layer that inserts a clone of a ready, sensitive header, and nothing else; taking it off again is part of what
everybody adds. Ours checks the request's origin, both clocks and the answer's status besides.

Two threads: eight tasks each, on clones of one service; requests a second, and processor time per request, over
those of one thread. Turns in which others had the processors do not count; where hardly any other was left, all
do, and the figure has a `~`.
";

const HERD: &str = "
Herd: 10,000 tasks each make a request and find no token, and the endpoint takes 50 ms, or a little more where its
timer is late. \"× warm\" is how long they take beyond the fetch, over what the same tasks take with a token there.
Cancelled leader: the fetch takes 300 ms, the task that began it is dropped at 100 ms, and 100 others wait for it
since 30 ms. middle and aliri_tokens fetch when they are built, and have the token before any of this begins.
";

const EXPIRY: &str = "
1,000 requests a second, a token due every 2 s, a fetch takes 100 ms. What is told is how long a request waited in
the authentication. aws-smithy-runtime draws how far ahead it fetches (5 to 10 s) per fetch.
";

const OUTAGE: &str = "
1,000 requests a second. \"Unanswered\" is 200 ms after the last of them. With a token that is still good, it
becomes due during the load, and the API would go on taking it. Ours backs off 1 s at first, then twice as long,
up to 60 s.
";

const E2E: &str = "
hyper-util's pooled client on one thread, 16 requests at once, TLS 1.3 with ring over the loopback interface, the
server in another process on the same processors; answers of 2 bytes. \"× floor\" is the median of the ratios of
each round. azure_core has a client of its own and is not here.
";

const GLUE: &str = "\
- tower-http, kube-client and cf-gears are their own layers; aliri_tokens, aws-smithy-runtime, gcp_auth,
  google-cloud-auth, middle and oauth2 hand out tokens or headers, which the thinnest glue puts on the request;
  azure_core is its policy in front of one that answers. cf-gears, gcp_auth, google-cloud-auth, kube-client (an
  exec plugin) and middle ask an endpoint over plain HTTP on the loopback interface, the others a closure.
- Fetching ahead is set to 10 s for aliri_tokens, cf-gears and middle, to 30 s for what is written by hand over
  oauth2, and fixed in the others: 240 s google-cloud-auth, 300 azure_core, 60 kube-client, 20 gcp_auth.
";
