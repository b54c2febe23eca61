//! Calls of Clarify's methods, and what may come back in the place of a result.

use std::time::Duration;

use claviger_auth_core::{Error, ErrorKind};
use claviger_clarify::{ApiVersion, CallError, Client, Config, RpcCall, RpcClient, Traceparent};
use claviger_sandbox::{Fault, Target, Times};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::providers::{Providers, counts};

fn client(config: &Config) -> RpcClient<Client> {
    RpcClient::new(config, Client::new(config).unwrap())
}

async fn started() -> (Providers, RpcClient<Client>) {
    let providers = Providers::start().await;
    let client = client(&providers.clarify_config());
    (providers, client)
}

/// Selects items, which changes nothing.
async fn select(client: &RpcClient<Client>) -> Result<Value, CallError> {
    client.call("clarify.selectItems", &json!({})).await
}

#[derive(serde::Serialize)]
struct Insert<'a> {
    integration: &'a str,
    data: Frame<'a>,
}

#[derive(serde::Serialize)]
struct Frame<'a> {
    times: [&'a str; 1],
    series: std::collections::BTreeMap<&'a str, [f64; 1]>,
}

#[tokio::test]
async fn types_of_ones_own_go_and_come() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Inserted {
        signals_by_input: std::collections::BTreeMap<String, Summary>,
    }
    #[derive(serde::Deserialize)]
    struct Summary {
        created: bool,
    }
    let providers = Providers::start().await;
    for config in [providers.clarify_config(), providers.clarify_basic_config()] {
        providers.clarify().journal().clear();
        let client = client(&config);
        let insert = Insert {
            integration: config.credentials().integration(),
            data: Frame { times: ["2026-11-22T08:00:00Z"], series: [("boiler", [81.5])].into() },
        };
        let inserted: Inserted = client.call("integration.insert", &insert).await.unwrap();
        assert!(inserted.signals_by_input.contains_key("boiler"));
        // By name or by place is the same to Clarify.
        let placed = (insert.integration, &insert.data);
        let client = client.without_pace();
        let inserted: Inserted = client.call("integration.insert", &placed).await.unwrap();
        assert!(!inserted.signals_by_input["boiler"].created);
        assert_eq!(providers.clarify().journal().api_requests(), 2);
    }
}

#[tokio::test]
async fn a_notification_is_done_and_not_answered() {
    let (providers, client) = started().await;
    let params = json!({
        "integration": providers.clarify().integration(),
        "data": { "times": ["2026-11-22T08:00:00Z"], "series": { "boiler": [1] } },
    });
    client.notify("integration.insert", &params).await.unwrap();
    // Not even that it cannot be done.
    client.notify("clarify.nothing", &json!({})).await.unwrap();
    let entries = providers.clarify().journal().api_entries();
    assert!(
        entries.iter().all(|entry| entry.status.unwrap() == 204 && !entry.body_text().contains("\"id\""))
    );
    assert_eq!(select(&client).await.unwrap()["meta"]["total"], 1);
}

#[tokio::test]
async fn the_version_is_the_clients_or_the_calls_own_and_an_unknown_one_is_told() {
    let providers = Providers::start().await;
    let config = providers.clarify_config().with_api_version(ApiVersion::new("1.2alpha1").unwrap());
    let client = client(&config);
    let call = || RpcCall::new("clarify.selectItems", &()).unwrap();
    assert_eq!(client.send(call()).await.unwrap().api_version(), Some("1.2beta1"));
    let own = call().with_api_version(ApiVersion::new("1.0").unwrap());
    assert_eq!(client.send(own).await.unwrap().api_version(), Some("1.0"));
    let unknown = call().with_api_version(ApiVersion::new("9.9").unwrap());
    let CallError::Answer(error) = client.send(unknown).await.unwrap_err() else { panic!("no answer") };
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Configuration, 400));
    assert!(error.advice().contains("X-API-Version"));
    assert_eq!(counts(providers.clarify()), (1, 3));
}

