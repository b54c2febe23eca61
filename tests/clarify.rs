//! What arrives at Clarify, and what comes back.

use claviger_auth_core::ErrorKind;
use claviger_clarify::{ApiVersion, Client, Config, Credentials};
use http::{Request, StatusCode};
use serde_json::json;
use std::time::Duration;
use tower::ServiceExt;

use crate::{
    clara_sandbox::{Full, ours, send},
    providers::{Providers, counts, rpc, sending, with_type},
};

fn select() -> Request<Full> {
    sending("POST", "/rpc", &rpc("clarify.selectItems", json!({})))
}

#[tokio::test]
async fn asks_for_a_token_with_the_form_that_clarify_documents() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    let client = Client::new(&providers.clarify_config()).unwrap();
    let insert = rpc(
        "integration.insert",
        json!({
            "integration": clarify.integration(),
            "data": { "times": ["2026-11-22T08:00:00Z"], "series": { "boiler": [81.5] } },
        }),
    );
    let (status, body) = send(&client, sending("POST", "rpc", &insert)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["result"]["signalsByInput"]["boiler"]["created"], true, "{body}");

    let [token, api] = &clarify.journal().entries()[..] else { panic!("not two requests") };
    assert_eq!((token.method.as_str(), token.path.as_str()), ("POST", "/v1/oauth/token"));
    assert_eq!(token.query, None);
    assert_eq!(token.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(token.header("authorization"), None, "id and secret are in the form, and nowhere else");
    assert_eq!(token.header("x-api-version"), None, "that is for the API");
    let port = clarify.address().port();
    let mut parameters: Vec<_> = token.body_text().split('&').map(str::to_owned).collect();
    parameters.sort_unstable();
    assert_eq!(
        parameters,
        [
            format!("audience=https%3A%2F%2F127.0.0.1%3A{port}%2Fv1%2F"),
            format!("client_id={}", clarify.client_id()),
            format!("client_secret={}", clarify.client_secret()),
            "grant_type=client_credentials".to_owned(),
        ]
    );

    assert_eq!((api.method.as_str(), api.path.as_str()), ("POST", "/v1/rpc"));
    let header = api.header("authorization").unwrap();
    assert_eq!(header.strip_prefix("Bearer ").unwrap().split('.').count(), 3, "it looks like a JWT");
    assert_eq!(api.header("content-type"), Some("application/json"), "it was absent");
    assert_eq!(api.header("x-api-version"), Some("1.1"));
    assert_eq!(api.body_text(), insert.to_string());
}

#[tokio::test]
async fn the_audience_ends_in_one_slash_however_the_file_has_it() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    for ending in ["/v1", "/v1/", "/v1//"] {
        clarify.journal().clear();
        let text = json!({
            "apiUrl": format!("https://{}{ending}", clarify.address()),
            "integration": clarify.integration(),
            "credentials": {
                "type": "client-credentials",
                "clientId": clarify.client_id(),
                "clientSecret": clarify.client_secret(),
            },
        });
        let credentials = Credentials::from_json(text.to_string().as_bytes()).unwrap();
        let client = Client::new(&Config::new(credentials).with_trust(providers.trust())).unwrap();
        assert_eq!(send(&client, select()).await.unwrap().0, StatusCode::OK, "{ending}");
        let asked = clarify.journal().token_entries()[0].body_text();
        let audience = asked.split('&').find(|parameter| parameter.starts_with("audience=")).unwrap();
        assert!(audience.ends_with("%2Fv1%2F") && !audience.ends_with("%2F%2F"), "{audience}");
        assert_eq!(clarify.journal().api_entries()[0].path, "/v1/rpc", "{ending}");
    }
}

#[tokio::test]
async fn reads_the_files_that_clarify_issues() {
    let providers = Providers::start().await;
    let folder = tempfile::tempdir().unwrap();
    providers.sandbox.write_dir(folder.path()).unwrap();
    for (file, tokens) in [("clarify-credentials.json", 1), ("clarify-basic-credentials.json", 0)] {
        providers.clarify().journal().clear();
        let credentials = Credentials::from_file(folder.path().join("clarify").join(file)).unwrap();
        let client = Client::new(&Config::new(credentials).with_trust(providers.trust())).unwrap();
        assert_eq!(send(&client, select()).await.unwrap().0, StatusCode::OK, "{file}");
        assert_eq!(counts(providers.clarify()), (tokens, 1), "{file}");
    }
}

