//! The program, when all goes well.

use http::Version;
use serde_json::Value;

use crate::{
    clara_sandbox::{ACME, OTHER},
    program_runs::{Ran, Terminal, program_in},
    real_software::{Running, Says},
};

#[tokio::test]
async fn demo_walks_through_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program_in(folder.path());
    command.arg("demo");
    let ran = Ran::of(command, "").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains(ACME) && ran.stdout.contains("/oauth/token"), "{}", ran.stdout);
    // The sandbox's tokens all begin alike.
    for rest in ran.stdout.split("sandbox-").skip(1) {
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        assert!(length < 20, "a token shows: {}", ran.stdout);
    }
}

#[tokio::test]
async fn sandbox_and_request_work_from_two_terminals() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program_in(folder.path());
    command.args(["sandbox", "--dir", "D"]);
    let mut sandbox = Running::start(&mut command, Says::OnStderr);
    sandbox.wait_for_line(|line| line.contains("https://127.0.0.1:").then_some(())).await;

    let request = |words: &str| {
        let mut command = program_in(folder.path());
        command.args(["--config", "D/claviger.toml", "--profile", "clara"]).args(words.split(' '));
        Ran::of(command, "")
    };
    let ran = request(&format!("request GET /api/v3/transactions --tenant {ACME}")).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["company"]["taxIdentifier"], ACME);

    assert_eq!(sandbox.terminate().await, Some(0));
    let ran = request("request GET /api/v3/transactions").await;
    assert_eq!(ran.code, 4, "{ran:?}");
}

#[tokio::test]
async fn request_prints_the_answer_and_nothing_else_on_stdout() {
    let terminal = Terminal::new().await;
    let ran = terminal.run(&format!("request GET /api/v3/transactions --tenant {OTHER}")).await;
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
    assert_eq!(ran.json()["company"]["taxIdentifier"], OTHER);
    let ran = terminal.run("request GET /api/v3/transactions").await;
    assert_eq!(ran.json()["company"]["taxIdentifier"], ACME, "the profile's own");
}

#[tokio::test]
async fn every_profile_that_the_sandbox_writes_works() {
    let terminal = Terminal::new().await;
    for (profile, environment) in [("clara", "production"), ("clara-test", "test"), ("custom", "production")]
    {
        let ran = terminal.run(&format!("--profile {profile} request GET /api/v3/users")).await;
        // A custom profile is told its paths as they are.
        assert_eq!(ran.code, 0, "{profile}: {ran:?}");
        assert_eq!(ran.json()["environment"], environment, "{profile}");
    }
    let entries = terminal.sandbox.journal().api_entries();
    assert!(entries.iter().all(|entry| entry.header("x-tax-identifier") == Some(ACME)));
}

#[tokio::test]
async fn request_sends_a_body_from_the_line_a_file_or_stdin() {
    let terminal = Terminal::new().await;
    let body = r#"{"name": "Ana"}"#;
    terminal.write("body.json", body);
    let file = format!("@{}", terminal.path("body.json").display());
    for data in [body, &file, "@-"] {
        let ran = terminal.run_with(&["request", "POST", "/api/v3/users", "-d", data], body).await;
        assert_eq!((ran.code, &ran.json()["received"]["name"]), (0, &"Ana".into()), "{data}");
    }
    let words =
        ["request", "POST", "/api/v3/upload", "-d", "abc", "-H", "Content-Type: text/plain", "-H", "X-A: b"];
    assert_eq!(terminal.run_with(&words, "").await.json()["length"], 3);

    let entries = terminal.sandbox.journal().api_entries();
    let types: Vec<_> = entries.iter().filter_map(|entry| entry.header("content-type")).collect();
    assert_eq!(types, ["application/json", "application/json", "application/json", "text/plain"]);
    assert!(entries[..3].iter().all(|entry| entry.body_text() == body));
    assert_eq!(entries[3].header("x-a"), Some("b"));
}

#[tokio::test]
async fn request_shows_the_head_of_the_answer_when_asked() {
    let terminal = Terminal::new().await;
    let ran = terminal.run("request GET /api/v3/nothing -i").await;
    assert_eq!(ran.code, 0, "an error of the API is an answer, without --fail");
    let (head, body) = ran.stdout.split_once("\n\n").unwrap();
    assert!(head.starts_with("HTTP/2 404 Not Found\n") && head.contains("content-type: application/json"));
    assert_eq!(serde_json::from_str::<Value>(body).unwrap()["code"], "NOT_FOUND");
    assert_eq!(terminal.sandbox.journal().api_entries()[0].version, Version::HTTP_2);
}

#[tokio::test]
async fn token_is_hidden_until_it_is_asked_for() {
    let terminal = Terminal::new().await;
    let ran = terminal.run("token --no-cache").await;
    assert!(ran.code == 0 && ran.stdout.contains("300 s"), "{ran:?}");
    let hidden = terminal.run("token --json --no-cache").await.json();
    assert_eq!((&hidden["token_type"], &hidden["expires_in"]), (&"Bearer".into(), &300.into()));
    assert_eq!(hidden["source"], "fetched");
    assert!(!hidden["access_token"].as_str().unwrap().starts_with("sandbox-"));

    for words in [&["token", "--show", "--no-cache"][..], &["token", "--show", "--json", "--no-cache"]] {
        let ran = terminal.run_openly(words, "").await;
        let token = ran.stdout.split(|other: char| !other.is_ascii_graphic() || other == '"');
        let token = token.into_iter().find(|word| word.starts_with("sandbox-")).unwrap();
        assert!(terminal.sandbox.clara().revoke(token), "it is the one that was issued");
        assert!(!ran.stderr.contains(token));
    }
}

#[tokio::test]
async fn the_environment_stands_above_the_settings() {
    let mut terminal = Terminal::new().await;
    let clara = terminal.sandbox.clara();
    let (id, secret) = (clara.test_client_id().to_owned(), clara.test_client_secret());
    terminal.set("CLAVIGER_PROFILE", "custom");
    terminal.set("CLAVIGER_CLIENT_ID", id);
    terminal.set("CLAVIGER_CLIENT_SECRET", secret);
    let ran = terminal.run("request GET /api-test/v3/users").await;
    assert_eq!((ran.code, &ran.json()["environment"]), (0, &"test".into()));
}
