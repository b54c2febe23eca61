//! Starts other programs, and says what it starts.

use std::{env, error::Error, fmt::Write as _, process::Command};

/// What any step can end with; the text is for a person.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A `cargo` command that sees the environment as if a person had typed it.
///
/// `cargo run` sets variables for us that build scripts watch (ring's does): left in place, every change between
/// `cargo xtask test` and `cargo test` would build ring anew.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_of_cargo_run) {
            command.env_remove(name);
        }
    }
    command.args(arguments);
    command
}

/// Runs `command` to its end, its output going where ours goes.
pub(crate) fn execute(command: &mut Command) -> Result<()> {
    let line = announce(command);
    let status = command.status().map_err(|error| format!("could not start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed ({status})").into()) }
}

/// Prints `command` as one would type it, and returns that.
pub(crate) fn announce(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        let quote = if argument.contains(char::is_whitespace) { "'" } else { "" };
        let _ = write!(line, " {quote}{argument}{quote}");
    }
    println!("$ {line}");
    line
}

/// A variable of the environment, if it is set and is text.
#[expect(
    clippy::disallowed_methods,
    reason = "xtask is a program, and this is where it reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// Whether a machine runs us, with nobody there to install anything.
pub(crate) fn in_ci() -> bool {
    variable("CI").is_some_and(|value| value == "true")
}

fn is_of_cargo_run(name: &str) -> bool {
    let exact = ["CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
    exact.contains(&name) || name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_variables_that_a_person_sets() {
        assert!(is_of_cargo_run("CARGO_MANIFEST_DIR"));
        assert!(is_of_cargo_run("CARGO_PKG_NAME"));
        assert!(!is_of_cargo_run("CARGO_HOME"));
        assert!(!is_of_cargo_run("CARGO_TARGET_DIR"));
    }

    #[test]
    fn says_what_failed() {
        let error = execute(&mut Command::new("false")).unwrap_err();
        assert!(error.to_string().contains("`false` failed"));
        assert!(execute(&mut Command::new("no-such-program-here")).is_err());
    }

    #[test]
    fn quotes_what_has_blanks() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 0"]);
        assert_eq!(announce(&command), "sh -c 'exit 0'");
    }
}
