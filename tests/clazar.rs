//! What arrives at Clazar, and what comes back.

use claviger_auth_core::ErrorKind;
use claviger_clazar::Client;
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    clara_sandbox::{get, send},
    providers::{Providers, counts, sending},
};

#[tokio::test]
async fn asks_for_a_token_with_json_and_no_grant_type() {
    let providers = Providers::start().await;
    let clazar = providers.clazar();
    let client = Client::new(&providers.clazar_config()).unwrap();
    let (status, body) = send(&client, get("/contracts/?page=2&page_size=10")).await.unwrap();
    assert_eq!((status, body["results"].as_array().unwrap().len()), (StatusCode::OK, 10));

    let [token, api] = &clazar.journal().entries()[..] else { panic!("not two requests") };
    assert_eq!((token.method.as_str(), token.path.as_str()), ("POST", "/authenticate/"));
    assert_eq!(token.header("content-type"), Some("application/json"));
    assert_eq!(token.header("authorization"), None);
    let sent: Value = serde_json::from_slice(&token.body).unwrap();
    let expected = json!({ "client_id": clazar.client_id(), "client_secret": clazar.client_secret() });
    assert_eq!(sent, expected, "an id, a secret and nothing else");
    // The answer has `bearer` in lower case; what is sent has it as RFC 6750 writes it.
    assert!(api.header("authorization").unwrap().starts_with("Bearer "));
    assert_eq!((&*api.path, api.query.as_deref()), ("/contracts/", Some("page=2&page_size=10")));
}

#[tokio::test]
async fn a_secret_with_any_characters_arrives_as_it_is() {
    let providers = Providers::start().await;
    let secret = "a b%+/:&=\u{e9}\"\\\u{1f511}";
    providers.clazar().set_client_secret(secret);
    for config in [providers.clazar_config(), providers.clazar_config().with_form_encoding()] {
        let (status, _) = send(&Client::new(&config).unwrap(), get("/buyers/")).await.unwrap();
        assert_eq!(status, StatusCode::OK);
    }
}

#[tokio::test]
async fn by_choice_it_asks_with_the_form_that_airbyte_sends() {
    let providers = Providers::start().await;
    let clazar = providers.clazar();
    let client = Client::new(&providers.clazar_config().with_form_encoding()).unwrap();
    assert_eq!(send(&client, get("/buyers/")).await.unwrap().0, StatusCode::OK);
    let token = &clazar.journal().token_entries()[0];
    assert_eq!(token.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(token.header("authorization"), None);
    let mut parameters: Vec<_> = token.body_text().split('&').map(str::to_owned).collect();
    parameters.sort_unstable();
    let id = format!("client_id={}", clazar.client_id());
    let secret = format!("client_secret={}", clazar.client_secret());
    assert_eq!(parameters, [id, secret, "grant_type=client_credentials".to_owned()]);
}

#[tokio::test]
async fn paths_of_the_api_keep_the_slash_that_the_caller_wrote() {
    let providers = Providers::start().await;
    let client = Client::new(&providers.clazar_config()).unwrap();
    for path in ["/buyers", "/buyers/"] {
        assert_eq!(send(&client, get(path)).await.unwrap().0, StatusCode::OK, "{path}");
        assert_eq!(providers.clazar().journal().api_entries().last().unwrap().path, path);
    }
    // A POST that misses it is redirected, and whether to send its body again is the caller's to say.
    let (status, _) = send(&client, sending("POST", "/metering", &json!({ "request": [] }))).await.unwrap();
    assert_eq!(status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(counts(providers.clazar()), (1, 3));
}

#[tokio::test]
async fn the_redirect_of_a_token_url_without_its_slash_is_told_and_not_followed() {
    let providers = Providers::start().await;
    let clazar = providers.clazar();
    let url = clazar.token_url();
    let config = providers.clazar_config().with_token_url(url.trim_end_matches('/')).unwrap();
    let error = send(&Client::new(&config).unwrap(), get("/buyers/")).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Protocol, Some(StatusCode::MOVED_PERMANENTLY)));
    assert!(error.to_string().contains("redirects"), "{error}");
    assert!(error.to_string().contains("/authenticate"), "{error}");
    assert!(error.advice().contains("slash"), "{}", error.advice());
    assert!(!error.is_transient());
    let [only] = &clazar.journal().entries()[..] else { panic!("not one request") };
    assert_eq!(only.path, "/authenticate");
}

#[tokio::test]
async fn a_record_that_failed_is_in_a_200_and_nothing_is_sent_again() {
    let providers = Providers::start().await;
    let client = Client::new(&providers.clazar_config()).unwrap();
    let usage = json!({ "request": [{ "contract_id": "none", "quantity": 1 }] });
    let (status, body) = send(&client, sending("POST", "/metering/", &usage)).await.unwrap();
    assert_eq!((status, &body["results"][0]["status"]), (StatusCode::OK, &json!("error")));
    assert_eq!(counts(providers.clazar()), (1, 1));
}
