//! A proxy on the way: it sees where a connection goes, and nothing of what is in it.

use claviger_auth_core::ErrorKind;
use claviger_clara::Client;
use claviger_client::Proxies;
use claviger_sandbox::Provider;
use http::StatusCode;

use crate::{
    clara_sandbox::{ACME, ClaraSandbox, TRANSACTIONS, get, get_for, send, tax_identifier},
    connect_proxy::ConnectProxy,
    providers::{Providers, Stack, counts},
    real_software::free_address,
};

/// A URL where nobody listens, but which the sandbox's certificate is for: only the proxy knows the way.
const NOBODY: &str = "https://localhost:1";

/// The URL of a provider's API, with nobody in the place of its address.
fn nowhere(provider: &Provider) -> String {
    provider.api_url().replace(&format!("https://{}", provider.address()), NOBODY)
}

#[tokio::test]
async fn certificate_token_and_tenant_pass_through_it_unseen() {
    let sandbox = ClaraSandbox::start().await;
    let clara = sandbox.clara();
    let proxy = ConnectProxy::to(clara.address()).await;
    let config = sandbox.config().with_tax_identifier(tax_identifier(ACME)).with_proxies(proxy.proxies(""));
    let client = Client::new(&config.with_api_url(NOBODY).unwrap()).unwrap();
    let (status, body) = send(&client, get(TRANSACTIONS)).await.unwrap();
    assert_eq!((status, &body["company"]["taxIdentifier"]), (StatusCode::OK, &ACME.into()));

    // All of it arrived.
    let [token, api] = &sandbox.journal().entries()[..] else { panic!("not two requests") };
    let ours = sandbox.identity().thumbprint().to_string();
    for entry in [token, api] {
        assert_eq!(entry.peer.thumbprint.as_deref(), Some(&*ours), "the certificate is ours at both");
        assert!(entry.headers.keys().all(|name| !name.as_str().starts_with("proxy-")));
    }
    let value = |header: Option<&str>| header.unwrap().split_once(' ').unwrap().1.to_owned();
    let hidden = [
        ("the secret", clara.client_secret().into_bytes()),
        ("the Basic value", value(token.header("authorization")).into_bytes()),
        ("the token", value(api.header("authorization")).into_bytes()),
        ("the tenant", api.header("x-tax-identifier").unwrap().into()),
        ("the certificate", der(clara.identity().certificate_pem())),
        ("a path", b"/oauth/token".to_vec()),
        ("another path", TRANSACTIONS.into()),
        ("a header's name", b"x-tax-identifier".to_vec()),
        ("the answer", b"totalElements".to_vec()),
    ];
    // And the proxy saw none of it.
    let seen = proxy.seen();
    for head in &seen.heads {
        let names = ["authorization", "cookie", "x-tax-identifier"];
        assert!(head.starts_with("CONNECT localhost:1 HTTP/1.1\r\n"), "{head}");
        assert!(!names.iter().any(|name| head.to_ascii_lowercase().contains(name)), "{head}");
    }
    assert_eq!(seen.heads.len(), 2, "one tunnel for token requests, one for the API");
    assert!(seen.contains("http/1.1") && seen.bytes.len() > 4_000, "the control: the hello was seen");
    for (name, value) in hidden {
        assert!(!value.is_empty() && !seen.contains(&value), "{name} was seen");
    }
}

/// What is between the lines of a PEM file.
fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap()
}

#[tokio::test]
async fn what_no_proxy_lists_is_reached_straight() {
    let sandbox = ClaraSandbox::start().await;
    let proxy = ConnectProxy::to(sandbox.clara().address()).await;
    for (no_proxy, tunnels) in [("10.0.0.0/8, 127.0.0.0/8", 0), ("127.0.0.1", 0), ("localhost,.example", 2)] {
        let config = sandbox.config().with_proxies(proxy.proxies(no_proxy));
        let client = Client::new(&config).unwrap();
        assert_eq!(send(&client, get_for(TRANSACTIONS, ACME)).await.unwrap().0, StatusCode::OK);
        assert_eq!(proxy.seen().heads.len(), tunnels, "{no_proxy}");
    }
}

