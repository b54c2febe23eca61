//! Sessions that many processes share, and that processes die over.

mod issuer;

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use claviger_auth_core::{ErrorKind, Fetch, TokenSource};
use claviger_oauth_code::{Session, SessionStore};
use claviger_session_store_file::{FileSessionStore, SessionName};
use claviger_token_endpoint::TokenEndpoint;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use self::issuer::{Issuer, Reuse};
use crate::examples::example;

/// A session on disk, as this process has it.
struct Scene {
    issuer: Issuer,
    endpoint: TokenEndpoint,
    folder: TempDir,
}

impl Scene {
    async fn logged_in(reuse: Reuse, life: u32) -> Self {
        let issuer = Issuer::start(reuse, life).await;
        let scene = Self { endpoint: issuer.endpoint(), issuer, folder: tempfile::tempdir().unwrap() };
        scene.log_in().await;
        scene
    }

    async fn log_in(&self) {
        self.session().begin(&self.issuer.login(&self.endpoint).await.unwrap()).await.unwrap();
    }

    fn session(&self) -> Session {
        Session::new(self.endpoint.clone(), self.store())
    }

    fn store(&self) -> FileSessionStore {
        let name = SessionName::new("test", &self.issuer.token_url, "acme");
        FileSessionStore::builder(self.folder.path(), name).build().unwrap()
    }

    fn process(&self, step: &str) -> Process {
        let mut command = example("claviger-tests", "session_process");
        command.arg(&self.issuer.token_url).arg(self.folder.path()).arg(step);
        Process::start(command)
    }

    /// Has a process renew, and die at this step. It tells what that had said before.
    async fn die(&self, step: &str) -> Option<String> {
        let mut process = self.process(step);
        let dying = spawn_blocking(move || {
            process.ask("");
            let said = process.answer();
            assert!(process.answer().is_none(), "it ended");
            said
        });
        dying.await.unwrap()
    }

    /// Whether the session is good still. If not, the server has ended it, and that is said; then somebody logs in.
    async fn survived(&self) -> bool {
        let before = self.store().load().await.unwrap().unwrap();
        let had_current = before.refresh_token().unwrap().expose_secret() == self.issuer.current();
        match self.session().fetch(Fetch::Cold).await {
            Ok(_) => true,
            Err(error) => {
                assert!(!had_current, "the good refresh token was in the store: {error:?}");
                assert_eq!(error.to_string(), "the server has ended the session (invalid_grant)");
                assert_eq!((error.kind(), error.advice()), (ErrorKind::CredentialsRefused, "log in again"));
                self.log_in().await;
                false
            }
        }
    }
}

/// The helper program, spoken to by lines.
struct Process {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output).lines() }
    }

    fn ask(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// What it says; nothing if it has died.
    fn answer(&mut self) -> Option<String> {
        self.output.next().map(Result::unwrap)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Before the server has rotated, or after the disk has what it gave.
const HARMLESS: [&str; 11] = [
    "before loading",
    "loaded",
    "before locking",
    "locked",
    "before loading again",
    "loaded again",
    "before rehearsing",
    "rehearsed",
    "before sending",
    "saved",
    "fetched",
];
/// Between the two: the one gap.
const GAP: [&str; 3] = ["head came", "answer came", "before saving"];

#[tokio::test(flavor = "multi_thread")]
async fn no_death_outside_of_the_gap_loses_a_session_however_strict_the_server() {
    let scene = Scene::logged_in(Reuse::Punished, 0).await;
    for _ in 0..ROUNDS {
        for step in HARMLESS {
            assert_eq!(scene.die(step).await, None, "it died at {step}");
            assert!(scene.survived().await, "{step}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_in_the_gap_loses_it_only_where_the_server_punishes() {
    let (strict, lenient) =
        (Scene::logged_in(Reuse::Punished, 0).await, Scene::logged_in(Reuse::Forgiven, 0).await);
    for _ in 0..ROUNDS {
        for step in GAP {
            assert_eq!(strict.die(step).await, None, "it died at {step}");
            assert!(!strict.survived().await, "{step}: the control");
            assert_eq!(lenient.die(step).await, None, "it died at {step}");
            assert!(lenient.survived().await, "{step}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_has_ended_is_told_as_such_whenever_somebody_dies_over_it() {
    let scene = Scene::logged_in(Reuse::Punished, 0).await;
    for (step, words) in [
        ("before setting aside", "the server has ended the session (invalid_grant)"),
        ("set aside", "nobody is logged in"),
    ] {
        scene.die("answer came").await;
        assert_eq!(scene.die(step).await, None, "it died at {step}");
        let error = scene.session().fetch(Fetch::Cold).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::CredentialsRefused, words));
        scene.log_in().await;
        assert!(scene.survived().await, "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_any_moment_loses_nothing_that_the_server_does_not_take() {
    let scene = Scene::logged_in(Reuse::Forgiven, 0).await;
    let mut had_answered = 0;
    for moment in 0..MOMENTS {
        let micros = moment * LONGEST_RENEWAL / MOMENTS;
        had_answered += usize::from(scene.die(&micros.to_string()).await.is_some());
        assert!(scene.survived().await, "{micros}");
    }
    println!("{had_answered} of {MOMENTS} came to the end of the renewal first");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_at_the_same_moment_send_no_refresh_token_twice() {
    let scene = Scene::logged_in(Reuse::Punished, 3600).await;
    let [mut one, mut other] = [scene.process("never"), scene.process("never")];
    let rounds = spawn_blocking(move || {
        let mut token = "access1".to_owned();
        for round in 0..200 {
            // Each has the token that the API has just rejected.
            one.ask(&token);
            other.ask(&token);
            token = one.answer().unwrap();
            assert_eq!(token, format!("access{}", round + 2));
            assert_eq!(other.answer().unwrap(), token);
        }
    });
    rounds.await.unwrap();
    assert_eq!(scene.issuer.issued().renewals, 200);
    assert!(scene.survived().await);
}

const ROUNDS: usize = 45;
const MOMENTS: u32 = 325;
/// In microseconds.
const LONGEST_RENEWAL: u32 = 5_000;
