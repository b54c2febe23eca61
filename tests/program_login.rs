//! The program where somebody logs in: once, and then nobody for as long as the session lasts.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    time::Duration,
};

use claviger_sandbox::{Decision, Event, Fault, RefreshTokens, Target, Times};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::{
    program_runs::{Ran, STATE, Terminal, program_in},
    real_software::needs,
};

/// A terminal whose browser has somebody at it who presses this button.
async fn terminal(decision: &str) -> Option<Terminal> {
    let curl = needs("curl")?;
    let mut terminal = Terminal::new().await;
    let (browser, seen) = (terminal.path("browser"), terminal.path("seen"));
    let curl = format!("'{}' -sS --cacert '{}'", curl.display(), terminal.path("ca.pem").display());
    let login = terminal.sandbox.sandbox.clarus().login().clone();
    let (name, password) = (login.user_name(), login.password());
    let script = format!(
        "#!/bin/sh\nenv > '{}'\n\
         ticket=$({curl} \"$1\" | sed -n 's/.*name=\"ticket\" value=\"\\([^\"]*\\)\".*/\\1/p')\n\
         back=$({curl} -o '{}' -w '%{{redirect_url}}' --data-urlencode \"ticket=$ticket\" \
         --data-urlencode 'username={name}' --data-urlencode 'password={password}' -d 'decision={decision}' \
         \"${{1%%\\?*}}\")\n{curl} -L \"$back\" > '{}'\n",
        seen.display(),
        terminal.path("answer").display(),
        terminal.path("page").display(),
    );
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o700)).unwrap();
    terminal.set("BROWSER", browser.to_str().unwrap());
    Some(terminal)
}

async fn run(terminal: &Terminal, words: &str) -> Ran {
    terminal.run(&format!("--profile clarus-login {words}")).await
}

/// Logs in with the browser.
async fn log_in(terminal: &Terminal) {
    let ran = run(terminal, "login").await;
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(ran.stderr.contains("logged in; the access token lasts"), "{ran:?}");
}

/// What to type, with the settings file that was named.
fn advice(terminal: &Terminal, profile: &str) -> String {
    format!(
        "log in: claviger --config {} --profile {profile} login",
        terminal.path("claviger.toml").display()
    )
}

/// Sends a request, which must do without anybody.
async fn call(terminal: &Terminal) -> Ran {
    run(terminal, "request GET /api/products").await
}

/// Makes the kept session as old as if it had been renewed so many seconds before.
fn age(terminal: &Terminal, seconds: u64) {
    let [path] = &terminal.kept()[..] else { panic!("not one session") };
    let mut kept: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    kept["issued_at_millis"] = json!(kept["issued_at_millis"].as_u64().unwrap() - seconds * 1000);
    fs::write(path, kept.to_string()).unwrap();
}

fn events(terminal: &Terminal) -> Vec<Event> {
    terminal.sandbox.sandbox.clarus().journal().events()
}

fn count(terminal: &Terminal, event: Event) -> usize {
    events(terminal).into_iter().filter(|other| *other == event).count()
}

/// Changes a line of the profile.
fn edit(terminal: &Terminal, change: impl FnOnce(&str) -> String) {
    terminal.edit("claviger.toml", |text| {
        let (before, profile) = text.split_once("[profiles.clarus-login]").unwrap();
        format!("{before}[profiles.clarus-login]{}", change(profile))
    });
}

