//! Whole requests, over what the sandbox writes.

use std::fs;

use claviger_sandbox::{Options, Sandbox};
use http::StatusCode;

use super::*;
use crate::{args::Choice, environment::Environment, settings};

async fn get(sandbox: &Sandbox, profile: &str, tenant: Option<&str>, more: &str) -> StatusCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    sandbox.write_dir(folder.path()).unwrap();
    let config = folder.path().join("claviger.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + more).unwrap();
    let choice = Choice { config: Some(config), profile: Some(profile.into()), ..Choice::default() };
    let profile = settings::load(&choice, tenant.map(Into::into), &Environment::of(&[])).unwrap();
    let stack = Stack::new(&*profile.provider, unkept).unwrap();
    let url = stack.base().locate("/api/v3/users").unwrap();
    stack.send(Request::get(url).body(Full::default()).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn sends_certificate_token_and_tenant() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let journal = sandbox.clara().journal();
    for (profile, path) in
        [("clara", "/api/v3/users"), ("clara-test", "/api-test/v3/users"), ("custom", "/api/v3/users")]
    {
        journal.clear();
        assert_eq!(get(&sandbox, profile, Some("TPR950612KL4"), "").await, StatusCode::OK);
        let [token, api] = &*journal.entries() else { panic!("{:?}", journal.entries()) };
        assert_eq!(api.path, path);
        assert_eq!(api.header("x-tax-identifier"), Some("TPR950612KL4"));
        assert!(api.header("authorization").unwrap().starts_with("Bearer "));
        assert!(token.peer.thumbprint.is_some() && token.peer.thumbprint == api.peer.thumbprint);
        assert_eq!(token.header("x-tax-identifier"), None);
    }
}

#[tokio::test]
async fn token_requests_say_what_the_settings_add() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let more = "tenant_on_token_requests = true\nscope = \"a b\"\naudience = \"c\"\nresource = [\"https://d.example/\"]\n";
    assert_eq!(get(&sandbox, "custom", None, more).await, StatusCode::OK);
    let [token] = &*sandbox.clara().journal().token_entries() else { panic!("not one token request") };
    assert_eq!(token.header("x-tax-identifier"), Some("ACME8001011H0"));
    for part in ["scope=a+b", "audience=c", "resource=https%3A%2F%2Fd.example%2F"] {
        assert!(token.body_text().contains(part), "{}", token.body_text());
    }
}

#[tokio::test]
async fn without_authentication_there_is_no_token() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let url = sandbox.clara().api_url();
    let more = format!(
        "[profiles.bare]\nprovider = \"custom\"\nauth = \"none\"\napi_url = \"{url}\"\nca_file = \"ca.pem\"\n\
         cert_file = \"clara/client.crt\"\nkey_file = \"clara/client.key\"\n"
    );
    assert_eq!(get(&sandbox, "bare", None, &more).await, StatusCode::UNAUTHORIZED);
    let [api] = &*sandbox.clara().journal().entries() else { panic!("not one request") };
    assert_eq!(api.header("authorization"), None);
}
