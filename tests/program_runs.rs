//! The program, run by somebody at a terminal who has a folder that the sandbox wrote.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

use crate::{
    clara_sandbox::ClaraSandbox,
    real_software::{run, target_folder},
};

/// A sandbox, and its folder.
pub(crate) struct Terminal {
    pub(crate) sandbox: ClaraSandbox,
    folder: TempDir,
    variables: BTreeMap<&'static str, String>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Terminal {
    pub(crate) async fn new() -> Self {
        let sandbox = ClaraSandbox::start().await;
        let folder = tempfile::tempdir().unwrap();
        sandbox.sandbox.write_dir(folder.path()).unwrap();
        Self { sandbox, folder, variables: BTreeMap::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn edit(&self, name: &str, change: impl FnOnce(&str) -> String) {
        self.write(name, &change(&fs::read_to_string(self.path(name)).unwrap()));
    }

    pub(crate) fn set(&mut self, variable: &'static str, value: impl Into<String>) {
        self.variables.insert(variable, value.into());
    }

    /// Runs the program with the settings of the folder. No secret may show.
    pub(crate) async fn run(&self, words: &str) -> Ran {
        self.run_with(&words.split(' ').collect::<Vec<_>>(), "").await
    }

    /// As [`run`](Self::run), with words that may have spaces in them, and something on stdin.
    pub(crate) async fn run_with(&self, words: &[&str], input: &str) -> Ran {
        let ran = self.run_openly(words, input).await;
        for (name, secret) in self.secrets() {
            for (place, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
                assert!(!text.contains(&secret), "the {name} shows on {place} of {words:?}");
            }
        }
        ran
    }

    /// Runs the program where a secret is meant to show.
    pub(crate) async fn run_openly(&self, words: &[&str], input: &str) -> Ran {
        let mut command = program_in(self.folder.path());
        command.arg("--config").arg(self.path("claviger.toml")).args(words).envs(&self.variables);
        Ran::of(command, input).await
    }

    /// What must not show: all that was sent, and all that is in the files.
    fn secrets(&self) -> Vec<(&'static str, String)> {
        let clara = self.sandbox.clara();
        let mut secrets = vec![("client secret", clara.client_secret())];
        for entry in self.sandbox.journal().entries() {
            let value = entry.header("authorization").and_then(|value| value.split_once(' '));
            secrets.extend(value.map(|(_, value)| ("value of an Authorization header", value.to_owned())));
        }
        let key = clara.identity().key_pem();
        let lines = key.lines().filter(|line| !line.starts_with("-----"));
        secrets.extend(lines.map(|line| ("private key", line.to_owned())));
        secrets
    }
}

impl Ran {
    pub(crate) async fn of(command: Command, input: &str) -> Self {
        let output = run(command, input).await;
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The program, with nothing of this process's environment but the path: it logs as much as it can, finds no
/// settings but those it is given, and keeps its tokens in that folder.
pub(crate) fn program_in(folder: &Path) -> Command {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let program = BUILT.get_or_init(|| {
        let program = target_folder().join(format!("claviger{}", std::env::consts::EXE_SUFFIX));
        if !program.is_file() {
            let status = Command::new(env!("CARGO")).args(["build", "--package", "claviger"]).status();
            assert!(status.unwrap().success(), "the program cannot be built");
        }
        program
    });
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("HOME", folder).env("RUST_LOG", "trace");
    command.env("CLAVIGER_STATE_DIR", folder.join(STATE));
    command
}

/// Where the program keeps tokens, below its folder.
pub(crate) const STATE: &str = "state";
