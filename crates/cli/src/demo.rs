//! `claviger demo`: Clara's API, emulated in this very process, walked through with the real client crates.
//!
//! `walk` does the steps and compares each with what arrived at the sandbox, `report` prints them.

mod report;
mod walk;

use claviger_auth_core::{Clock, SystemClock};
use claviger_sandbox::{Options, Sandbox};

use self::{report::Report, walk::Walk};
use crate::{console, exit::Exit, failure::Failure};

/// Runs the command. `program` is what to type for this program.
pub(crate) async fn run(program: &str) -> Result<Exit, Failure> {
    let clock = SystemClock::new();
    let sandbox = Sandbox::start(Options::new())
        .await
        .map_err(|error| Failure::new(Exit::Other, error, "check that this machine has 127.0.0.1"))?;
    let mut report = Report::new(sandbox.clara());
    console::print(&report.head())?;
    let mut walk = Walk::new(&sandbox)?;
    let begun = clock.monotonic();
    for number in 1..=walk::STEPS {
        let start = clock.monotonic();
        let step = walk.step(number).await?;
        let took = clock.monotonic().saturating_sub(start);
        console::print(&report.step(number, &step, took))?;
    }
    let took = clock.monotonic().saturating_sub(begun);
    console::print(&report.foot(walk::STEPS, took, program))?;
    sandbox.shutdown().await;
    Ok(Exit::Done)
}
