//! `cargo xtask deny`: the rules of `deny.toml`, by cargo-deny.

use crate::{
    Context,
    command::{Result, cargo, execute},
};

const VERSION: &str = "0.20.2";

/// Runs the checks that need no list of advisories, which would have to be fetched.
pub(crate) fn run(context: &Context) -> Result<()> {
    // Its own debug build takes a minute, a release build three; it runs for seconds.
    let install = ["install", "cargo-deny", "--locked", "--debug", "--version", VERSION];
    if !is_installed() {
        if context.options.install {
            execute(&mut cargo(&install))?;
        } else {
            let missing = format!("cargo-deny is missing; to install it: cargo {}", install.join(" "));
            if context.options.strict {
                return Err(missing.into());
            }
            println!("SKIPPED deny: {missing}");
            return Ok(());
        }
    }
    // An exception that excepts nothing any more is taken out.
    let strict = ["--deny", "unmatched-skip", "--deny", "license-not-encountered"];
    execute(cargo(&["deny", "check"]).args(strict).args(["bans", "licenses", "sources"]))
}

fn is_installed() -> bool {
    cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success())
}
