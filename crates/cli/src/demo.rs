//! `claviger demo`: the providers' APIs, emulated in this very process, walked through with the real client crates.
//!
//! The walks, one for each provider, do the steps and compare each with what arrived at the sandbox; `report`
//! prints them.

mod clara;
mod clarify;
mod clarus;
mod clazar;
mod proof;
mod report;
mod walk;

use claviger_auth_core::{Clock, SystemClock};
use claviger_sandbox::{Options, Sandbox};

use self::{
    clara::ClaraWalk, clarify::ClarifyWalk, clarus::ClarusWalk, clazar::ClazarWalk, report::Report,
    walk::Walk,
};
use crate::{console, exit::Exit, failure::Failure};

/// Runs the command. `program` is what to type for this program.
pub(crate) async fn run(program: &str) -> Result<Exit, Failure> {
    let clock = SystemClock::new();
    let sandbox = Sandbox::start(Options::new())
        .await
        .map_err(|error| Failure::new(Exit::Other, error, "check that this machine has 127.0.0.1"))?;
    let mut report = Report::new();
    console::print(&report.head())?;
    let begun = clock.monotonic();
    go(ClaraWalk::new(&sandbox)?, &mut report, &clock).await?;
    go(ClarifyWalk::new(&sandbox)?, &mut report, &clock).await?;
    go(ClarusWalk::new(&sandbox)?, &mut report, &clock).await?;
    go(ClazarWalk::new(&sandbox)?, &mut report, &clock).await?;
    let took = clock.monotonic().saturating_sub(begun);
    console::print(&report.foot(took, program))?;
    sandbox.shutdown().await;
    Ok(Exit::Done)
}

async fn go<W: Walk>(mut walk: W, report: &mut Report, clock: &SystemClock) -> Result<(), Failure> {
    console::print(&report.section(W::TITLE, walk.provider()))?;
    for number in 1..=W::STEPS {
        walk.provider().journal().clear();
        let start = clock.monotonic();
        let step = walk.step(number).await?;
        let took = clock.monotonic().saturating_sub(start);
        console::print(&report.step(&step, &walk.provider().journal().entries(), took))?;
    }
    Ok(())
}