#[tokio::test]
async fn without_proxies_nobody_is_asked_for_a_tunnel() {
    let sandbox = ClaraSandbox::start().await;
    let config = sandbox.config().with_api_url(NOBODY).unwrap();
    let error = send(&Client::new(&config).unwrap(), get(TRANSACTIONS)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "the control: nobody listens there");
}

#[tokio::test]
async fn token_requests_and_the_api_of_every_provider_go_through_it() {
    let providers = Providers::start().await;
    for stack in Stack::ALL {
        let provider = stack.provider(&providers);
        let proxy = ConnectProxy::to(provider.address()).await;
        let client = stack.client_through(&providers, &nowhere(provider), proxy.proxies(""));
        // Clarify compares the audience with its own URL, which this is not.
        if stack == Stack::Clarify {
            let error = stack.call(&client).await.unwrap_err();
            assert_eq!(error.status(), Some(StatusCode::FORBIDDEN), "{error}");
            assert_eq!(counts(provider), (1, 0));
            let straight = stack.client_through(&providers, &provider.api_url(), proxy.proxies(""));
            assert!(stack.call(&straight).await.unwrap().is_success());
            assert_eq!(proxy.seen().heads.len(), 3);
            continue;
        }
        assert!(stack.call(&client).await.unwrap().is_success(), "{stack:?}");
        assert_eq!(counts(provider), (1, 1), "{stack:?}");
        assert_eq!(proxy.seen().heads.len(), 2, "{stack:?}");
        assert!(!proxy.seen().contains(provider.client_secret()), "{stack:?}");
    }
}

#[tokio::test]
async fn the_proxys_password_is_for_the_proxy_alone() {
    let sandbox = ClaraSandbox::start().await;
    let proxy = ConnectProxy::to(sandbox.clara().address()).await;
    let proxies = Proxies::new(&format!("http://acme:swordfish@{}", proxy.address()), "").unwrap();
    let client = Client::new(&sandbox.config().with_proxies(proxies)).unwrap();
    assert_eq!(send(&client, get(TRANSACTIONS)).await.unwrap().0, StatusCode::OK);
    let heads = proxy.seen().heads;
    assert!(heads.len() == 2 && heads.iter().all(|head| head.contains("Basic YWNtZTpzd29yZGZpc2g=")));
    let entries = sandbox.journal().entries();
    assert!(entries.iter().all(|entry| entry.header("proxy-authorization").is_none()));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named_and_not_gone_around() {
    let providers = Providers::start().await;
    let gone = free_address().await.to_string();
    for stack in Stack::ALL {
        let provider = stack.provider(&providers);
        let proxies = Proxies::new(&format!("http://acme:swordfish@{gone}"), "").unwrap();
        let client = stack.client_through(&providers, &provider.api_url(), proxies);
        let error = stack.call(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Connect, true), "{stack:?}");
        let told = format!("{error} {error:?}");
        assert!(told.contains(&gone) && !told.contains("swordfish"), "{told}");
        assert!(error.advice().contains("HTTPS_PROXY"), "{}", error.advice());
        assert_eq!(counts(provider), (0, 0), "{stack:?}");
    }
}

#[tokio::test]
async fn a_proxy_cannot_pass_for_the_server() {
    let sandbox = ClaraSandbox::start().await;
    // It leads to another server, whose certificate is for this address as well, and another authority's.
    let other = ClaraSandbox::start().await;
    let proxy = ConnectProxy::to(other.clara().address()).await;
    let client = Client::new(&sandbox.config().with_proxies(proxy.proxies(""))).unwrap();
    let error = send(&client, get(TRANSACTIONS)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert_eq!((sandbox.counts(), other.counts()), ((0, 0), (0, 0)));
}
