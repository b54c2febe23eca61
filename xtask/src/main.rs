//! The workspace's own tool: `cargo xtask STEP`; without a step it lists them.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod bench;
mod ci;
mod command;
mod deny;
mod features;
mod lint;
mod software;
mod test;
mod tidy;
mod workspace;

use std::{env, process::ExitCode};

use crate::{command::Result, workspace::Workspace};

/// One thing that `cargo xtask` can do.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Context) -> Result<()>,
}

/// What every step is told.
struct Context {
    workspace: Workspace,
    options: Options,
}

/// What the command line and the environment ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Options {
    /// Install what is missing.
    install: bool,
    /// Whatever had to be skipped is a failure.
    strict: bool,
    /// Write the lists that `tidy` compares with.
    bless: bool,
    /// Measure in minutes.
    quick: bool,
}

/// In the order in which `ci` runs them: the quick ones first.
const STEPS: [Step; 7] = [
    Step { name: "fmt", about: "the code is formatted", run: lint::fmt },
    Step {
        name: "tidy",
        about: "the rules no compiler knows; --bless writes its lists anew",
        run: tidy::run,
    },
    Step { name: "clippy", about: "no warning, with all features and with none", run: lint::clippy },
    Step { name: "docs", about: "the documentation builds without a warning", run: lint::docs },
    Step {
        name: "features",
        about: "each package builds with each of its features alone",
        run: features::run,
    },
    Step { name: "deny", about: "bans, licences and sources of all dependencies", run: deny::run },
    Step {
        name: "test",
        about: "unit, integration and doc tests; --install adds what they need",
        run: test::run,
    },
];

/// What `ci` does not run: nothing is right or wrong about it.
const BENCH: Step = Step {
    name: "bench",
    about: "measures the layers beside their peers, into docs/performance.md; --quick in 5 minutes",
    run: bench::run,
};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match start(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(words: &[String]) -> Result<()> {
    let Some((name, flags)) = words.split_first() else {
        list();
        return Ok(());
    };
    let mut options = parse(flags)?;
    if command::in_ci() {
        options.install = true;
    }
    options.strict = options.install || name == "ci";
    let run = if name == "ci" {
        ci::run
    } else {
        let step = STEPS.iter().chain([&BENCH]).find(|step| step.name == name);
        step.ok_or_else(|| format!("there is no step {name:?}; `cargo xtask` lists them"))?.run
    };
    let workspace = Workspace::load()?;
    // So that a step does the same wherever in the workspace it was called.
    env::set_current_dir(&workspace.root)?;
    run(&Context { workspace, options })
}

fn parse(flags: &[String]) -> Result<Options> {
    let mut options = Options::default();
    for flag in flags {
        match flag.as_str() {
            "--install" => options.install = true,
            "--bless" => options.bless = true,
            "--quick" => options.quick = true,
            other => return Err(format!("there is no option {other:?}: --install, --bless, --quick").into()),
        }
    }
    Ok(options)
}

fn list() {
    println!("cargo xtask STEP [--install] [--bless] [--quick]\n");
    println!("  {:<9} all of the following, in this order", "ci");
    for step in &STEPS {
        println!("  {:<9} {}", step.name, step.about);
    }
    println!("\nand, for itself:\n");
    println!("  {:<9} {}", BENCH.name, BENCH.about);
    println!("\n--install, or CI=true, installs what is missing and makes whatever is skipped a failure.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_options() {
        let options = parse(&["--install".to_owned(), "--bless".to_owned()]).unwrap();
        assert_eq!(options, Options { install: true, bless: true, ..Options::default() });
        assert!(parse(&["--quick".to_owned()]).unwrap().quick);
    }

    #[test]
    fn refuses_an_unknown_option_and_an_unknown_step() {
        assert!(parse(&["--force".to_owned()]).is_err());
        let error = start(&["tset".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("tset"));
    }
}
