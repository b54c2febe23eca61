//! The examples that the guides show, run as somebody runs them who has a folder that the sandbox wrote.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use claviger_sandbox::Provider;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{
    clara_sandbox::{ACME, OTHER, post},
    program_runs::{Ran, Terminal},
    real_software::{Running, Says, target_folder},
};

/// An example, with nothing of this process's environment.
pub(crate) fn example(package: &str, name: &str) -> Command {
    let program = target_folder().join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        let words = ["build", "--all-features", "--package", package, "--example", name];
        let status = Command::new(env!("CARGO")).args(words).stdin(Stdio::null()).status();
        assert!(status.unwrap().success(), "the example {name} cannot be built");
    }
    let mut command = Command::new(program);
    command.env_clear();
    command
}

pub(crate) async fn run(package: &str, name: &str, words: &[&str]) -> Ran {
    let mut command = example(package, name);
    command.args(words);
    let ran = Ran::of(command, "").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

fn path(terminal: &Terminal, name: &str) -> String {
    PathBuf::from(name).iter().fold(terminal.path(""), |path, part| path.join(part)).display().to_string()
}

/// How many requests came to the token endpoint and to the API.
fn counts(provider: &Provider) -> (usize, usize) {
    (provider.journal().token_requests(), provider.journal().api_requests())
}

#[tokio::test(flavor = "multi_thread")]
async fn hyper_and_reqwest_call_for_two_tenants_with_one_token() {
    for name in ["hyper", "reqwest"] {
        let terminal = Terminal::new().await;
        let clara = terminal.sandbox.clara();
        let folder = path(&terminal, "clara");
        let ran = run("claviger-oauth-cc", name, &[&clara.api_url(), &folder, clara.client_id()]).await;
        assert_eq!(ran.stdout.lines().count(), 2, "{ran:?}");
        assert_eq!(counts(clara), (1, 2), "{name}");
        let entries = clara.journal().api_entries();
        let tenants: Vec<_> = entries.iter().map(|entry| entry.header("x-tax-identifier")).collect();
        assert_eq!(tenants, [Some(ACME), Some(OTHER)], "{name}");
        let ours = terminal.sandbox.identity().thumbprint().to_string();
        assert!(entries.iter().all(|entry| entry.peer.thumbprint.as_deref() == Some(&ours)), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tonic_calls_for_a_tenant() {
    let terminal = Terminal::new().await;
    let clara = terminal.sandbox.clara();
    let folder = path(&terminal, "clara");
    let ran = run("claviger-tonic", "tonic", &[&clara.api_url(), &folder, clara.client_id()]).await;
    assert!(ran.stdout.contains(ACME), "{ran:?}");
    assert_eq!(counts(clara), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn axum_s_proxy_passes_everything_on_with_everything_on() {
    let terminal = Terminal::new().await;
    let clara = terminal.sandbox.clara();
    let mut command = example("claviger-clara", "axum");
    command.args([clara.api_url(), path(&terminal, "clara")]);
    let mut proxy = Running::start(&mut command, Says::OnStdout);
    let url = proxy.wait_for_line(|line| line.starts_with("http://").then(|| line.to_owned())).await;

    let connector = hyper_util::client::legacy::connect::HttpConnector::new();
    let executor = hyper_util::rt::TokioExecutor::new();
    let client = hyper_util::client::legacy::Client::builder(executor).build(connector);
    let request = post(&format!("{url}/api/v3/upload"), "in pieces");
    let response = client.oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 201);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("\"length\":9"));
    assert_eq!(counts(clara), (1, 1));
    assert_eq!(clara.journal().api_entries()[0].header("x-tax-identifier"), Some(ACME));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_ready_client_makes_its_calls() {
    let terminal = Terminal::new().await;
    let sandbox = &terminal.sandbox.sandbox;
    let ca = path(&terminal, "ca.pem");

    run("claviger-clara", "clara", &[&path(&terminal, "clara"), &sandbox.clara().api_url()]).await;
    assert_eq!(counts(sandbox.clara()), (1, 2));

    for file in ["clarify/clarify-credentials.json", "clarify/clarify-basic-credentials.json"] {
        run("claviger-clarify", "clarify", &[&path(&terminal, file), &ca]).await;
    }
    assert_eq!(counts(sandbox.clarify()), (1, 2));
    let file = path(&terminal, "clarify/clarify-credentials.json");
    let ran = run("claviger-clarify", "rpc", &[&file, &ca]).await;
    assert!(
        ran.stdout.contains("boiler: signal ") && ran.stdout.contains("not same length as times"),
        "{ran:?}"
    );
    assert_eq!(counts(sandbox.clarify()), (2, 4));

    let clarus = sandbox.clarus();
    let secret = path(&terminal, "clarus/secret.txt");
    run("claviger-clarus", "clarus", &[clarus.client_id(), &secret, &clarus.api_url(), &ca]).await;
    assert_eq!(counts(clarus), (1, 2));

    let clazar = sandbox.clazar();
    let secret = path(&terminal, "clazar/secret.txt");
    run("claviger-clazar", "clazar", &[clazar.client_id(), &secret, &clazar.api_url(), &ca]).await;
    assert_eq!(counts(clazar), (1, 1));
    let words = [&clazar.api_url(), clazar.client_id(), &secret, &ca];
    run("claviger-oauth-cc", "own_provider", &words).await;
    assert_eq!(counts(clazar), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_takes_as_much_memory_as_the_documentation_says() {
    let ran = run("claviger-per-customer", "memory", &[]).await;
    let bytes =
        ran.stdout.lines().last().and_then(|line| line.split(' ').rev().nth(1)?.parse::<usize>().ok());
    // 2,231 on 64 bits; less is no news.
    assert!(bytes.is_some_and(|bytes| (1_500..2_500).contains(&bytes)), "{ran:?}");
}
