//! Clarify's own SDK for Python against our sandbox: if it only worked with our own client, both could be wrong in
//! the same way.

use std::{path::Path, process::Command};

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    clara_sandbox::send,
    providers::{Providers, counts, rpc, sending},
    real_software::{needs, run},
};

/// Runs the script with the file that the sandbox wrote.
async fn calls(providers: &Providers) -> Option<(i32, String, String)> {
    let installed = needs("pyclarify")?;
    let folder = tempfile::tempdir().unwrap();
    providers.sandbox.write_dir(folder.path()).unwrap();
    let mut command = Command::new(installed.join("bin/python"));
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pyclarify/calls.py"))
        .arg(folder.path().join("clarify/clarify-credentials.json"))
        .env("REQUESTS_CA_BUNDLE", folder.path().join("ca.pem"))
        .env("NO_PROXY", "*")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let output = run(command, "").await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some((output.status.code().unwrap(), text(output.stdout), text(output.stderr)))
}

#[tokio::test]
async fn gets_a_token_and_sends_data_and_reads_it_back() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    let Some((code, stdout, stderr)) = calls(&providers).await else { return };
    assert_eq!(code, 0, "{stderr}");
    let answers: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(answers.as_array().unwrap().len(), 5, "{stdout}");
    assert!(answers.as_array().unwrap().iter().all(|answer| answer["error"].is_null()), "{stdout}");

    assert_eq!(counts(clarify), (1, 5), "it keeps its token");
    let [token] = &clarify.journal().token_entries()[..] else { panic!("not one token request") };
    let body = token.body_text();
    let audience = format!("audience={}", clarify.api_url());
    let encoded = audience.replacen(':', "%3A", 2).replace('/', "%2F");
    assert!(body.split('&').any(|parameter| parameter == audience || parameter == encoded), "{body}");

    let entries = clarify.journal().api_entries();
    let methods: Vec<_> = entries
        .iter()
        .map(|entry| {
            serde_json::from_slice::<Value>(&entry.body).unwrap()["method"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected = ["integration.insert", "integration.saveSignals", "admin.selectSignals"];
    assert_eq!(methods[..3], expected);
    assert_eq!(methods[3..], ["clarify.selectItems", "clarify.dataFrame"]);
    assert!(entries.iter().all(|entry| entry.status == Some(StatusCode::OK)));
    // What the SDK and we have in common.
    for entry in &entries {
        assert_eq!(entry.path, "/v1/rpc");
        assert!(entry.header("authorization").unwrap().starts_with("Bearer "));
        assert_eq!(entry.header("x-api-version"), Some("1.1"));
        assert_eq!(entry.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn what_it_sent_is_there_for_our_client_and_was_sent_alike() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    let Some((0, ..)) = calls(&providers).await else { return };
    let client = claviger_clarify::Client::new(&providers.clarify_config()).unwrap();
    let call = rpc("admin.selectSignals", json!({ "integration": clarify.integration() }));
    let (_, body) = send(&client, sending("POST", "/rpc", &call)).await.unwrap();
    let text = body.to_string();
    assert!(text.contains("Boiler") && text.contains("°C"), "{text}");
    let [theirs, ours] = &clarify.journal().token_entries()[..] else { panic!("not two token requests") };
    let sorted = |body: String| {
        let decoded = body.replace("%3A", ":").replace("%2F", "/");
        let mut parameters: Vec<_> = decoded.split('&').map(str::to_owned).collect();
        parameters.sort_unstable();
        parameters
    };
    assert_eq!(sorted(theirs.body_text()), sorted(ours.body_text()));
    assert_eq!((&theirs.method, &theirs.path), (&ours.method, &ours.path));
    assert_eq!(theirs.header("content-type"), ours.header("content-type"));
    assert_eq!(theirs.header("authorization"), ours.header("authorization"));
}
