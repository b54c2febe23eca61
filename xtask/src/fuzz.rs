//! `cargo xtask fuzz`: each parser of files and of servers' answers, for a while, by cargo-fuzz. It takes a nightly toolchain.

use std::{fs, path::Path};

use crate::{
    Context,
    command::{Result, cargo, execute},
};

const VERSION: &str = "0.13.2";
const FOLDER: &str = "xtask/fuzz";
/// The parsers, each with files to begin from.
const TARGETS: [(&str, Option<&str>); 7] = [
    ("clarify_credentials", None),
    ("discovery_documents", None),
    ("identity", Some(KEYS)),
    ("sessions", None),
    ("settings", None),
    ("token_answers", None),
    ("trust", Some(KEYS)),
];
const KEYS: &str = "crates/mtls/src/identity/testdata";

/// Runs each target for some seconds; what it finds out about the parser's ways is kept for the next run.
pub(crate) fn run(context: &Context) -> Result<()> {
    if !is_there(&["+nightly", "--version"]) {
        // No failure, whoever asks: nobody must have one to work here.
        println!(
            "SKIPPED fuzz: there is no nightly toolchain; to install it: rustup toolchain install nightly"
        );
        return Ok(());
    }
    let install = ["install", "cargo-fuzz", "--locked", "--debug", "--version", VERSION];
    if !is_there(&["fuzz", "--version"]) {
        if !context.options.install {
            println!("SKIPPED fuzz: cargo-fuzz is missing; to install it: cargo {}", install.join(" "));
            return Ok(());
        }
        execute(&mut cargo(&install))?;
    }
    let lock = Path::new(FOLDER).join("Cargo.lock");
    // The same versions as everywhere.
    fs::copy("Cargo.lock", lock)?;
    let target = context.workspace.target.join("fuzz");
    for (name, seeds) in TARGETS {
        let corpus = target.join("corpus").join(name);
        fs::create_dir_all(&corpus)?;
        let mut command = cargo(&["+nightly", "fuzz", "run", "--fuzz-dir", FOLDER, "--target-dir"]);
        command.arg(&target).arg(name).arg(&corpus).args(seeds).arg("--").args(LIMITS);
        execute(&mut command)?;
    }
    Ok(())
}

fn is_there(arguments: &[&str]) -> bool {
    cargo(arguments).output().is_ok_and(|output| output.status.success())
}

/// In seconds, bytes and MiB. A file may take 16 MiB; the rest is what the sanitizer keeps.
const LIMITS: [&str; 5] =
    ["-max_total_time=20", "-timeout=10", "-max_len=16384", "-rss_limit_mb=1024", "-malloc_limit_mb=32"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_all_targets_that_there_are() {
        let manifest = include_str!("../fuzz/Cargo.toml");
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for (name, _) in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }
}
