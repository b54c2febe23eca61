//! `cargo xtask bench`: measures the layers beside their peers, and writes `docs/performance.md`.
//!
//! The benchmark is a workspace of its own, so that the peers' hundreds of crates are no part of this one.

use std::process::Command;

use crate::{
    Context,
    command::{Result, cargo, execute},
};

/// The benchmark's own.
pub(crate) const MANIFEST: &str = "xtask/bench/Cargo.toml";

/// Builds it, and runs it on its own.
pub(crate) fn run(context: &Context) -> Result<()> {
    let target = context.workspace.target.join("bench");
    let build = ["build", "--release", "--locked", "--manifest-path", MANIFEST];
    execute(cargo(&build).env("CARGO_TARGET_DIR", &target))?;
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("instructions are not counted: valgrind is missing; on Debian: apt-get install valgrind");
    }
    let mut command = Command::new(target.join("release/claviger-bench"));
    command.args(["all", "docs"]);
    if context.options.quick {
        command.arg("--quick");
    }
    execute(&mut command)
}
