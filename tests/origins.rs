//! Where a request may go. What is refused is refused before anything is sent: the journal has nothing.

use claviger_auth_core::{ErrorKind, Origin, StaticToken, authorization::AuthorizationLayer};
use claviger_clara::{ClaraLayer, Client};
use claviger_sandbox::{Fault, Target, Times};
use http::{
    Request, StatusCode,
    header::{AUTHORIZATION, HOST},
};
use tower::Layer;

use crate::clara_sandbox::{ClaraSandbox, Full, TRANSACTIONS, get, send, tax_identifier};

#[tokio::test]
async fn a_redirect_is_passed_on_and_not_followed() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    send(&client, get(TRANSACTIONS)).await.unwrap();
    sandbox.journal().clear();
    sandbox.clara().play(Target::Api, Fault::Redirect, Times::ONCE);
    let (status, _) = send(&client, get(TRANSACTIONS)).await.unwrap();
    assert_eq!(status, StatusCode::TEMPORARY_REDIRECT);
    // Where it leads is the same listener: it would have been written down.
    let entries = sandbox.journal().entries();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].path, TRANSACTIONS);
}

#[tokio::test]
async fn another_origin_gets_nothing() {
    let sandbox = ClaraSandbox::start().await;
    let config = sandbox.config().with_tax_identifier(tax_identifier("ACME8001011H0"));
    let client = Client::new(&config).unwrap();
    let port = sandbox.clara().address().port();
    for foreign in [
        format!("https://localhost:{port}{TRANSACTIONS}"),
        format!("https://127.0.0.1:{}{TRANSACTIONS}", port ^ 1),
        format!("https://127.0.0.1{TRANSACTIONS}"),
        format!("http://127.0.0.1:{port}{TRANSACTIONS}"),
        format!("https://someone@127.0.0.1:{port}{TRANSACTIONS}"),
        format!("https://127.0.0.1.evil.example:{port}{TRANSACTIONS}"),
    ] {
        let error = send(&client, get(&foreign)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Origin, "{foreign}: {error}");
    }
    assert_eq!(sandbox.counts(), (0, 0), "no request, and no token for it");
    assert!(sandbox.journal().failed_handshakes().is_empty());
}

#[tokio::test]
async fn a_relative_uri_goes_nowhere_without_a_client_that_completes_it() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.transport();
    let service = ClaraLayer::new(&sandbox.config(), client.clone()).unwrap().layer(client);
    let error = send(&service, get(TRANSACTIONS)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Origin);
    assert_eq!(sandbox.counts(), (0, 0));
}

#[tokio::test]
async fn a_host_header_of_another_server_is_refused() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    let with_host = |host: &str| {
        let request = Request::get(sandbox.url(TRANSACTIONS)).header(HOST, host);
        request.body(Full::default()).unwrap()
    };
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "not a host"] {
        let error = send(&client, with_host(host)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Origin, "{host}");
    }
    assert_eq!(sandbox.counts(), (0, 0));
    let own = sandbox.clara().address().to_string();
    let (status, _) = send(&client, with_host(&own)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_callers_own_credential_or_tenant_header_is_refused() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    for (name, kind) in
        [(AUTHORIZATION.as_str(), ErrorKind::Configuration), ("x-tax-identifier", ErrorKind::Tenant)]
    {
        let request = Request::get(TRANSACTIONS).header(name, "swordfish").body(Full::default()).unwrap();
        let error = send(&client, request).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(sandbox.journal().api_requests(), 0);
}

#[tokio::test]
async fn a_static_token_is_sent_to_its_origin_and_never_twice() {
    let sandbox = ClaraSandbox::start().await;
    let token = StaticToken::bearer("swordfish".into()).unwrap();
    let origin = Origin::https(&sandbox.clara().api_url()).unwrap();
    let service = AuthorizationLayer::new(token, origin).layer(sandbox.transport());
    let (status, _) = send(&service, get(&sandbox.url(TRANSACTIONS))).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(sandbox.counts(), (0, 1));
    assert_eq!(sandbox.journal().entries()[0].header("authorization"), Some("Bearer swordfish"));
}
