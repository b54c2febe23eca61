//! What arrives at Clarus, and what is asked of its token endpoint.

use std::{any, convert::Infallible, sync::Mutex, time::Duration};

use bytes::Bytes;
use claviger_auth_core::{BoxError, ErrorKind, StaticToken, set_tenant::Tenant};
use claviger_token_endpoint::ClientAuthenticationMethod;
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::{Credentials, Subdomain};

mod canary;

/// What a peer was sent: headers and body.
type Journal = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// The headers of what an API was sent.
type Sent = Arc<Mutex<Vec<HeaderMap>>>;

fn subdomain(label: &str) -> Subdomain {
    Subdomain::new(label).unwrap()
}

fn credentials() -> Credentials {
    Credentials::new("acme", "swordfish".into())
}

/// A token endpoint that answers `token-1`, `token-2` …, and what it was asked.
fn issuer() -> (
    impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static,
    Journal,
) {
    let asked = Journal::default();
    let journal = Arc::clone(&asked);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://clarus-api.com/oauth/token");
        let journal = Arc::clone(&journal);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let mut asked = journal.lock().unwrap();
            asked.push((head.headers, String::from_utf8(body.to_vec()).unwrap()));
            let answer = format!(r#"{{"access_token":"token-{}","expires_in":300}}"#, asked.len());
            Ok(Response::new(Full::from(answer)))
        }
    });
    (service, asked)
}

/// An API that answers these statuses, one after the other and the last for ever, and what it was sent.
fn api(
    statuses: &'static [u16],
) -> (impl Service<Request<Full<Bytes>>, Response = Response<()>, Error = BoxError, Future: Send> + Clone, Sent)
{
    let sent = Sent::default();
    let journal = Arc::clone(&sent);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let mut sent = journal.lock().unwrap();
        let status = statuses.get(sent.len()).or(statuses.last()).copied().unwrap();
        sent.push(request.headers().clone());
        async move { Ok(Response::builder().status(status).body(()).unwrap()) }
    });
    (service, sent)
}

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).unwrap()
}

const ORDERS: &str = "https://clarus-api.com/api/orders";

/// The credentials of a token request, and its body.
fn asked_with(config: &Config) -> (HeaderMap, String) {
    let (issuer, asked) = issuer();
    let layer = ClarusLayer::new(config, issuer).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(layer.tokens().unwrap().token()).unwrap();
    let mut asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    asked.remove(0)
}

