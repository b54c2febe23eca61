//! The pages of a login, in a browser that people have.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    join,
    net::unix::pipe,
    time::timeout,
};

use crate::{
    program_runs::{Ran, Terminal},
    real_software::{needs, run, target_folder},
};

/// A terminal, and Chromium, which the program opens.
struct Desk {
    terminal: Terminal,
    node: PathBuf,
    puppeteer: PathBuf,
    chromium: PathBuf,
}

impl Desk {
    async fn new() -> Option<Self> {
        let (chromium, node) = (needs("chromium")?, needs("node")?);
        let puppeteer = needs("puppeteer-core")?;
        let mut terminal = Terminal::new().await;
        let (browser, opened) = (terminal.path("browser"), terminal.path("opened"));
        assert!(Command::new("mkfifo").arg(&opened).status().unwrap().success());
        let script = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" > '{}'\n", opened.display());
        fs::write(&browser, script).unwrap();
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o700)).unwrap();
        terminal.set("BROWSER", browser.to_str().unwrap());
        Some(Self { terminal, node, puppeteer, chromium })
    }

    /// Has the program log in while somebody takes these steps, and gives what each of them saw. Pictures of the pages
    /// are in `target/tests/browser`, in this folder.
    async fn log_in(&self, folder: &str, steps: Value) -> (Ran, Value) {
        join!(self.terminal.run("--profile clarus-login login"), self.browse(folder, steps))
    }

    async fn browse(&self, folder: &str, steps: Value) -> Value {
        // It is open for writing too, lest it end before the program's script is there.
        let pipe =
            pipe::OpenOptions::new().read_write(true).open_receiver(self.terminal.path("opened")).unwrap();
        let mut lines = BufReader::new(pipe).lines();
        let opening = timeout(Duration::from_secs(30), lines.next_line());
        let address = opening.await.expect("the program opens no browser").unwrap().unwrap();
        let pictures = target_folder().join("../tests/browser").join(folder);
        fs::create_dir_all(&pictures).unwrap();
        let settings =
            json!({"chromium": self.chromium, "address": address, "steps": steps, "pictures": pictures});
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/log_in.mjs");
        let mut command = Command::new(&self.node);
        command.arg(script).arg(&self.puppeteer).arg(settings.to_string());
        // What a browser leaves behind goes with the test.
        command.env("HOME", self.terminal.path("")).env("TMPDIR", self.terminal.path(""));
        let output = run(command, "").await;
        let told = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
    }

    /// Holds for every page. Gives the last one.
    fn check<'a>(&self, seen: &'a Value) -> &'a Value {
        let list = |name: &str| seen[name].as_array().unwrap().iter();
        let login = self.terminal.sandbox.sandbox.clarus().login().authorize_url();
        let last = list("pages").next_back().unwrap();
        let address = last["url"].as_str().unwrap();
        let back = address.strip_suffix("/done").unwrap();
        assert!(back.starts_with("http://127.0.0.1:") && back.ends_with("/callback"), "{address}");
        let is_ours = |request: &str| request.starts_with(&login) || request.starts_with(back);
        assert!(list("requests").all(|request| is_ours(request.as_str().unwrap())), "{seen}");
        // No script, no style and no picture was refused, and all was there.
        let of_password = |complaint: &Value| complaint.as_str().unwrap().ends_with("a status of 403 ()");
        assert!(list("complaints").all(of_password), "{seen}");
        for page in list("pages") {
            assert_eq!((&page["scripts"], &page["overflows"]), (&json!(0), &json!(false)), "{page}");
            let policy = page["headers"]["content-security-policy"].as_str().unwrap();
            assert!(policy.starts_with("default-src 'none';") && !policy.contains("script"), "{policy}");
            assert_eq!(page["headers"]["referrer-policy"], "no-referrer");
        }
        // Code and state went by, and are kept nowhere.
        let has_answer = |url: &Value| {
            let query = url.as_str().unwrap().strip_prefix(back).unwrap_or_default();
            query.starts_with('?') && query.contains("state=")
        };
        assert_eq!(list("requests").filter(|url| has_answer(url)).count(), 1, "{seen}");
        assert!(!list("history").any(has_answer), "{seen}");
        assert_eq!(list("history").next_back().unwrap(), address);
        last
    }
}

#[tokio::test]
async fn chromium_logs_in_and_shows_that_it_worked() {
    let Some(desk) = Desk::new().await else { return };
    let login = desk.terminal.sandbox.sandbox.clarus().login().clone();
    let fields = |password: &str| json!({"username": login.user_name(), "password": password});
    let steps = json!([
        {"fields": fields("swordfish"), "press": "allow"},
        {"fields": fields(login.password()), "press": "allow"},
    ]);
    let (ran, seen) = desk.log_in("worked", steps).await;
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    let last = desk.check(&seen);
    assert!(last["text"].as_str().unwrap().contains("You are logged in"), "{last}");
    let pages = seen["pages"].as_array().unwrap();
    assert_eq!(pages.iter().map(|page| &page["status"]).collect::<Vec<_>>(), [200, 403, 200]);
    assert!(pages[1]["text"].as_str().unwrap().contains("That name or password is wrong."), "{seen}");
    let ran = desk.terminal.run("--profile clarus-login request GET /api/products").await;
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");
}

#[tokio::test]
async fn chromium_shows_that_a_login_was_denied() {
    let Some(desk) = Desk::new().await else { return };
    let steps = json!([{"fields": {}, "press": "deny"}]);
    let (ran, seen) = desk.log_in("denied", steps).await;
    assert_eq!((ran.code, &*ran.stdout), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("the login was denied (access_denied)"), "{ran:?}");
    let last = desk.check(&seen);
    assert!(last["text"].as_str().unwrap().contains("That did not work"), "{last}");
    assert!(desk.terminal.kept().is_empty());
}