#[tokio::test]
async fn one_login_will_do_for_every_run_after_it() {
    let Some(terminal) = terminal("allow").await else { return };
    let ran = call(&terminal).await;
    assert_eq!((ran.code, &*ran.stdout), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("nobody is logged in"), "{ran:?}");
    assert!(ran.stderr.contains(&format!("try: {}\n", advice(&terminal, "clarus-login"))), "{ran:?}");
    assert_eq!(run(&terminal, "check").await.code, 3);
    let ran = run(&terminal, "status").await;
    assert_eq!((ran.code, ran.stdout.contains("logged in      no\n")), (3, true), "{ran:?}");

    log_in(&terminal).await;
    assert_eq!(events(&terminal), [Event::LoginShown, Event::LoginAllowed, Event::CodeExchanged]);
    for _ in 0..3 {
        let ran = call(&terminal).await;
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");
        assert!(ran.json()["data"].is_array(), "{ran:?}");
    }
    let ran = run(&terminal, "token --json").await;
    assert_eq!((ran.code, &ran.json()["source"]), (0, &"cache".into()), "{ran:?}");
    let ran = run(&terminal, "check").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("of a login, kept since an earlier run"), "{ran:?}");
    assert_eq!(events(&terminal).len(), 3, "nothing was asked for again");

    let [file] = &terminal.kept()[..] else { panic!("not one session") };
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let ran = run(&terminal, "status").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in ["logged in      yes\n", " s left)\n", "it is renewed by itself\n", "(not sealed)\n"] {
        assert!(ran.stdout.contains(words), "{words}: {ran:?}");
    }
    let status = run(&terminal, "status --json").await.json();
    assert_eq!((&status["logged_in"], &status["refresh_token"]), (&json!(true), &json!(true)), "{status}");
    assert_eq!((&status["sealed"], status["file"].as_str()), (&json!(false), file.to_str()), "{status}");
    assert!(status["expires_in"].as_u64().unwrap() > 200, "{status}");
}

#[tokio::test]
async fn a_day_of_requests_needs_nobody() {
    let Some(terminal) = terminal("allow").await else { return };
    terminal.sandbox.sandbox.clarus().set_token_life(Duration::from_secs(3600));
    log_in(&terminal).await;
    for hour in 1..=24 {
        age(&terminal, 3600);
        let ran = call(&terminal).await;
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "hour {hour}: {ran:?}");
        assert_eq!(count(&terminal, Event::Refreshed), hour, "one renewal an hour");
        assert_eq!(call(&terminal).await.code, 0);
    }
    assert_eq!((count(&terminal, Event::LoginShown), count(&terminal, Event::ReuseDetected)), (1, 0));
    age(&terminal, 3600);
    assert_eq!(run(&terminal, "token --json").await.json()["source"], "fetched");
}

#[tokio::test]
async fn a_login_that_is_denied_is_told_and_changes_nothing() {
    let Some(terminal) = terminal("deny").await else { return };
    let ran = run(&terminal, "login").await;
    assert_eq!((ran.code, &*ran.stdout), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("the login was denied (access_denied)"), "{ran:?}");
    assert_eq!(events(&terminal), [Event::LoginShown, Event::LoginDenied]);
    assert!(terminal.kept().is_empty());
}

#[tokio::test]
async fn a_login_that_nobody_finishes_ends_in_time() {
    let mut terminal = Terminal::new().await;
    for (browser, warning) in [("/nothing/here", true), ("/bin/true", false)] {
        terminal.set("BROWSER", browser);
        let ran = run(&terminal, "login --timeout 0").await;
        assert_eq!((ran.code, &*ran.stdout), (5, ""), "{ran:?}");
        assert!(
            ran.stderr.contains("nobody logged in in time") && ran.stderr.contains("log in again"),
            "{ran:?}"
        );
        assert_eq!(ran.stderr.contains("no browser could be started"), warning, "{ran:?}");
        let address = terminal.sandbox.sandbox.clarus().login().authorize_url();
        assert!(ran.stderr.lines().any(|line| line.starts_with(&address)), "{ran:?}");
    }
    for words in ["login --no-browser --timeout 0", "login --timeout 0 --no-browser"] {
        let ran = run(&terminal, words).await;
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(ran.stderr.contains("--timeout gives more time"), "{ran:?}");
    }
    assert!(terminal.kept().is_empty());
}

