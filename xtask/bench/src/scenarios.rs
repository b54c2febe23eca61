//! What happens when a token is missing, due or not to be had.

mod cancelled;
mod expiry;
mod herd;
mod load;
mod outage;

use std::{collections::BTreeMap, future::Future, time::Duration};

use tokio::runtime::{Builder, Runtime};
use tower::BoxError;

use crate::{
    Effort,
    counted::TOKEN,
    issuer::Issuer,
    noop::ORIGIN,
    peer::{Setup, Subject},
    peers::{ALL, Contestant, Kind},
};

pub use self::{
    cancelled::Cancelled,
    expiry::Expiry,
    herd::{Herd, TASKS},
    load::{Load, SECOND},
    outage::CASES,
};

/// What everybody did, by name. An outage that is not there is one that the peer cannot be built in.
#[derive(Default)]
pub struct Scenarios {
    /// Many tasks and no token.
    pub herd: BTreeMap<&'static str, Herd>,
    /// The one who fetches gives up.
    pub cancelled: BTreeMap<&'static str, Cancelled>,
    /// Tokens come due under load.
    pub expiry: BTreeMap<&'static str, Expiry>,
    /// Ours under the same load with a token that does not come due.
    pub warm: Option<Expiry>,
    /// The endpoint is down, by case.
    pub outage: BTreeMap<(usize, &'static str), Load>,
}

/// Puts everybody who fetches tokens through all of it, one after the other.
pub fn measure(effort: Effort) -> Result<Scenarios, BoxError> {
    let mut all = Scenarios::default();
    for contestant in ALL.iter().filter(|contestant| contestant.kind.fetches()) {
        let name = contestant.name;
        all.herd.insert(name, herd::measure(contestant, effort)?);
        all.cancelled.insert(name, cancelled::measure(contestant, effort)?);
        all.expiry.insert(name, expiry::measure(contestant, effort, expiry::DUE)?);
        if contestant.kind == Kind::OurCache {
            all.warm = Some(expiry::measure(contestant, effort, crate::counted::LONG)?);
        }
        for (index, case) in CASES.iter().enumerate() {
            if let Some(load) = outage::measure(contestant, effort, *case)? {
                all.outage.insert((index, name), load);
            }
        }
    }
    Ok(all)
}

/// A runtime of its own for each scenario: what a peer left running ends with it.
struct Stage {
    runtime: Runtime,
}

impl Stage {
    fn new() -> Result<Self, BoxError> {
        Ok(Self { runtime: Builder::new_multi_thread().worker_threads(2).enable_all().build()? })
    }

    fn run<T: Send + 'static>(self, work: impl Future<Output = T> + Send + 'static) -> Result<T, BoxError> {
        // On a worker, where it wakes nobody else's thread.
        let done = self.runtime.block_on(self.runtime.spawn(work));
        self.runtime.shutdown_background();
        Ok(done?)
    }
}

fn setup(due: Duration) -> Setup {
    Setup { issuer: Issuer::new(TOKEN), origin: ORIGIN.to_owned(), due }
}

/// Builds a peer, if that can be done in a few seconds.
async fn build(contestant: &Contestant, setup: &Setup) -> Option<Box<dyn Subject>> {
    let built = (contestant.start)(setup.clone());
    tokio::time::timeout(Duration::from_secs(3), built).await.ok()?.ok()
}
