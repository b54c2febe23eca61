//! Clarify's own SDK for Python against our sandbox: if it only worked with our own client, both could be wrong in
//! the same way.

use std::{collections::BTreeSet, path::Path, process::Command, time::Duration};

use claviger_clarify::{Client, RpcCall, RpcClient};
use claviger_sandbox::Entry;
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    clara_sandbox::send,
    providers::{Providers, counts, rpc, sending},
    real_software::{needs, run},
};

/// Runs the script that makes calls.
async fn calls(providers: &Providers) -> Option<(i32, String, String)> {
    script(providers, "calls.py").await
}

/// Runs a script with the file that the sandbox wrote.
async fn script(providers: &Providers, name: &str) -> Option<(i32, String, String)> {
    let installed = needs("pyclarify")?;
    let folder = tempfile::tempdir().unwrap();
    providers.sandbox.write_dir(folder.path()).unwrap();
    let mut command = Command::new(installed.join("bin/python"));
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pyclarify").join(name))
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
    let client = Client::new(&providers.clarify_config()).unwrap();
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

/// The calls of `calls.py`, as its documentation and ours write them.
fn same_calls(integration: &str) -> [(&'static str, Value); 5] {
    let times = ["2026-11-22T08:00:00+00:00", "2026-11-22T08:01:00+00:00", "2026-11-22T08:02:00+00:00"];
    let boiler = json!({
        "name": "Boiler", "description": "", "labels": {}, "sourceType": "measurement", "valueType": "numeric",
        "engUnit": "°C", "enumValues": {}, "sampleInterval": null, "gapDetection": null,
    });
    let query = |limit| json!({ "filter": {}, "sort": [], "limit": limit, "skip": 0, "total": false });
    let format = |array: bool| json!({ "dataAsArray": array, "groupIncludedByType": true });
    let window = json!({ "$gte": "2026-11-22T08:00:00+00:00", "$lt": "2026-11-22T09:00:00+00:00" });
    let data = json!({
        "filter": { "times": window }, "rollup": null, "timeZone": "UTC", "firstDayOfWeek": 1, "origin": null,
        "last": -1,
    });
    [
        (
            "integration.insert",
            json!({
                "integration": integration,
                "data": { "times": times, "series": { "boiler": [81.5, null, 83.0] } },
            }),
        ),
        (
            "integration.saveSignals",
            json!({
                "integration": integration, "signalsByInput": { "boiler": boiler }, "createOnly": false,
            }),
        ),
        (
            "admin.selectSignals",
            json!({
                "integration": integration, "query": query(20), "include": [], "format": format(true),
            }),
        ),
        ("clarify.selectItems", json!({ "query": query(10), "include": [], "format": format(true) })),
        (
            "clarify.dataFrame",
            json!({ "query": query(20), "data": data, "include": [], "format": format(false) }),
        ),
    ]
}

/// The message of a call without its id, and the id.
fn message(entry: &Entry) -> (Value, Value) {
    let mut message: Value = serde_json::from_slice(&entry.body).unwrap();
    let id = message.as_object_mut().unwrap().remove("id").unwrap();
    (message, id)
}

#[tokio::test]
async fn our_calls_differ_from_its_own_only_where_the_guide_says_why() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    let Some((0, ..)) = calls(&providers).await else { return };
    let config = providers.clarify_config();
    let client = RpcClient::new(&config, Client::new(&config).unwrap());
    for (method, params) in same_calls(clarify.integration()) {
        client.send(RpcCall::new(method, &params).unwrap()).await.unwrap();
    }
    let entries = clarify.journal().api_entries();
    let (theirs, ours) = entries.split_at(5);
    assert_eq!(ours.len(), 5);
    let mut different = BTreeSet::new();
    for ((theirs, ours), number) in theirs.iter().zip(ours).zip(1..) {
        assert_eq!((&theirs.method, &theirs.path, &theirs.query), (&ours.method, &ours.path, &ours.query));
        let ((their_message, their_id), (our_message, our_id)) = (message(theirs), message(ours));
        assert_eq!(their_message, our_message);
        assert!(their_id == "1" || their_id == 0, "{their_id}");
        assert_eq!(our_id, number);
        let names = theirs.headers.keys().chain(ours.headers.keys());
        let differ = names.filter(|name| theirs.headers.get(*name) != ours.headers.get(*name));
        different.extend(differ.map(|name| name.as_str().to_owned()));
    }
    let guide = include_str!("../docs/clarify.md");
    let section = guide.split("\n## ").find(|section| section.starts_with("Beside pyclarify")).unwrap();
    let told: BTreeSet<_> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(different, told, "the table names each header that differs, and no other");
    assert!(section.contains("| id |"));
}

#[tokio::test]
async fn it_goes_by_its_own_clock_where_we_go_by_the_401() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    let Some((code, stdout, stderr)) = script(&providers, "expiry.py").await else { return };
    assert_eq!(code, 0, "{stderr}");
    // A token that Clarify no longer takes stays in use; one whose life is over is replaced.
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap(), json!([null, 401, null]));
    let statuses = || -> Vec<u16> {
        clarify.journal().api_entries().iter().map(|entry| entry.status.unwrap().as_u16()).collect()
    };
    assert_eq!((statuses(), counts(clarify).0), (vec![200, 401, 200], 2));

    clarify.journal().clear();
    let config = providers.clarify_config().with_spacing(Duration::ZERO);
    let client = RpcClient::new(&config, Client::new(&config).unwrap());
    for _ in 0..2 {
        client.call::<Value>("clarify.selectItems", &json!({})).await.unwrap();
        clarify.revoke_all();
    }
    assert_eq!((statuses(), counts(clarify).0), (vec![200, 401, 200], 2));
}