#[tokio::test]
async fn the_browser_has_none_of_the_secrets_of_the_environment() {
    let Some(mut terminal) = terminal("allow").await else { return };
    terminal.set("CLAVIGER_SESSION_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    terminal.set("CLAVIGER_SEAL_KEY", "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=");
    terminal.set("CLAVIGER_CLIENT_SECRET", "swordfish");
    terminal.set("SEEN", "marlin");
    edit(&terminal, |profile| format!("\npassphrase = {{ env = \"MY_PASSPHRASE\" }}{profile}"));
    terminal.set("MY_PASSPHRASE", "mackerel");
    log_in(&terminal).await;
    let seen = fs::read_to_string(terminal.path("seen")).unwrap();
    assert!(seen.contains("marlin"), "it has the others: {seen}");
    assert!(
        !["BwcHBw", "CAgICA", "swordfish", "mackerel"].iter().any(|secret| seen.contains(secret)),
        "{seen}"
    );
}

/// Logs in without a browser of the program's: `paste` makes lines of the address that is printed.
async fn paste(terminal: &Terminal, paste: impl FnOnce(&str) -> String + Send + 'static) -> Ran {
    let mut command = program_in(terminal.path("claviger.toml").parent().unwrap());
    command.args(["--config", "claviger.toml", "--profile", "clarus-login", "login", "--no-browser"]);
    let running = spawn_blocking(move || {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut stderr = String::new();
        let url = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended: {stderr}");
            stderr.push_str(&line);
            if line.starts_with("https://") {
                break line;
            }
        };
        child.stdin.take().unwrap().write_all(paste(url.trim_end()).as_bytes()).unwrap();
        said.read_to_string(&mut stderr).unwrap();
        let output = child.wait_with_output().unwrap();
        Ran { code: output.status.code().unwrap(), stdout: String::from_utf8(output.stdout).unwrap(), stderr }
    });
    tokio::time::timeout(Duration::from_secs(30), running).await.expect("it does not end").unwrap()
}

#[tokio::test]
async fn takes_the_address_that_is_pasted_and_lets_a_slip_pass() {
    let terminal = Terminal::new().await;
    let login = terminal.sandbox.sandbox.clarus().login().clone();
    let other = login.clone();
    let ran = paste(&terminal, move |url| {
        let back = login.decide(url, Decision::Allow).unwrap();
        format!("what\n{}\n{back}\n", back.replace("state=", "state=x"))
    })
    .await;
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert_eq!(ran.stderr.matches("this is not the answer to this login").count(), 2, "{ran:?}");
    let [file] = &terminal.kept()[..] else { panic!("not one session") };
    let kept: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert!(!ran.stderr.contains(kept["refresh_token"].as_str().unwrap()), "{ran:?}");
    assert_eq!(call(&terminal).await.code, 0);

    let ran = paste(&terminal, move |url| other.decide(url, Decision::Deny).unwrap() + "\n").await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("the login was denied"), "{ran:?}");
    assert_eq!(call(&terminal).await.code, 0, "the session before is still there");
}

#[tokio::test]
async fn where_nobody_can_listen_an_address_must_be_pasted() {
    let terminal = Terminal::new().await;
    edit(&terminal, |profile| format!("\nredirect_uri = \"https://app.example/callback\"{profile}"));
    let ran = run(&terminal, "login").await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("profiles.clarus-login.redirect_uri"), "{ran:?}");
    assert!(ran.stderr.contains("paste"), "{ran:?}");
    let ran = run(&terminal, "login --no-browser").await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("standard input ended before"), "{ran:?}");
    assert!(!ran.stderr.contains("warning"), "{ran:?}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    edit(&terminal, |profile| profile.replace("https://app.example/", &format!("http://{at}/")));
    let ran = run(&terminal, "login --no-browser").await;
    let words = format!("cannot listen for the browser to come back ({at})");
    assert!(ran.stderr.contains("warning") && ran.stderr.contains(&words), "{ran:?}");
}