#[tokio::test]
async fn an_rpc_error_names_the_fields_and_the_trace_that_the_caller_gave() {
    let (providers, client) = started().await;
    let params = json!({
        "integration": providers.clarify().integration(),
        "data": { "times": ["2026-11-22T08:00:00Z"], "series": { "boiler": [1, 2] } },
    });
    let traceparent = Traceparent::new("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
    let call = RpcCall::new("integration.insert", &params).unwrap().with_traceparent(traceparent);
    let CallError::Rpc(error) = client.send(call).await.unwrap_err() else { panic!("no RPC error") };
    assert_eq!((error.code(), error.message()), (-32602, "Invalid params"));
    let fields: Vec<_> = error.fields().collect();
    assert_eq!(fields, [("data.series.boiler", vec!["not same length as times"])]);
    assert_eq!(error.trace(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert!(error.to_string().ends_with("(trace 4bf92f3577b34da6a3ce929d0e0e4736)"), "{error}");
}

#[tokio::test]
async fn c11_no_rpc_error_fetches_a_token_or_sends_a_call_again() {
    let providers = Providers::start().await;
    // Were it taken for a rejected token, it would be thrown away at once.
    let client = client(&providers.clarify_config().with_spacing(Duration::ZERO));
    let clarify = providers.clarify();
    let codes = [-32000, -32001, -32002, -32003, -32009, -32015, -32021, -32603];
    for (calls, code) in (1..).zip(codes) {
        clarify.play_rpc_error(code);
        let CallError::Rpc(error) = select(&client).await.unwrap_err() else { panic!("no RPC error") };
        assert_eq!((error.code(), counts(clarify)), (i64::from(code), (1, calls)));
    }
    clarify.withhold("clarify");
    assert!(matches!(select(&client).await.unwrap_err(), CallError::Rpc(error) if error.code() == -32003));
    assert_eq!(counts(clarify), (1, codes.len() + 1));
}

#[tokio::test]
async fn c10_a_revoked_token_is_replaced_and_the_call_keeps_its_id() {
    let providers = Providers::start().await;
    let client = client(&providers.clarify_config().with_spacing(Duration::ZERO));
    select(&client).await.unwrap();
    providers.clarify().revoke_all();
    select(&client).await.unwrap();
    let entries = providers.clarify().journal().api_entries();
    assert_eq!(counts(providers.clarify()), (2, 3));
    assert_eq!(entries[1].body, entries[2].body);
    assert_ne!(entries[0].body, entries[1].body);
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart_and_sent_once() {
    for (fault, kind, status) in [
        (Fault::Unavailable, ErrorKind::Unavailable, Some(503)),
        (Fault::HtmlPage, ErrorKind::Unavailable, Some(502)),
        (Fault::TooManyRequests(Duration::from_secs(1)), ErrorKind::Unavailable, Some(429)),
        (Fault::EchoSecret, ErrorKind::Configuration, Some(400)),
        (Fault::Redirect, ErrorKind::Protocol, Some(307)),
        (Fault::ErrorIn200, ErrorKind::Protocol, None),
    ] {
        let (providers, client) = started().await;
        providers.clarify().play(Target::Api, fault, Times::UntilCleared);
        let CallError::Answer(error) = select(&client).await.unwrap_err() else {
            panic!("{fault}: no answer")
        };
        assert_eq!((error.kind(), error.status().map(|status| status.as_u16())), (kind, status), "{fault}");
        assert_eq!(counts(providers.clarify()), (1, 1), "{fault}");
        let words = format!("{error} {error:?}");
        assert!(!words.contains("Bearer") && !words.contains("selectItems"), "{words}");
    }
    let (providers, client) = started().await;
    providers.clarify().play(Target::Api, Fault::Unauthorized, Times::UntilCleared);
    let CallError::Answer(error) = select(&client).await.unwrap_err() else { panic!("no answer") };
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::CredentialsRefused, 401));
}

#[tokio::test]
async fn what_fails_below_is_no_answer() {
    let (providers, client) = started().await;
    providers.clarify().play(Target::Token, Fault::Unauthorized, Times::ONCE);
    let CallError::NoAnswer(error) = select(&client).await.unwrap_err() else { panic!("an answer") };
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
    assert_eq!(counts(providers.clarify()), (1, 0));

    let (providers, client) = started().await;
    providers.clarify().play(Target::Api, Fault::HangUp, Times::ONCE);
    assert!(matches!(select(&client).await.unwrap_err(), CallError::NoAnswer(_)));

    let (providers, client) = started().await;
    let _hold = providers.clarify().hold(Target::Api);
    let error = select(&client.with_timeout(Duration::from_millis(200))).await.unwrap_err();
    assert_eq!(Error::find(&error).unwrap().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn an_answer_is_bounded() {
    let (providers, client) = started().await;
    // 8 MiB of white space, and the right answer behind it.
    providers.clarify().play(Target::Api, Fault::HugeBody, Times::UntilCleared);
    select(&client).await.unwrap();
    let CallError::Answer(error) = select(&client.with_answer_limit(1024)).await.unwrap_err() else {
        panic!()
    };
    assert_eq!((error.kind(), error.status()), (ErrorKind::Protocol, None));
    assert!(error.to_string().starts_with("the answer is larger"), "{error}");
}

#[tokio::test]
async fn eight_mebibytes_are_taken_and_no_more_are_sent() {
    let (providers, client) = started().await;
    let limit = 8 * 1024 * 1024;
    let rest = r#"{"jsonrpc":"2.0","method":"clarify.selectItems","id":1,"params":{"more":""}}"#.len();
    let padded = |length| json!({ "more": "x".repeat(length) });
    let _: Value = client.call("clarify.selectItems", &padded(limit - rest)).await.unwrap();
    let entries = providers.clarify().journal().api_entries();
    assert_eq!(entries[0].header("content-length"), Some(&*limit.to_string()));
    let CallError::NoAnswer(error) =
        client.call::<Value>("clarify.selectItems", &padded(limit - rest + 1)).await.unwrap_err()
    else {
        panic!("an answer")
    };
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(counts(providers.clarify()), (1, 1));
}

#[tokio::test]
async fn towers_layers_go_around_calls() {
    let (providers, client) = started().await;
    let service =
        tower::ServiceBuilder::new().concurrency_limit(2).timeout(Duration::from_secs(30)).service(client);
    let call = RpcCall::new("clarify.selectItems", &()).unwrap();
    let answers = (0..5).map(|_| service.clone().oneshot(call.clone()));
    for answer in futures_util::future::join_all(answers).await {
        assert!(answer.unwrap().json().contains("\"meta\""));
    }
    assert_eq!(counts(providers.clarify()), (1, 5));
    let mut ids: Vec<_> =
        providers.clarify().journal().api_entries().iter().map(|entry| entry.body_text()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 5, "each has an id of its own");
}