#[test]
fn asks_for_tokens_by_basic_and_without_scopes() {
    let (headers, body) = asked_with(&Config::new(subdomain("acme"), credentials()));
    assert_eq!(headers[AUTHORIZATION], "Basic YWNtZTpzd29yZGZpc2g=");
    assert_eq!(body, "grant_type=client_credentials");
    assert_eq!(headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
}

#[test]
fn c21_asks_by_the_body_and_for_scopes_if_told_to() {
    let credentials =
        credentials().with_method(ClientAuthenticationMethod::ClientSecretPost).with_scope("orders stock:*");
    let (headers, body) = asked_with(&Config::per_request(credentials));
    assert!(!headers.contains_key(AUTHORIZATION), "one client authentication per request");
    assert_eq!(
        body,
        "grant_type=client_credentials&client_id=acme&client_secret=swordfish&scope=orders+stock%3A*"
    );
}

#[test]
fn c22_names_the_subdomain_on_token_requests_only_if_told_to() {
    let config = Config::new(subdomain("Acme"), credentials());
    assert!(!asked_with(&config).0.contains_key(X_CLARUS_SUBDOMAIN));
    let config = config.with_subdomain_on_token_requests();
    let (headers, _) = asked_with(&config);
    assert_eq!(headers[X_CLARUS_SUBDOMAIN], "acme");
    assert!(headers[X_CLARUS_SUBDOMAIN].is_sensitive());

    let config = Config::per_request(credentials()).with_subdomain_on_token_requests();
    let error = ClarusLayer::new(&config, issuer().0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn stamps_token_and_subdomain_and_keeps_the_token_when_the_subdomain_changes() {
    let (issuer, asked) = issuer();
    let (api, sent) = api(&[200]);
    let service = ClarusLayer::new(&Config::per_request(credentials()), issuer).unwrap().layer(api);
    for label in ["acme", "other"] {
        let mut request = get(ORDERS);
        request.extensions_mut().insert(Tenant::from(subdomain(label)));
        service.clone().oneshot(request).await.unwrap();
        let headers = sent.lock().unwrap().pop().unwrap();
        assert_eq!(headers[X_CLARUS_SUBDOMAIN], label);
        assert_eq!(headers[AUTHORIZATION], "Bearer token-1");
    }
    assert_eq!(asked.lock().unwrap().len(), 1, "tenants are no part of a token");
}

#[tokio::test]
async fn c23_leaves_the_callers_content_type() {
    let (api, sent) = api(&[200]);
    let token = StaticToken::bearer("given".into()).unwrap();
    let service = ClarusLayer::new(&Config::new(subdomain("acme"), token), issuer().0).unwrap().layer(api);
    for (own, expected) in
        [(None, "application/json"), (Some("application/vnd.api+json"), "application/vnd.api+json")]
    {
        let mut request = get(ORDERS);
        if let Some(own) = own {
            request.headers_mut().insert(CONTENT_TYPE, own.parse().unwrap());
        }
        service.clone().oneshot(request).await.unwrap();
        let headers = sent.lock().unwrap().pop().unwrap();
        assert_eq!(headers.get_all(CONTENT_TYPE).iter().collect::<Vec<_>>(), [expected]);
    }
}

/// A session that a login in the front end has ended: the token has not expired, and is rejected.
#[tokio::test]
async fn sends_once_more_with_another_token_and_the_same_subdomain() {
    let (issuer, _) = issuer();
    let config = Config::new(subdomain("acme"), credentials()).with_spacing(Duration::ZERO);
    let layer = ClarusLayer::new(&config, issuer).unwrap();
    layer.tokens().unwrap().token().await.unwrap();
    let (api, sent) = api(&[401, 200]);
    let response = layer.layer(api).oneshot(get(ORDERS)).await.unwrap();
    assert_eq!(response.status(), 200);
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 2);
    for (headers, token) in sent.iter().zip(["Bearer token-1", "Bearer token-2"]) {
        assert_eq!(headers[AUTHORIZATION], token);
        assert_eq!(headers[X_CLARUS_SUBDOMAIN], "acme");
        assert_eq!(headers[CONTENT_TYPE], "application/json");
    }
}

#[tokio::test]
async fn c24_does_not_fight_for_the_session() {
    let (issuer, asked) = issuer();
    let config = Config::new(subdomain("acme"), credentials()).with_spacing(Duration::from_secs(3600));
    let (api, sent) = api(&[401]);
    let service = ClarusLayer::new(&config, issuer).unwrap().layer(api);
    for _ in 0..10 {
        let response = service.clone().oneshot(get(ORDERS)).await.unwrap();
        assert_eq!(response.status(), 401);
    }
    assert_eq!((asked.lock().unwrap().len(), sent.lock().unwrap().len()), (1, 10));
}

#[tokio::test]
async fn never_sends_a_given_token_twice() {
    let (issuer, asked) = issuer();
    let token = StaticToken::bearer("Bearer given".into()).unwrap();
    let config = Config::new(subdomain("acme"), token).with_spacing(Duration::ZERO);
    let layer = ClarusLayer::new(&config, issuer).unwrap();
    assert!(layer.tokens().is_none());
    let (api, sent) = api(&[401, 200]);
    let response = layer.layer(api).oneshot(get(ORDERS)).await.unwrap();
    assert_eq!(response.status(), 401, "the 401 is passed on");
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (&sent[0][AUTHORIZATION], &sent[0][X_CLARUS_SUBDOMAIN]),
        (&"Bearer given".parse().unwrap(), &"acme".parse().unwrap())
    );
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn does_not_make_up_the_tokens_of_a_session() {
    let config = Config::new(subdomain("acme"), Authentication::Session);
    let error = ClarusLayer::new(&config, issuer().0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(
        error.advice().contains("with_credentials") && config.token_source(issuer().0).unwrap().is_none()
    );
}

#[tokio::test]
async fn stamps_from_credentials_of_ones_own() {
    let own = StaticToken::bearer("own".into()).unwrap();
    let layer = ClarusLayer::with_credentials(&Config::new(subdomain("acme"), credentials()), own);
    assert!(layer.tokens().is_none());
    let (api, sent) = api(&[200]);
    layer.layer(api).oneshot(get(ORDERS)).await.unwrap();
    let headers = sent.lock().unwrap().pop().unwrap();
    assert_eq!(headers[AUTHORIZATION], "Bearer own");
    assert_eq!(headers[X_CLARUS_SUBDOMAIN], "acme");
}

#[tokio::test]
async fn refuses_other_hosts_and_requests_for_nobody_before_anything_is_fetched() {
    let (issuer, asked) = issuer();
    let (api, sent) = api(&[200]);
    let service = ClarusLayer::new(&Config::per_request(credentials()), issuer).unwrap().layer(api);
    for (uri, kind) in [
        ("https://acme.claruswms.co.uk/api/orders", ErrorKind::Origin),
        ("http://clarus-api.com/api/orders", ErrorKind::Origin),
        ("/api/orders", ErrorKind::Origin),
        (ORDERS, ErrorKind::Tenant),
    ] {
        let error = service.clone().oneshot(get(uri)).await.unwrap_err();
        assert_eq!(Error::find(&*error).unwrap().kind(), kind, "{uri}");
    }
    let mut own = get(ORDERS);
    own.headers_mut().insert(X_CLARUS_SUBDOMAIN, "other".parse().unwrap());
    let error = service.clone().oneshot(own).await.unwrap_err();
    assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Tenant, "never merged with a caller's own");
    assert!(asked.lock().unwrap().is_empty() && sent.lock().unwrap().is_empty());
}

/// Where behaviour does not tell two orders apart, the type does.
#[test]
fn the_order_is_tenant_retry_authorization_client() {
    struct Innermost;
    let layer = ClarusLayer::new(&Config::per_request(credentials()), issuer().0).unwrap();
    let name = any::type_name_of_val(&layer.layer(Innermost).inner).to_owned();
    let order = ["SetTenant<", "RetryUnauthorized<", "Authorization<", "Innermost"];
    let places: Vec<_> = order.iter().map(|part| name.find(part).unwrap()).collect();
    assert!(places.is_sorted(), "{name}");
}
