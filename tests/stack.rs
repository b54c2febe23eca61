//! What arrives at Clara, and what comes back, when all goes well.

use claviger_auth_core::ErrorKind;
use claviger_clara::{ClaraLayer, Client, Config, Country, Credentials, Environment};
use claviger_mtls::Trust;
use http::{StatusCode, Version};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use crate::clara_sandbox::{
    ACME, ClaraSandbox, Full, OTHER, TRANSACTIONS, get, get_for, identity, post, send, tax_identifier,
    transport,
};

#[tokio::test]
async fn c15_fetches_a_token_with_the_certificate_and_calls_the_api_with_both() {
    let sandbox = ClaraSandbox::start().await;
    let (status, body) = send(&sandbox.client(), get(TRANSACTIONS)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["totalElements"], 60, "{body}");

    let [token, api] = &sandbox.journal().entries()[..] else { panic!("not two requests") };
    assert_eq!((token.method.as_str(), token.path.as_str()), ("POST", "/oauth/token"));
    assert_eq!(token.query, None);
    assert_eq!(token.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(token.body_text(), "grant_type=client_credentials");
    assert!(token.header("authorization").unwrap().starts_with("Basic "));
    assert_eq!((api.path.as_str(), api.status), (TRANSACTIONS, Some(StatusCode::OK)));
    assert!(api.header("authorization").unwrap().starts_with("Bearer sandbox-"));
    assert_eq!(api.header("x-tax-identifier"), None);
    let ours = sandbox.identity().thumbprint().to_string();
    for entry in [token, api] {
        assert_eq!(entry.peer.thumbprint.as_deref(), Some(&*ours));
        assert_eq!(entry.version, Version::HTTP_2);
    }
}

#[tokio::test]
async fn reads_the_folder_that_clara_sends() {
    let sandbox = ClaraSandbox::start().await;
    let folder = tempfile::tempdir().unwrap();
    sandbox.sandbox.write_dir(folder.path()).unwrap();
    let credentials = Credentials::from_dir(folder.path().join("clara")).unwrap();
    assert_eq!(credentials.client_id(), sandbox.clara().client_id());
    // No trust is given: the CA that stands in the folder is what makes this work.
    let config = Config::new(Country::Mexico, credentials).with_api_url(&sandbox.clara().api_url()).unwrap();
    let (status, _) = send(&Client::new(&config).unwrap(), get(TRANSACTIONS)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_fixed_tenant_stands_on_every_request_and_on_no_token_request() {
    let sandbox = ClaraSandbox::start().await;
    let config = sandbox.config().with_tax_identifier(tax_identifier(ACME));
    let client = Client::new(&config).unwrap();
    for path in [TRANSACTIONS, "/api/v3/cards"] {
        let (_, body) = send(&client, get(path)).await.unwrap();
        assert_eq!(body["company"]["taxIdentifier"], ACME);
    }
    let error = send(&client, get_for(TRANSACTIONS, OTHER)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tenant);
    assert_eq!(sandbox.counts(), (1, 2));
    assert_eq!(sandbox.journal().token_entries()[0].header("x-tax-identifier"), None);
}

#[tokio::test]
async fn switches_the_tenant_per_request_with_the_same_token_and_connection() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    for tenant in [ACME, OTHER, ACME] {
        let (status, body) = send(&client, get_for(TRANSACTIONS, tenant)).await.unwrap();
        assert_eq!((status, &body["company"]["taxIdentifier"]), (StatusCode::OK, &tenant.into()));
    }
    let (_, body) = send(&client, get(TRANSACTIONS)).await.unwrap();
    assert_eq!(body["company"]["taxIdentifier"], serde_json::Value::Null, "no tenant is left over");
    assert_eq!(sandbox.counts(), (1, 4));
    let entries = sandbox.journal().api_entries();
    assert!(entries.iter().all(|entry| entry.header("authorization") == entries[0].header("authorization")));
}

#[tokio::test]
async fn a_required_tenant_is_asked_for_before_anything_is_sent() {
    let sandbox = ClaraSandbox::start().await;
    let client = Client::new(&sandbox.config().with_tax_identifier_required()).unwrap();
    let error = send(&client, get(TRANSACTIONS)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tenant);
    assert_eq!(sandbox.counts(), (0, 0));
    let (status, _) = send(&client, get_for(TRANSACTIONS, ACME)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_tenant_of_another_group_is_clara_s_to_refuse() {
    let sandbox = ClaraSandbox::start().await;
    let (status, body) = send(&sandbox.client(), get_for(TRANSACTIONS, "XXX010101AB1")).await.unwrap();
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &"FORBIDDEN".into()));
    assert_eq!(sandbox.counts(), (1, 1), "a 403 is no reason for another token");
}

#[tokio::test]
async fn speaks_http_1_where_that_is_all_there_is() {
    let sandbox = ClaraSandbox::start().await;
    let client = transport(sandbox.tls().with_http1_only());
    let service = ClaraLayer::new(&sandbox.config(), client.clone()).unwrap().layer(client);
    for _ in 0..2 {
        let (status, _) = send(&service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap();
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(sandbox.counts(), (1, 2));
    assert!(sandbox.journal().entries().iter().all(|entry| entry.version == Version::HTTP_11));
}

#[tokio::test]
async fn the_test_environment_has_its_own_prefix_and_its_own_credentials() {
    let sandbox = ClaraSandbox::start().await;
    let clara = sandbox.clara();
    let test = identity(clara.test_identity());
    let config = sandbox
        .config_of(clara.test_client_id(), clara.test_client_secret(), test)
        .with_environment(Environment::Test);
    let (status, body) = send(&Client::new(&config).unwrap(), get(TRANSACTIONS)).await.unwrap();
    assert_eq!((status, &body["environment"]), (StatusCode::OK, &"test".into()));
    assert_eq!(sandbox.journal().api_entries()[0].path, "/api-test/v3/transactions");

    let config = sandbox.config().with_environment(Environment::Test);
    let (status, _) = send(&Client::new(&config).unwrap(), get(TRANSACTIONS)).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED, "production's token is not good there");
}

#[tokio::test]
async fn a_body_arrives_as_it_was_sent() {
    let sandbox = ClaraSandbox::start().await;
    let request = post("/api/v3/users", r#"{"name":"José"}"#);
    let (status, body) = send(&sandbox.client(), request).await.unwrap();
    assert_eq!((status, &body["received"]["name"]), (StatusCode::CREATED, &"José".into()));
}

#[tokio::test]
async fn a_large_body_and_a_large_answer_pass_in_pieces() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    let body = Full::from(vec![b'x'; 3_000_000]);
    let request = http::Request::post("/api/v3/upload").body(body).unwrap();
    let (status, answer) = send(&client, request).await.unwrap();
    assert_eq!((status, &answer["length"]), (StatusCode::CREATED, &3_000_000.into()));

    let mut body = client.oneshot(get("/api/v3/large?bytes=5000000")).await.unwrap().into_body();
    let (mut length, mut pieces) = (0, 0);
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().map_or(0, |data| data.len());
        pieces += 1;
    }
    assert_eq!(length, 5_000_000);
    assert!(pieces > 1, "it came as a stream");
}

#[tokio::test]
async fn trust_in_somebody_else_is_not_enough() {
    let sandbox = ClaraSandbox::start().await;
    let foreign = Trust::given([sandbox.clara().client_ca_pem().as_bytes()]).unwrap();
    let client = Client::new(&sandbox.config().with_trust(foreign)).unwrap();
    let error = send(&client, get(TRANSACTIONS)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert_eq!(sandbox.counts(), (0, 0));
}