#[tokio::test]
async fn a_session_that_somebody_ends_early_is_renewed_once_and_told() {
    let Some(terminal) = terminal("allow").await else { return };
    let clarus = terminal.sandbox.sandbox.clarus();
    log_in(&terminal).await;
    age(&terminal, 60);
    clarus.end_session();
    let ran = call(&terminal).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("warning: the API refused the access token before its time was up"),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("somebody who logs in with the same account ends it"), "{ran:?}");
    assert_eq!((count(&terminal, Event::Refreshed), clarus.journal().api_requests()), (1, 2));
    let ran = call(&terminal).await;
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");

    // At once again: whoever it is, is not fought.
    clarus.end_session();
    let ran = run(&terminal, "request GET /api/products --fail").await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("somebody else logs in with the same account"), "{ran:?}");
    assert_eq!((count(&terminal, Event::Refreshed), clarus.journal().api_requests()), (1, 4));
    age(&terminal, 60);
    assert_eq!(call(&terminal).await.code, 0, "it is renewed in time");
}

/// Begins a renewal, interrupts it, and returns what was said from then on, and the exit code.
async fn interrupt(terminal: &Terminal) -> (String, Option<i32>) {
    let clarus = terminal.sandbox.sandbox.clarus();
    let (hold, before) = (clarus.hold(Target::Token), clarus.journal().token_requests());
    let mut command = program_in(terminal.path("claviger.toml").parent().unwrap());
    command.args(["--config", "claviger.toml", "--profile", "clarus-login", "token"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while clarus.journal().token_requests() == before {
        tokio::task::yield_now().await;
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut said = spawn_blocking(move || {
        let mut line = String::new();
        while !line.contains("when the session is renewed and stored") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it says why it stays");
        }
        said
    })
    .await
    .unwrap();
    hold.release();
    let ended = spawn_blocking(move || {
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        (rest, child.wait_with_output().unwrap())
    });
    let (rest, output) = ended.await.unwrap();
    assert!(output.stdout.is_empty(), "the command itself ends there");
    (rest, output.status.code())
}

#[tokio::test]
async fn who_interrupts_a_renewal_ends_the_program_when_it_is_stored() {
    let Some(terminal) = terminal("allow").await else { return };
    log_in(&terminal).await;
    age(&terminal, 300);
    let (rest, code) = interrupt(&terminal).await;
    assert_eq!((code, rest.contains("not renewed")), (Some(130), false), "{rest}");
    let ran = call(&terminal).await;
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");
    assert_eq!((count(&terminal, Event::Refreshed), count(&terminal, Event::ReuseDetected)), (1, 0));

    age(&terminal, 300);
    terminal.sandbox.sandbox.clarus().login().end_logins();
    let (rest, code) = interrupt(&terminal).await;
    assert_eq!(code, Some(130), "{rest}");
    assert!(
        rest.contains("warning: the session was not renewed: the server has ended the session"),
        "{rest}"
    );
    assert!(rest.contains("--profile clarus-login login"), "{rest}");
}

#[tokio::test]
async fn a_session_that_the_server_ends_is_not_tried_again() {
    let Some(terminal) = terminal("allow").await else { return };
    let clarus = terminal.sandbox.sandbox.clarus();
    // Before its time was up, and after.
    for seconds in [60, 300] {
        log_in(&terminal).await;
        age(&terminal, seconds);
        clarus.login().end_logins();
        let ran = call(&terminal).await;
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.contains("the server has ended the session (invalid_grant)"), "{ran:?}");
        assert!(ran.stderr.contains(&format!("try: {}\n", advice(&terminal, "clarus-login"))), "{ran:?}");
        let requests = clarus.journal().token_requests();
        let ran = call(&terminal).await;
        assert_eq!((ran.code, clarus.journal().token_requests()), (3, requests), "{ran:?}");
        assert_eq!(run(&terminal, "status").await.code, 3);
    }
}

#[tokio::test]
async fn a_server_that_is_down_ends_no_session() {
    let Some(terminal) = terminal("allow").await else { return };
    log_in(&terminal).await;
    age(&terminal, 300);
    terminal.sandbox.sandbox.clarus().play(Target::Token, Fault::Unavailable, Times::ONCE);
    let ran = call(&terminal).await;
    assert_eq!(ran.code, 5, "{ran:?}");
    assert_eq!(call(&terminal).await.code, 0);
}

#[tokio::test]
async fn a_session_without_a_refresh_token_lasts_as_long_as_its_token() {
    let Some(terminal) = terminal("allow").await else { return };
    terminal.sandbox.sandbox.clarus().login().set_refresh_tokens(RefreshTokens::Withheld);
    let ran = run(&terminal, "login").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("nothing to renew it with") && ran.stderr.contains("offline_access"),
        "{ran:?}"
    );
    assert_eq!((call(&terminal).await.code, run(&terminal, "status").await.code), (0, 0));
    age(&terminal, 300);
    let ran = call(&terminal).await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains(&advice(&terminal, "clarus-login")), "{ran:?}");
    let ran = run(&terminal, "status").await;
    assert_eq!((ran.code, ran.stdout.contains("access token   ended\n")), (3, true), "{ran:?}");
}

