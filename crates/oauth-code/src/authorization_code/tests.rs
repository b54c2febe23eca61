use std::collections::BTreeMap;

use super::*;
use crate::fake_server::FakeServer;

fn builder() -> AuthorizationCodeBuilder {
    AuthorizationCode::builder(FakeServer::new().endpoint(), "https://auth.example/authorize")
}

fn query(login: &Login) -> BTreeMap<String, String> {
    let (_, query) = login.url().split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[test]
fn asks_for_what_it_was_told_with_a_proof_key() {
    let client = builder()
        .with_scope(" read offline_access ")
        .with_audience("https://api.example/")
        .with_resource("https://api.example/v1")
        .with_resource("https://api.example/v2")
        .with_parameter("prompt", "none")
        .with_parameter("prompt", "consent")
        .with_parameter("login_hint", "swordfish")
        .with_redirect_uri("https://app.example/cb?a=b")
        .build()
        .unwrap();
    let login = client.begin().unwrap();
    assert!(login.url().starts_with("https://auth.example/authorize?response_type=code&client_id=acme&"));
    let sent = query(&login);
    assert_eq!(sent["redirect_uri"], "https://app.example/cb?a=b");
    assert_eq!((&*sent["scope"], &*sent["audience"]), ("read offline_access", "https://api.example/"));
    assert_eq!((&*sent["prompt"], login.url().matches("prompt=").count()), ("consent", 1));
    assert_eq!(login.url().matches("resource=https%3A%2F%2Fapi.example%2Fv").count(), 2);
    assert_eq!((&*sent["code_challenge_method"], sent["code_challenge"].len()), ("S256", 43));
    let other = query(&client.begin().unwrap());
    assert_ne!(sent["state"], other["state"]);
    assert_ne!(sent["code_challenge"], other["code_challenge"]);
    let shown = format!("{login:?} {client:?}");
    assert_eq!(sent["login_hint"], "swordfish", "it was there to be found");
    assert!(
        !shown.contains("swordfish")
            && !shown.contains(&sent["state"])
            && !shown.contains(&sent["code_challenge"]),
        "{shown}"
    );
}

#[test]
fn keeps_the_query_that_the_authorize_url_has() {
    let endpoint = FakeServer::new().endpoint();
    let client = AuthorizationCode::builder(endpoint, "https://auth.example/a?tenant=x").build().unwrap();
    let login = client.begin().unwrap();
    assert!(
        login.url().starts_with("https://auth.example/a?tenant=x&response_type=code&"),
        "{}",
        login.url()
    );
    assert_eq!(query(&login)["redirect_uri"], "http://127.0.0.1/callback");
}

#[test]
fn refuses_what_would_not_be_safe() {
    let endpoint = FakeServer::new().endpoint();
    for url in ["http://auth.example/a", "https://u:p@auth.example/a", "https://auth.example/a#b", "auth"] {
        let error = AuthorizationCode::builder(endpoint.clone(), url).build().unwrap_err();
        assert_eq!(
            (error.kind(), error.subject()),
            (ErrorKind::Configuration, Some("authorize_url")),
            "{url}"
        );
    }
    for (query, is_good) in
        [("a=b", true), ("state=x", false), ("a=b&res%6Furce=x", false), ("prompt=none", false)]
    {
        let url = format!("https://auth.example/a?{query}");
        let built =
            AuthorizationCode::builder(endpoint.clone(), url).with_parameter("prompt", "login").build();
        assert_eq!(built.is_ok(), is_good, "{query}");
    }
    let loopback = || AuthorizationCode::builder(endpoint.clone(), "http://127.0.0.1:1/a");
    assert!(loopback().build().is_err());
    assert!(loopback().with_loopback_http().build().is_ok());
    for name in RESERVED {
        let error = builder().with_parameter(name, "x").build().unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, Some(name)));
    }
    assert!(builder().with_redirect_uri("http://app.example/").build().is_err());
    let shown = format!("{:?}", AuthorizationCode::builder(endpoint, "https://u:swordfish@auth.example/"));
    assert!(!shown.contains("swordfish"));
}