#[tokio::test]
async fn the_version_is_the_clients_and_the_callers_own_is_kept() {
    let providers = Providers::start().await;
    let config = providers.clarify_config().with_api_version(ApiVersion::new("1.2alpha1").unwrap());
    let client = Client::new(&config).unwrap();
    for (own, sent, served) in [(None, "1.2alpha1", "1.2beta1"), (Some("1.0"), "1.0", "1.0")] {
        providers.clarify().journal().clear();
        let mut request = select();
        if let Some(own) = own {
            request.headers_mut().insert("x-api-version", own.parse().unwrap());
        }
        let response = client.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-api-version"], served);
        let api = &providers.clarify().journal().api_entries()[0];
        assert_eq!(api.headers.get_all("x-api-version").iter().collect::<Vec<_>>(), [sent]);
    }
}

#[tokio::test]
async fn a_content_type_of_the_callers_is_kept() {
    let providers = Providers::start().await;
    let client = Client::new(&providers.clarify_config()).unwrap();
    for (own, expected) in [
        ("application/json; charset=utf-8", StatusCode::OK),
        // Clarify looks at it, so this shows that it was not replaced.
        ("text/plain", StatusCode::BAD_REQUEST),
    ] {
        let (status, _) = send(&client, with_type(select(), own)).await.unwrap();
        assert_eq!(status, expected, "{own}");
        assert_eq!(
            providers.clarify().journal().api_entries().last().unwrap().header("content-type"),
            Some(own)
        );
    }
}

#[tokio::test]
async fn a_notification_has_no_answer_and_that_is_no_error() {
    let providers = Providers::start().await;
    let client = Client::new(&providers.clarify_config()).unwrap();
    let notification = json!({ "jsonrpc": "2.0", "method": "clarify.selectItems", "params": {} });
    let (status, body) = send(&client, sending("POST", "/rpc", &notification)).await.unwrap();
    assert_eq!((status, body), (StatusCode::NO_CONTENT, json!(null)));
    assert_eq!(counts(providers.clarify()), (1, 1));
}

#[tokio::test]
async fn a_missing_permission_is_told_in_a_200_and_fetches_no_token() {
    let providers = Providers::start().await;
    // Were it taken for a rejected token, it would be thrown away at once.
    let client = Client::new(&providers.clarify_config().with_spacing(Duration::ZERO)).unwrap();
    send(&client, select()).await.unwrap();
    let foreign = rpc("integration.insert", json!({ "integration": "c00000000000000000g0", "data": {} }));
    for _ in 0..3 {
        let (status, body) = send(&client, sending("POST", "/rpc", &foreign)).await.unwrap();
        assert_eq!((status, &body["error"]["code"]), (StatusCode::OK, &json!(-32003)), "{body}");
    }
    assert_eq!(counts(providers.clarify()), (1, 4), "nothing was sent twice");
}

#[tokio::test]
async fn basic_goes_to_the_api_as_it_is_and_makes_no_token_request() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    // RFC 7617 §2: neither part is form-encoded here. The same would not do on a token endpoint.
    clarify.set_basic_password("pass wörd+/%:&=");
    let client = Client::new(&providers.clarify_basic_config()).unwrap();
    for _ in 0..2 {
        assert_eq!(send(&client, select()).await.unwrap().0, StatusCode::OK);
    }
    assert_eq!(counts(clarify), (0, 2));
    let header = clarify.journal().api_entries()[0].header("authorization").unwrap().to_owned();
    let pair = format!("{}:pass wörd+/%:&=", clarify.integration());
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
    assert_eq!(header, format!("Basic {encoded}"));
    assert_eq!(clarify.journal().api_entries()[0].header("x-api-version"), Some("1.1"));
}

#[tokio::test]
async fn a_401_to_basic_is_passed_on_and_nothing_is_sent_again() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    let config = providers.clarify_basic_config().with_spacing(Duration::ZERO);
    let client = Client::new(&config).unwrap();
    assert_eq!(send(&client, select()).await.unwrap().0, StatusCode::OK);
    clarify.set_basic_password("another");
    for _ in 0..3 {
        assert_eq!(send(&client, select()).await.unwrap().0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(counts(clarify), (0, 4));
}

#[tokio::test]
async fn the_secret_of_one_kind_is_no_good_as_the_other() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    let (integration, password) = (clarify.integration(), clarify.basic_password());
    // The file of the API key, taken for that of OAuth.
    let config = providers.clarify_config().with_client(integration, password.into());
    let error = Client::new(&config).unwrap().oneshot(select()).await.map_err(ours).unwrap_err();
    assert_eq!((error.kind(), error.oauth_error()), (ErrorKind::CredentialsRefused, Some("access_denied")));
    let config =
        providers.clarify_basic_config().with_client(clarify.client_id(), clarify.client_secret().into());
    let (status, _) = send(&Client::new(&config).unwrap(), select()).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(counts(clarify), (1, 1));
}