#[tokio::test]
async fn logout_takes_the_session_back_and_forgets_it() {
    let Some(terminal) = terminal("allow").await else { return };
    log_in(&terminal).await;
    let [file] = &terminal.kept()[..] else { panic!("not one session") };
    let copy = fs::read(file).unwrap();
    let ran = run(&terminal, "token --revoke").await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("claviger logout"), "{ran:?}");
    let ran = run(&terminal, "logout").await;
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(ran.stderr.contains("the server has taken the session back"), "{ran:?}");
    assert_eq!((count(&terminal, Event::Revoked), terminal.kept().len()), (1, 0));
    assert_eq!(call(&terminal).await.code, 3);
    let ran = run(&terminal, "logout").await;
    assert_eq!((ran.code, ran.stderr.contains("nobody was logged in")), (0, true), "{ran:?}");
    // Somebody had a copy.
    fs::write(file, copy).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    age(&terminal, 300);
    let ran = call(&terminal).await;
    assert_eq!((ran.code, ran.stderr.contains("invalid_grant")), (3, true), "it is over there too: {ran:?}");
}

#[tokio::test]
async fn a_session_that_others_could_read_is_not_used_and_can_be_taken_back() {
    let Some(terminal) = terminal("allow").await else { return };
    log_in(&terminal).await;
    let [file] = &terminal.kept()[..] else { panic!("not one session") };
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = call(&terminal).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("else log out, then log in again"), "{ran:?}");
    let ran = run(&terminal, "logout").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("the server has taken the session back"), "{ran:?}");
    assert_eq!((count(&terminal, Event::Revoked), terminal.kept().len()), (1, 0));
}

#[tokio::test]
async fn logout_forgets_the_session_though_the_server_does_not() {
    let Some(terminal) = terminal("allow").await else { return };
    log_in(&terminal).await;
    terminal.sandbox.sandbox.clarus().play(Target::Login, Fault::Unavailable, Times::UntilCleared);
    let ran = run(&terminal, "logout").await;
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.stderr.contains("forgotten here, but the server has not taken it back"), "{ran:?}");
    assert!(terminal.kept().is_empty());
    terminal.sandbox.sandbox.clarus().clear_faults();

    edit(&terminal, |profile| profile.replace("issuer = ", "# "));
    log_in(&terminal).await;
    let ran = run(&terminal, "logout").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.contains("warning: the server was not asked") && ran.stderr.contains("issuer"),
        "{ran:?}"
    );
    assert!(terminal.kept().is_empty());
}

