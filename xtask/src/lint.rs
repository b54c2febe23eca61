//! The steps that are cargo's own checks: `fmt`, `clippy`, `docs`.

use crate::{
    Context, bench,
    command::{Result, cargo, execute},
};

/// The code is formatted, the benchmark's too, which is not in the workspace.
pub(crate) fn fmt(_: &Context) -> Result<()> {
    execute(&mut cargo(&["fmt", "--all", "--check"]))?;
    execute(&mut cargo(&["fmt", "--manifest-path", bench::MANIFEST, "--check"]))
}

/// No warning, with all features and with none.
///
/// The flag goes to clippy and not into `RUSTFLAGS`, which would compile every dependency anew.
pub(crate) fn clippy(_: &Context) -> Result<()> {
    for features in ["--all-features", "--no-default-features"] {
        execute(&mut cargo(&["clippy", "--workspace", "--all-targets", features, "--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// The documentation builds without a warning.
pub(crate) fn docs(_: &Context) -> Result<()> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    execute(command.env("RUSTDOCFLAGS", "-D warnings"))
}
