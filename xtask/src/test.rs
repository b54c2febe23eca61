//! `cargo xtask test`: unit, integration and doc tests, and what they need.
//!
//! The contract with `tests/`: a test that needs real software asks for it by the name it has in `software.rs`,
//! looks for it on `PATH` and in `$CLAVIGER_REAL_DIR/NAME`, and where it is missing appends the line
//! `test<TAB>software` to the file `$CLAVIGER_SKIPPED`, says `SKIPPED` and returns.

mod count;

use std::{
    env, fs,
    io::{BufRead as _, BufReader, ErrorKind},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    Context,
    command::{Result, announce, cargo, execute},
    software::{self, SOFTWARE, Software},
    test::count::{Counts, Skip},
};

/// The step.
pub(crate) fn run(context: &Context) -> Result<()> {
    let real = context.workspace.target.join("real");
    let skipped = context.workspace.target.join("skipped-tests");
    fs::create_dir_all(&real)?;
    if let Err(error) = fs::remove_file(&skipped)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error.into());
    }
    provide(context, &real)?;

    let path = env::join_paths(software::search_path())?;
    let prepare = |arguments: &[&str]| {
        let mut command = cargo(arguments);
        command.env("PATH", &path).env("CLAVIGER_REAL_DIR", &real).env("CLAVIGER_SKIPPED", &skipped);
        command
    };
    // The program and the examples first, for the tests that start them; with the tests, so that nothing is
    // compiled twice.
    execute(&mut prepare(&["build", "--workspace", "--all-features", "--bins", "--examples", "--tests"]))?;
    let mut counts = Counts::default();
    let mut is_passed = true;
    for kinds in [&["--lib", "--bins", "--tests"][..], &["--doc"]] {
        let mut command = prepare(&["test", "--workspace", "--all-features", "--no-fail-fast"]);
        is_passed &= count(command.args(kinds), &mut counts)?;
    }
    is_passed &= on_the_other_provider(&prepare, &mut counts)?;
    let skips = count::parse_skips(&read(&skipped)?);
    for skip in &skips {
        println!("SKIPPED {} for want of {}", skip.test, advice(skip, &real));
    }
    counts.skip(skips.len());
    println!("{counts}");
    if !is_passed {
        return Err("a test failed, or did not compile".into());
    }
    if counts.skipped > 0 && context.options.strict {
        return Err("tests were skipped; here that is a failure".into());
    }
    Ok(())
}

/// Runs the unit tests of `claviger-mtls` once more, on aws-lc-rs: by themselves they are on ring. The program is the
/// one that was just built; asked for alone, the package would be built with other features of its dependencies.
fn on_the_other_provider(prepare: &impl Fn(&[&str]) -> Command, counts: &mut Counts) -> Result<bool> {
    let build = ["test", "--workspace", "--all-features", "--lib", "--no-run", "--message-format", "json"];
    let output = prepare(&build).stderr(Stdio::inherit()).output()?;
    let program = test_program(&String::from_utf8_lossy(&output.stdout), "claviger_mtls");
    let program = program.ok_or("cargo names no test program of claviger-mtls")?;
    println!("the tests of claviger-mtls, with CLAVIGER_CRYPTO_PROVIDER=aws-lc-rs");
    count(
        Command::new(program).current_dir("crates/mtls").env("CLAVIGER_CRYPTO_PROVIDER", "aws-lc-rs"),
        counts,
    )
}

/// Finds the unit tests of a library in what cargo says in JSON.
fn test_program(messages: &str, library: &str) -> Option<String> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut of_library = messages.filter(|message| {
        let name = message.pointer("/target/name").and_then(Value::as_str);
        name == Some(library) && message.pointer("/profile/test") == Some(&Value::Bool(true))
    });
    of_library.find_map(|message| message.get("executable")?.as_str().map(str::to_owned))
}

/// Installs what is missing, or names it.
fn provide(context: &Context, real: &Path) -> Result<()> {
    let missing = software::missing(real);
    if context.options.install {
        software::install(&missing, real)?;
        let names: Vec<&str> = software::missing(real).iter().map(|software| software.name).collect();
        if !names.is_empty() {
            return Err(format!("installed, yet not found: {}", names.join(", ")).into());
        }
        return Ok(());
    }
    for software in &missing {
        let Software { name, needed_by, .. } = software;
        println!("missing: {name}, for {needed_by}\n  to install it: {}", software.install_command(real));
    }
    if !missing.is_empty() {
        println!("or all at once: cargo xtask test --install");
    }
    Ok(())
}

/// Runs the tests, passing on what they print and counting the results in it.
fn count(command: &mut Command, counts: &mut Counts) -> Result<bool> {
    announce(command);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            counts.add(&line);
        }
    }
    Ok(child.wait()?.success())
}

fn read(skipped: &Path) -> Result<String> {
    match fs::read_to_string(skipped) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error.into()),
    }
}

fn advice(skip: &Skip, real: &Path) -> String {
    let Skip { software: name, .. } = skip;
    match SOFTWARE.iter().find(|software| software.name == name) {
        Some(software) => format!("{name}; to install it: {}", software.install_command(real)),
        None => format!("{name}, which xtask/src/software.rs does not know: add it there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skip(software: &str) -> Skip {
        Skip { test: "t".to_owned(), software: software.to_owned() }
    }

    #[test]
    fn advises_the_command_or_the_table() {
        let real = Path::new("/real");
        assert!(advice(&skip("nginx"), real).ends_with("apt-get install -y --no-install-recommends nginx"));
        assert!(advice(&skip("gninx"), real).contains("does not know"));
    }

    #[test]
    fn counts_what_a_command_prints_and_sees_that_it_failed() {
        let mut counts = Counts::default();
        let script = "echo 'test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured'; exit 101";
        assert!(!count(Command::new("sh").args(["-c", script]), &mut counts).unwrap());
        assert_eq!(counts.to_string(), "1 passed, 2 failed, 0 skipped");
    }

    #[test]
    fn finds_the_tests_of_a_library_among_what_was_built() {
        let message = |name: &str, test: bool, executable: &str| {
            format!(
                "{{\"target\":{{\"name\":\"{name}\"}},\"profile\":{{\"test\":{test}}},\"executable\":{executable}}}\n"
            )
        };
        let messages = [
            message("a", false, "null"),
            message("b", true, "\"/b-1\""),
            "no JSON\n".to_owned(),
            message("a", true, "\"/a-1\""),
        ];
        assert_eq!(test_program(&messages.concat(), "a").as_deref(), Some("/a-1"));
        assert_eq!(test_program(&messages.concat(), "c"), None);
    }

    #[test]
    fn takes_a_missing_file_for_no_skips() {
        assert_eq!(read(Path::new("/no/such/file")).unwrap(), "");
    }
}
