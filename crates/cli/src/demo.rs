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
    let sandbox = Sandbox::start(Options::new())
        .await
        .map_err(|error| Failure::new(Exit::Other, error, "check that this machine has 127.0.0.1"))?;
    walk(&sandbox, program, &mut |text| console::print(text)).await?;
    sandbox.shutdown().await;
    Ok(Exit::Done)
}

async fn walk(sandbox: &Sandbox, program: &str, print: &mut Print<'_>) -> Result<(), Failure> {
    let clock = SystemClock::new();
    let mut report = Report::new();
    print(&report.head())?;
    let begun = clock.monotonic();
    go(ClaraWalk::new(sandbox)?, &mut report, &clock, print).await?;
    go(ClarifyWalk::new(sandbox)?, &mut report, &clock, print).await?;
    go(ClarusWalk::new(sandbox)?, &mut report, &clock, print).await?;
    go(ClazarWalk::new(sandbox)?, &mut report, &clock, print).await?;
    let took = clock.monotonic().saturating_sub(begun);
    print(&report.foot(took, program))
}

async fn go<W: Walk>(
    mut walk: W,
    report: &mut Report,
    clock: &SystemClock,
    print: &mut Print<'_>,
) -> Result<(), Failure> {
    print(&report.section(W::TITLE, walk.provider()))?;
    for number in 1..=W::STEPS {
        walk.provider().journal().clear();
        let start = clock.monotonic();
        let step = walk.step(number).await?;
        let took = clock.monotonic().saturating_sub(start);
        print(&report.step(&step, &walk.provider().journal().entries(), took))?;
    }
    Ok(())
}

/// Takes each part of the text as soon as it is there.
type Print<'a> = dyn FnMut(&str) -> Result<(), Failure> + 'a;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn goes_well_in_eighty_columns_and_shows_no_secret() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let mut text = String::new();
        let mut print = |part: &str| {
            text.push_str(&anstream::adapter::strip_str(part).to_string());
            Ok(())
        };
        walk(&sandbox, "claviger", &mut print).await.unwrap();
        assert!(text.contains("All 16 steps went as they should."), "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let (clarify, clarus) = (sandbox.clarify(), sandbox.clarus());
        let mut secrets = vec![clarify.basic_password(), clarus.static_token().to_owned()];
        secrets.extend([sandbox.clara().client_secret(), clarify.client_secret()]);
        secrets.extend([clarus.client_secret(), sandbox.clazar().client_secret()]);
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()));
        }
    }
}
