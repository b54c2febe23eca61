//! Requests a second and processor time over TLS 1.3, with a client on one thread.

use std::{collections::BTreeMap, time::Instant};

use tokio::runtime::{Builder, Runtime};
use tower::BoxError;

use crate::{
    Effort,
    clock::{median, of_process},
    counted::{LONG, TOKEN},
    issuer::Issuer,
    peer::{Setup, Subject},
    peers::{ALL, FLOOR, Kind, OURS},
    pooled::{Pooled, Version},
    server::Server,
};

/// How many requests are under way.
const TASKS: usize = 16;

/// What one contestant reached on one version of HTTP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// Requests a second.
    pub rate: f64,
    /// The same over the floor's, round by round.
    pub rate_of_floor: f64,
    /// Processor time of the client per request, in microseconds.
    pub cpu_micros: f64,
    /// The same over the floor's, round by round.
    pub cpu_of_floor: f64,
}

/// By name, on HTTP/1.1 and HTTP/2.
pub type All = BTreeMap<&'static str, [Reached; 2]>;

/// Measures all who can send through hyper-util's client.
pub fn measure(effort: Effort) -> Result<All, BoxError> {
    let server = Server::start()?;
    let mut all = All::new();
    for (index, version) in [Version::Http1, Version::Http2].into_iter().enumerate() {
        for (name, reached) in measure_version(effort, &server, version)? {
            if let Some(slot) = all.entry(name).or_default().get_mut(index) {
                *slot = reached;
            }
        }
    }
    Ok(all)
}

struct Lane {
    name: &'static str,
    subject: Box<dyn Subject>,
    rates: Vec<f64>,
    cpus: Vec<f64>,
}

fn measure_version(
    effort: Effort,
    server: &Server,
    version: Version,
) -> Result<Vec<(&'static str, Reached)>, BoxError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let client = {
        let _entered = runtime.enter();
        Pooled::new(server.certificate.clone(), version)?
    };
    let mut lanes = Vec::new();
    for contestant in ALL {
        if matches!(contestant.kind, Kind::FixedAzure | Kind::PeerAzure) {
            continue;
        }
        let setup = Setup { issuer: Issuer::new(TOKEN), origin: server.origin.clone(), due: LONG };
        let subject = runtime.block_on((contestant.start)(setup))?;
        let mut lane = Lane { name: contestant.name, subject, rates: Vec::new(), cpus: Vec::new() };
        lane.turn(&runtime, &client, server, 50)?;
        lane.rates.clear();
        lane.cpus.clear();
        lanes.push(lane);
    }
    let each = effort.of(100, 200);
    for round in 0..effort.of(15, 41) {
        if round % 2 == 0 {
            lanes.iter_mut().try_for_each(|lane| lane.turn(&runtime, &client, server, each))?;
        } else {
            lanes.iter_mut().rev().try_for_each(|lane| lane.turn(&runtime, &client, server, each))?;
        }
    }
    // Ours has to come within two hundredths of the floor: the two of them go on for a while.
    for _ in 0..effort.of(40, 160) {
        for lane in lanes.iter_mut().filter(|lane| [FLOOR, OURS].contains(&lane.name)) {
            lane.turn(&runtime, &client, server, each)?;
        }
    }
    let floor = lanes.iter().find(|lane| lane.name == FLOOR).ok_or("no floor")?;
    Ok(lanes.iter().map(|lane| (lane.name, lane.reached(floor))).collect())
}

impl Lane {
    fn turn(
        &mut self,
        runtime: &Runtime,
        client: &Pooled,
        server: &Server,
        each: u64,
    ) -> Result<(), BoxError> {
        let uri = format!("{}/things?page=2", server.origin);
        let Some(sending) = self.subject.send(client.clone(), uri, TASKS, each) else { return Ok(()) };
        let (cpu, start) = (of_process(), Instant::now());
        runtime.block_on(sending)?;
        let requests = (TASKS as u64 * each) as f64;
        self.rates.push(requests / start.elapsed().as_secs_f64());
        self.cpus.push((of_process() - cpu).as_secs_f64() * 1e6 / requests);
        Ok(())
    }

    fn reached(&self, floor: &Self) -> Reached {
        let over = |own: &[f64], floor: &[f64]| {
            median(&own.iter().zip(floor).map(|(own, floor)| own / floor).collect::<Vec<_>>())
        };
        Reached {
            rate: median(&self.rates),
            rate_of_floor: over(&self.rates, &floor.rates),
            cpu_micros: median(&self.cpus),
            cpu_of_floor: over(&self.cpus, &floor.cpus),
        }
    }
}
