//! Our layers among others.

use std::time::Duration;

use claviger_auth_core::{
    BoxError, Error, Origin, StaticToken, TokenCache, UseCredentials,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_mtls::MtlsLayer;
use claviger_sandbox::Target;
use http::{HeaderName, StatusCode};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, buffer::BufferLayer, timeout::TimeoutLayer};

use crate::clara_sandbox::{ACME, ClaraSandbox, Full, TRANSACTIONS, get, get_for, send};

fn origin(sandbox: &ClaraSandbox) -> Origin {
    Origin::https(&sandbox.clara().api_url()).unwrap()
}

#[tokio::test]
async fn one_layer_goes_over_a_hyper_client_with_our_connector() {
    let sandbox = ClaraSandbox::start().await;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let connector = MtlsLayer::new(sandbox.tls().build().unwrap()).layer(tcp);
    let client: Client<_, Full> = Client::builder(TokioExecutor::new()).build(connector);

    let tokens = TokenCache::new(sandbox.source());
    let mut service =
        ServiceBuilder::new().layer(AuthorizationLayer::new(tokens, origin(&sandbox))).service(client);
    for _ in 0..2 {
        let response = service.ready().await.unwrap().call(get(&sandbox.url(TRANSACTIONS))).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(sandbox.counts(), (1, 2));
}

#[tokio::test]
async fn the_layers_stand_between_a_buffer_and_timeouts() {
    let sandbox = ClaraSandbox::start().await;
    let tenant = HeaderName::from_static("x-tax-identifier");
    let service = ServiceBuilder::new()
        .layer(BufferLayer::new(8))
        .layer(TimeoutLayer::new(Duration::from_secs(20)))
        .layer(SetTenantLayer::optional(tenant, origin(&sandbox)))
        .layer(RetryUnauthorizedLayer::cloned())
        .layer(AuthorizationLayer::new(TokenCache::new(sandbox.source()), origin(&sandbox)))
        .layer(TimeoutLayer::new(Duration::from_secs(10)))
        .service(sandbox.transport());
    for _ in 0..2 {
        let (status, body) = send(&service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap();
        assert_eq!((status, &body["company"]["taxIdentifier"]), (StatusCode::OK, &ACME.into()));
    }
    assert_eq!(sandbox.counts(), (1, 2));

    // Our errors are found behind whatever is around them.
    let error = send(&service, get("https://evil.example/")).await.unwrap_err();
    assert_eq!(error.kind(), claviger_auth_core::ErrorKind::Origin);
}

#[tokio::test]
async fn a_callers_timeout_does_not_touch_the_fetch() {
    let sandbox = ClaraSandbox::start().await;
    let authorized = AuthorizationLayer::new(TokenCache::new(sandbox.source()), origin(&sandbox))
        .layer(sandbox.transport());
    let hasty = TimeoutLayer::new(Duration::from_millis(30)).layer(authorized.clone());
    let held = sandbox.clara().hold(Target::Token);
    let error: BoxError = hasty.oneshot(get(&sandbox.url(TRANSACTIONS))).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error:?}");
    assert!(Error::find(&*error).is_none());
    held.release();
    let (status, _) = send(&authorized, get(&sandbox.url(TRANSACTIONS))).await.unwrap();
    assert_eq!((status, sandbox.counts()), (StatusCode::OK, (1, 1)), "one fetch served the next caller");
}

#[tokio::test]
async fn one_cache_serves_many_stacks_and_one_stack_many_customers() {
    let sandbox = ClaraSandbox::start().await;
    let tokens = TokenCache::new(sandbox.source());
    let stack = || AuthorizationLayer::new(tokens.clone(), origin(&sandbox)).layer(sandbox.transport());
    let (one, two) = (stack(), stack());
    for service in [&one, &two] {
        send(service, get(&sandbox.url(TRANSACTIONS))).await.unwrap();
    }
    assert_eq!(sandbox.counts(), (1, 2));

    let mut request = get(&sandbox.url(TRANSACTIONS));
    let customer = StaticToken::bearer("swordfish".into()).unwrap();
    request.extensions_mut().insert(UseCredentials::new(std::sync::Arc::new(customer)));
    let (status, _) = send(&one, request).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED, "it was sent with the customer's own");
    let (status, _) = send(&one, get(&sandbox.url(TRANSACTIONS))).await.unwrap();
    assert_eq!((status, sandbox.counts()), (StatusCode::OK, (1, 4)), "which costs the others nothing");
}

#[tokio::test]
async fn a_tenant_layer_alone_needs_no_token() {
    let sandbox = ClaraSandbox::start().await;
    let header = HeaderName::from_static("x-tax-identifier");
    let tenant = Tenant::new(ACME).unwrap();
    let service = SetTenantLayer::fixed(header, tenant, origin(&sandbox)).layer(sandbox.transport());
    let (status, _) = send(&service, get(&sandbox.url(TRANSACTIONS))).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let entry = &sandbox.journal().entries()[0];
    assert_eq!((entry.header("x-tax-identifier"), entry.header("authorization")), (Some(ACME), None));
}
