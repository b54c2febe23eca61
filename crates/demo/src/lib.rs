//! Four providers, emulated in this very process, walked through with the real client crates.
//!
//! # What it does
//!
//! It starts the sandbox, does with each provider what a customer would do, and compares every step with what arrived
//! there; [`run`] hands out the text part by part, secrets masked. It is `claviger demo`.
//!
//! # Where it sits
//!
//! ```text
//! program ─▶ demo ─▶ ready clients ─▶ TLS ─▶ sandbox, with its journal
//! ```
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), claviger_auth_core::BoxError> {
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! let mut text = String::new();
//! let mut print = |part: &str| {
//!     text.push_str(part);
//!     Ok(())
//! };
//! claviger_demo::run("claviger", &mut print).await?;
//! assert!(text.contains("steps went as they should"));
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It leaves the loopback interface alone, and installs no crypto provider: the process has one. The colours in the
//! text are ANSI escapes; whoever prints it takes them out where nobody sees them.

mod clara;
mod clarify;
mod clarus;
mod clazar;
mod proof;
mod report;
mod walk;

use std::io;

use claviger_auth_core::{BoxError, Clock, Error, ErrorKind, SystemClock};
use claviger_sandbox::{Options, Sandbox};

use crate::{
    clara::ClaraWalk, clarify::ClarifyWalk, clarus::ClarusWalk, clazar::ClazarWalk, report::Report,
    walk::Walk,
};

/// Takes each part of the text as soon as it is there.
pub type Print<'a> = dyn FnMut(&str) -> io::Result<()> + 'a;

/// Walks through it all. `program` is what to type for the program.
///
/// # Errors
///
/// Those of `print`, as they are; and those of this workspace, as
/// [`Error::find`](claviger_auth_core::Error::find) finds them, if a step did not go as it should.
pub async fn run(program: &str, print: &mut Print<'_>) -> Result<(), BoxError> {
    let sandbox = Sandbox::start(Options::new()).await.map_err(|error| {
        Error::new(ErrorKind::Runtime, "the sandbox cannot start")
            .with_advice("check that this machine has 127.0.0.1")
            .with_source(error)
    })?;
    walk(&sandbox, program, print).await?;
    sandbox.shutdown().await;
    Ok(())
}

async fn walk(sandbox: &Sandbox, program: &str, print: &mut Print<'_>) -> Result<(), BoxError> {
    let clock = SystemClock::new();
    let mut report = Report::new();
    print(&report.head())?;
    let begun = clock.monotonic();
    go(ClaraWalk::new(sandbox)?, &mut report, &clock, print).await?;
    go(ClarifyWalk::new(sandbox)?, &mut report, &clock, print).await?;
    go(ClarusWalk::new(sandbox)?, &mut report, &clock, print).await?;
    go(ClazarWalk::new(sandbox)?, &mut report, &clock, print).await?;
    let took = clock.monotonic().saturating_sub(begun);
    print(&report.foot(took, program))?;
    Ok(())
}

async fn go<W: Walk>(
    mut walk: W,
    report: &mut Report,
    clock: &SystemClock,
    print: &mut Print<'_>,
) -> Result<(), BoxError> {
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
