//! The program, run by somebody at a terminal who has a folder that the sandbox wrote.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use claviger_sandbox::Provider;
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

    /// The files in the folder of kept tokens that hold one.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path(STATE)).into_iter().flatten();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
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
        let sandbox = &self.sandbox.sandbox;
        let (clara, clarify, clarus, clazar) =
            (sandbox.clara(), sandbox.clarify(), sandbox.clarus(), sandbox.clazar());
        let all: [&Provider; 4] = [clara, clarify, clarus, clazar];
        let mut secrets: Vec<_> =
            all.iter().map(|provider| ("client secret", provider.client_secret())).collect();
        secrets.push(("password", clarify.basic_password()));
        secrets.push(("given token", clarus.static_token().to_owned()));
        for entry in all.iter().flat_map(|provider| provider.journal().entries()) {
            let value = entry.header("authorization").and_then(|value| value.split_once(' '));
            secrets.extend(value.map(|(_, value)| ("value of an Authorization header", value.to_owned())));
        }
        secrets.push(("person's password", clarus.login().password().to_owned()));
        for file in self.kept() {
            // One that is sealed, or damaged by a test, says nothing.
            let kept = serde_json::from_slice(&fs::read(file).unwrap()).unwrap_or(serde_json::Value::Null);
            let tokens = ["access_token", "refresh_token"].map(|name| kept[name].as_str().map(str::to_owned));
            secrets.extend(tokens.into_iter().flatten().map(|token| ("kept token", token)));
        }
        for entry in clarus.journal().token_entries() {
            let form: Vec<_> = form_urlencoded::parse(&entry.body).into_owned().collect();
            let is_secret = |name: &str| ["code", "code_verifier", "refresh_token"].contains(&name);
            let values = form.into_iter().filter(|(name, _)| is_secret(name));
            secrets.extend(values.map(|(_, value)| ("part of a token request", value)));
        }
        let key = clara.identity().key_pem();
        let lines = key.lines().filter(|line| !line.starts_with("-----"));
        secrets.extend(lines.map(|line| ("private key", line.to_owned())));
        secrets
    }
}

/// A profile that the sandbox writes, and a request that works with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) request: &'static [&'static str],
    pub(crate) tokens: Tokens,
}

/// Where the credential of a profile comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tokens {
    Fetched,
    Given,
}

impl Profile {
    pub(crate) const ALL: [Self; 7] = [
        Self::new("clara", &["request", "GET", "/api/v3/users"], Tokens::Fetched),
        Self::new("clarify", &["request", "POST", "/rpc", "-d", SELECT], Tokens::Fetched),
        Self::new("clarify-basic", &["request", "POST", "/rpc", "-d", SELECT], Tokens::Given),
        Self::new("clarus", &["request", "GET", "/api/products"], Tokens::Fetched),
        Self::new("clarus-token", &["request", "GET", "/api/products"], Tokens::Given),
        Self::new("clazar", &["request", "GET", "/buyers/"], Tokens::Fetched),
        Self::new("custom", &["request", "GET", "/api/v3/users"], Tokens::Fetched),
    ];

    const fn new(name: &'static str, request: &'static [&'static str], tokens: Tokens) -> Self {
        Self { name, request, tokens }
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|profile| profile.name == name).unwrap()
    }

    /// Those whose tokens can be kept.
    pub(crate) fn fetching() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|profile| profile.tokens == Tokens::Fetched)
    }

    pub(crate) fn provider(self, terminal: &Terminal) -> &Provider {
        let sandbox = &terminal.sandbox.sandbox;
        match self.name {
            "clarify" | "clarify-basic" => sandbox.clarify(),
            "clarus" | "clarus-token" => sandbox.clarus(),
            "clazar" => sandbox.clazar(),
            _ => sandbox.clara(),
        }
    }

    /// Sends the request that works. More words may follow it.
    pub(crate) async fn call(self, terminal: &Terminal, more: &[&str]) -> Ran {
        let words = [&["--profile", self.name], self.request, more].concat();
        terminal.run_with(&words, "").await
    }

    /// Runs another command with this profile.
    pub(crate) async fn run(self, terminal: &Terminal, words: &[&str]) -> Ran {
        terminal.run_with(&[&["--profile", self.name], words].concat(), "").await
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
const SELECT: &str = r#"{"jsonrpc":"2.0","id":1,"method":"clarify.selectItems","params":{}}"#;
