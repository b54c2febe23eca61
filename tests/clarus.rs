//! What arrives at Clarus, and what comes back.

use std::time::Duration;

use claviger_auth_core::{ErrorKind, ManualClock, StaticToken, TokenCache, set_tenant::Tenant};
use claviger_clarus::{Authentication, ClarusLayer, Client, Config, Subdomain};
use claviger_oauth_code::{AuthorizationCode, MemorySessionStore, Session};
use claviger_sandbox::{Decision, Event, Fault, Target, Times};
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use http::StatusCode;
use serde_json::json;
use tower::Layer;

use crate::{
    clara_sandbox::{get, send},
    providers::{Providers, counts, record, sending},
};

const ORDERS: &str = "/api/orders";
const SUBDOMAIN: &str = "x-clarus-subdomain";

#[tokio::test]
async fn fetches_a_token_by_basic_and_names_the_tenant_to_the_api_alone() {
    let providers = Providers::start().await;
    let clarus = providers.clarus();
    let credentials = providers.clarus_credentials().with_scope("read write");
    let client = Client::new(&providers.clarus_config_of("acme", credentials)).unwrap();
    let (status, body) = send(&client, get(ORDERS)).await.unwrap();
    assert_eq!((status, &body["meta"]["subdomain"]), (StatusCode::OK, &json!("acme")));

    let [token, api] = &clarus.journal().entries()[..] else { panic!("not two requests") };
    assert_eq!((token.method.as_str(), token.path.as_str()), ("POST", "/oauth/token"));
    assert_eq!(token.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(token.body_text(), "grant_type=client_credentials&scope=read+write");
    assert!(token.header("authorization").unwrap().starts_with("Basic "));
    assert_eq!(token.header(SUBDOMAIN), None);
    assert!(api.header("authorization").unwrap().starts_with("Bearer "));
    assert_eq!(api.headers.get_all(SUBDOMAIN).iter().collect::<Vec<_>>(), ["acme"]);
}

#[tokio::test]
async fn by_choice_the_credentials_are_in_the_form_and_the_tenant_on_token_requests() {
    let providers = Providers::start().await;
    let clarus = providers.clarus();
    let credentials = providers.clarus_credentials();
    let credentials = credentials.with_method(ClientAuthenticationMethod::ClientSecretPost);
    let config = providers.clarus_config_of("acme-test", credentials).with_subdomain_on_token_requests();
    let (status, _) = send(&Client::new(&config).unwrap(), get(ORDERS)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    let [token, api] = &clarus.journal().entries()[..] else { panic!("not two requests") };
    assert_eq!(token.headers.get_all(SUBDOMAIN).iter().collect::<Vec<_>>(), ["acme-test"]);
    assert_eq!(token.header("authorization"), None);
    assert!(token.body_text().contains(&format!("client_secret={}", clarus.client_secret())));
    assert_eq!(api.header(SUBDOMAIN), Some("acme-test"));
}

#[tokio::test]
async fn switches_the_tenant_per_request_with_the_same_token() {
    let providers = Providers::start().await;
    let config = Config::per_request(providers.clarus_credentials())
        .with_trust(providers.trust())
        .with_api_url(&providers.clarus().api_url())
        .unwrap();
    let client = Client::new(&config).unwrap();
    let error = send(&client, get(ORDERS)).await.unwrap_err();
    assert_eq!((error.kind(), counts(providers.clarus())), (ErrorKind::Tenant, (0, 0)));
    for subdomain in ["acme", "acme-test", "acme"] {
        let mut request = get(ORDERS);
        request.extensions_mut().insert(Tenant::from(Subdomain::new(subdomain).unwrap()));
        let (status, body) = send(&client, request).await.unwrap();
        assert_eq!((status, &body["meta"]["subdomain"]), (StatusCode::OK, &json!(subdomain)));
    }
    assert_eq!(counts(providers.clarus()), (1, 3));
}

#[tokio::test]
async fn a_tenant_of_somebody_else_is_clarus_s_to_refuse_and_fetches_no_token() {
    let providers = Providers::start().await;
    let foreign = providers.clarus().foreign_subdomain();
    let config = providers.clarus_config_of(foreign, providers.clarus_credentials());
    let client = Client::new(&config.with_spacing(Duration::ZERO)).unwrap();
    for _ in 0..3 {
        let (status, _) = send(&client, get(ORDERS)).await.unwrap();
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
    assert_eq!(counts(providers.clarus()), (1, 3));
}

#[tokio::test]
async fn writes_records_and_asks_by_graphql() {
    let providers = Providers::start().await;
    let client = Client::new(&providers.clarus_config()).unwrap();
    let (status, made) = send(&client, sending("POST", ORDERS, &record("A-7"))).await.unwrap();
    assert_eq!((status, &made["data"]["attributes"]["code"]), (StatusCode::CREATED, &json!("A-7")));

    let (_, list) = send(&client, get(ORDERS)).await.unwrap();
    let one = format!("{ORDERS}/{}", list["data"][0]["id"].as_str().unwrap());
    let (status, body) = send(&client, sending("PATCH", &one, &record("A-8"))).await.unwrap();
    assert_eq!((status, body), (StatusCode::NO_CONTENT, json!(null)));

    let query = json!({ "query": "{ orders(first: 2) { nodes { id } } }", "variables": { "first": 2 } });
    let (status, body) = send(&client, sending("POST", "/graphql", &query)).await.unwrap();
    assert_eq!((status, body["data"]["orders"]["nodes"].as_array().unwrap().len()), (StatusCode::OK, 2));

    assert_eq!(counts(providers.clarus()), (1, 4));
    let entries = providers.clarus().journal().api_entries();
    assert!(entries.iter().all(|entry| entry.header("content-type") == Some("application/json")));
}

#[tokio::test]
async fn an_error_in_a_graphql_answer_is_passed_on() {
    let providers = Providers::start().await;
    let client = Client::new(&providers.clarus_config().with_spacing(Duration::ZERO)).unwrap();
    for _ in 0..2 {
        let query = json!({ "query": "orders" });
        let (status, body) = send(&client, sending("POST", "/graphql", &query)).await.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert!(body["errors"][0]["message"].is_string(), "{body}");
    }
    assert_eq!(counts(providers.clarus()), (1, 2));
}

#[tokio::test]
async fn an_ended_session_is_taken_up_again_once_with_the_body() {
    let providers = Providers::start().await;
    let clarus = providers.clarus();
    let client = Client::new(&providers.clarus_config().with_spacing(Duration::ZERO)).unwrap();
    send(&client, get(ORDERS)).await.unwrap();
    assert_eq!(clarus.end_session(), 1);
    clarus.journal().clear();
    let (status, made) = send(&client, sending("POST", ORDERS, &record("A-7"))).await.unwrap();
    assert_eq!((status, &made["data"]["attributes"]["code"]), (StatusCode::CREATED, &json!("A-7")));
    assert_eq!(counts(clarus), (1, 2));
    let [first, second] = &clarus.journal().api_entries()[..] else { panic!("not two requests") };
    assert_eq!((first.body_text(), first.header(SUBDOMAIN)), (second.body_text(), second.header(SUBDOMAIN)));
    assert_ne!(first.header("authorization"), second.header("authorization"));
}

#[tokio::test]
async fn somebody_who_ends_the_session_again_and_again_is_not_fought() {
    let providers = Providers::start().await;
    let clarus = providers.clarus();
    // So that no token is fetched ahead of its end.
    clarus.set_token_life(Duration::from_secs(3600));
    let clock = ManualClock::new();
    let config = providers.clarus_config();
    let source = config.token_source(config.transport().unwrap()).unwrap().unwrap();
    let spacing = Duration::from_secs(60);
    let cache = TokenCache::builder(source).with_spacing(spacing).with_clock(clock.clone()).build();
    let layer = ClarusLayer::with_credentials(&config, cache);
    let service = layer.layer(config.transport().unwrap());
    let orders = || get(&format!("{}{ORDERS}", clarus.api_url()));
    send(&service, orders()).await.unwrap();
    // Each session that was ended in its turn is left alone for twice as long as the one before.
    for (tokens, wait) in [(2, spacing), (3, 2 * spacing), (4, 4 * spacing)] {
        clarus.end_session();
        clock.advance(wait - Duration::from_secs(1));
        for _ in 0..10 {
            let (status, _) = send(&service, orders()).await.unwrap();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "it is left to the other one for a while");
        }
        assert_eq!(clarus.journal().token_requests(), tokens - 1);
        clock.advance(Duration::from_secs(2));
        let (status, _) = send(&service, orders()).await.unwrap();
        assert_eq!(status, StatusCode::OK, "and then taken up again");
        assert_eq!(clarus.journal().token_requests(), tokens);
    }
}

#[tokio::test]
async fn an_api_that_refuses_every_token_causes_no_storm() {
    let providers = Providers::start().await;
    let clarus = providers.clarus();
    let client = Client::new(&providers.clarus_config()).unwrap();
    send(&client, get(ORDERS)).await.unwrap();
    clarus.play(Target::Api, Fault::Unauthorized, Times::UntilCleared);
    for _ in 0..20 {
        assert_eq!(send(&client, get(ORDERS)).await.unwrap().0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(counts(clarus), (1, 21));
}

#[tokio::test]
async fn a_given_token_is_sent_as_it_is_and_never_twice() {
    let providers = Providers::start().await;
    let clarus = providers.clarus();
    // As it is pasted out of a browser, scheme included.
    let token = StaticToken::bearer(format!("Bearer {}\n", clarus.static_token()).into()).unwrap();
    let config = providers.clarus_config_of("acme", token).with_spacing(Duration::ZERO);
    let client = Client::new(&config).unwrap();
    assert_eq!(send(&client, get(ORDERS)).await.unwrap().0, StatusCode::OK);
    let header = format!("Bearer {}", clarus.static_token());
    assert_eq!(clarus.journal().api_entries()[0].header("authorization"), Some(&*header));
    assert!(clarus.revoke(clarus.static_token()));
    for _ in 0..3 {
        assert_eq!(send(&client, get(ORDERS)).await.unwrap().0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(counts(clarus), (0, 4));
}

#[tokio::test]
async fn a_login_outlives_an_ended_session_and_ends_with_itself() {
    let providers = Providers::start().await;
    let (clarus, login) = (providers.clarus(), providers.clarus().login());
    let config = providers.clarus_config_of("acme", Authentication::Session);
    let public = ClientAuthentication::new(ClientAuthenticationMethod::None, login.public_client_id());
    let endpoint = TokenEndpoint::builder(config.endpoints().token_url(), public);
    let endpoint = endpoint.build(config.transport().unwrap()).unwrap();
    let code = AuthorizationCode::builder(endpoint.clone(), config.endpoints().authorize_url());
    let begun = code.build().unwrap().begin().unwrap();
    let back = login.decide(begun.url(), Decision::Allow).unwrap();
    let session = Session::new(endpoint, MemorySessionStore::new());
    session.begin(&begun.accept_redirect(&back).await.unwrap()).await.unwrap();
    let tokens = TokenCache::builder(session).with_spacing(Duration::ZERO).build();
    let client = Client::with_credentials(&config, tokens).unwrap();

    for round in 1..=3 {
        assert_eq!(clarus.end_session(), 1);
        let (status, body) = send(&client, sending("POST", ORDERS, &record("A-7"))).await.unwrap();
        assert_eq!((status, &body["meta"]["subdomain"]), (StatusCode::CREATED, &json!("acme")), "{round}");
        // The code and each renewal; and each request twice.
        assert_eq!(counts(clarus), (1 + round, 2 * round));
    }
    login.end_logins();
    let error = send(&client, get(ORDERS)).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (ErrorKind::CredentialsRefused, "log in again"));
    assert!(!clarus.journal().events().contains(&Event::ReuseDetected));
}