#[tokio::test]
async fn a_session_is_sealed_if_there_is_a_key() {
    let Some(mut terminal) = terminal("allow").await else { return };
    terminal.write("key.txt", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n");
    edit(&terminal, |profile| format!("\nsession_key = {{ file = \"key.txt\" }}{profile}"));
    log_in(&terminal).await;
    let [file] = &terminal.kept()[..] else { panic!("not one session") };
    let sealed = fs::read_to_string(file).unwrap();
    assert!(!sealed.contains("token"), "{sealed}");
    assert_eq!(call(&terminal).await.code, 0);
    assert!(run(&terminal, "status").await.stdout.contains("(sealed)\n"));
    assert!(run(&terminal, "check").await.stdout.contains("setting session_key"));

    terminal.set("CLAVIGER_SESSION_KEY", "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=");
    let ran = call(&terminal).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("sealed with another key"), "{ran:?}");
    terminal.set("CLAVIGER_SESSION_KEY", "swordfish");
    let ran = call(&terminal).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("$CLAVIGER_SESSION_KEY") && !ran.stderr.contains("swordfish"), "{ran:?}");

    terminal.set("CLAVIGER_SESSION_KEY", "");
    edit(&terminal, |profile| profile.replace("session_key", "# "));
    let ran = run(&terminal, "status").await;
    assert_eq!((ran.code, ran.stderr.contains("sealed, and there is no key")), (2, true), "{ran:?}");
    let ran = run(&terminal, "logout").await;
    assert_eq!((ran.code, ran.stderr.contains("could not be read")), (0, true), "{ran:?}");
    assert!(terminal.kept().is_empty());
}

#[tokio::test]
async fn no_profile_has_the_session_of_another() {
    let Some(terminal) = terminal("allow").await else { return };
    terminal.edit("claviger.toml", |text| {
        let profile = text.split("[profiles.clarus-login]").nth(1).unwrap().split("\n[").next().unwrap();
        format!("{text}\n[profiles.second]{profile}\n[profiles.scoped]{profile}\nscope = \"read\"\n")
    });
    log_in(&terminal).await;
    for profile in ["second", "scoped"] {
        let ran = terminal.run(&format!("--profile {profile} request GET /api/products")).await;
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.stderr.contains(&advice(&terminal, profile)), "{ran:?}");
    }
    let ran = terminal.run("--profile scoped login").await;
    assert_eq!((ran.code, terminal.kept().len()), (0, 2), "{ran:?}");
    assert_eq!(terminal.run("--profile scoped status --json").await.json()["scope"], "read");
    let scoped = run(&terminal, "--client-id other status").await;
    assert_eq!(scoped.code, 3, "another client has another session: {scoped:?}");
    edit(&terminal, |profile| format!("\nscope = \"read\"{profile}"));
    assert_eq!(call(&terminal).await.code, 3, "it was not asked for then");
}

#[tokio::test]
async fn commands_of_a_login_are_for_profiles_with_a_login() {
    let terminal = Terminal::new().await;
    for words in ["login", "logout", "status", "status --json", "login --no-browser", "login --device"] {
        for profile in ["clarus", "clarus-token"] {
            let ran = terminal.run(&format!("--profile {profile} {words}")).await;
            assert_eq!((ran.code, &*ran.stdout), (2, ""), "{ran:?}");
            assert!(ran.stderr.contains("auth = \"authorization-code\""), "{ran:?}");
        }
    }
    for words in ["--no-cache login", "--no-cache request GET /api/products", "--no-cache status"] {
        let ran = run(&terminal, words).await;
        assert_eq!((ran.code, ran.stderr.contains("leave --no-cache out")), (2, true), "{ran:?}");
    }
    let ran = run(&terminal, "login --device").await;
    assert_eq!((ran.code, ran.stderr.contains("--no-browser")), (2, true), "{ran:?}");
    for words in
        ["login --device --no-browser", "login --device --timeout 3", "login --timeout -1", "login now"]
    {
        assert_eq!(run(&terminal, words).await.code, 2, "{words}");
    }
    assert!(!terminal.path(STATE).join("x").exists());
}
