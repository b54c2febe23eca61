use std::{
    any,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, ErrorKind, set_tenant::Tenant};
use claviger_mtls::Identity;
use http::{Request, Response, header::AUTHORIZATION};
use http_body_util::Full;
use rcgen::{CertificateParams, KeyPair};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::{Country, Credentials, TaxIdentifier};

type Headers = Arc<Mutex<Vec<http::HeaderMap>>>;

fn config() -> Config {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
    let identity = Identity::from_pem([certificate.as_bytes(), key.serialize_pem().as_bytes()]).unwrap();
    Config::new(Country::Mexico, Credentials::new("acme", "swordfish".into(), identity))
}

/// A token endpoint that answers `token-1`, `token-2` …, and what it was asked.
fn issuer() -> (
    impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static,
    Headers,
) {
    let asked = Headers::default();
    let seen = Arc::clone(&asked);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        assert_eq!(request.uri(), "https://public-api.mx.clara.com/oauth/token");
        let mut seen = seen.lock().unwrap();
        seen.push(request.headers().clone());
        let answer = format!(r#"{{"access_token":"token-{}","expires_in":300}}"#, seen.len());
        async move { Ok(Response::new(Full::from(answer))) }
    });
    (service, asked)
}

fn identifier(number: &str) -> TaxIdentifier {
    TaxIdentifier::new(number, Country::Mexico).unwrap()
}

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).unwrap()
}

#[tokio::test]
async fn c18_stamps_token_and_company_and_keeps_the_token_when_the_company_changes() {
    let (issuer, asked) = issuer();
    let layer = ClaraLayer::new(&config(), issuer).unwrap();
    let service = layer.layer(service_fn(|request: Request<Full<Bytes>>| async move {
        let company = request.headers().get(X_TAX_IDENTIFIER).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer token-1");
        Ok::<_, BoxError>(Response::new(company))
    }));
    for number in [Some("ACME8001011H0"), Some("TPR950612KL4"), None] {
        let mut request = get("https://public-api.mx.clara.com/api/v3/cards");
        if let Some(number) = number {
            request.extensions_mut().insert(Tenant::from(identifier(number)));
        }
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.into_body().as_deref(), number);
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "one token serves all companies of the group");
    assert_eq!(asked[0][AUTHORIZATION], "Basic YWNtZTpzd29yZGZpc2g=");
}

#[tokio::test]
async fn the_second_request_carries_the_same_company_and_another_token() {
    let (issuer, _) = issuer();
    let config =
        config().with_tax_identifier(identifier("ACME8001011H0")).with_spacing(std::time::Duration::ZERO);
    let layer = ClaraLayer::new(&config, issuer).unwrap();
    layer.tokens().unwrap().token().await.unwrap();
    let seen = Headers::default();
    let arrived = Arc::clone(&seen);
    let service = layer.layer(service_fn(move |request: Request<Full<Bytes>>| {
        let mut arrived = arrived.lock().unwrap();
        arrived.push(request.headers().clone());
        let status = if arrived.len() == 1 { 401 } else { 200 };
        async move { Ok::<_, BoxError>(Response::builder().status(status).body(()).unwrap()) }
    }));
    let response = service.oneshot(get("https://public-api.mx.clara.com/api/v3/cards")).await.unwrap();
    assert_eq!(response.status(), 200);
    let seen = seen.lock().unwrap();
    let values: Vec<_> =
        seen.iter().map(|headers| (&headers[AUTHORIZATION], &headers[X_TAX_IDENTIFIER])).collect();
    assert_eq!(values[0], (&"Bearer token-1".parse().unwrap(), &"ACME8001011H0".parse().unwrap()));
    assert_eq!(values[1], (&"Bearer token-2".parse().unwrap(), &"ACME8001011H0".parse().unwrap()));
}

#[tokio::test]
async fn refuses_other_hosts_and_requests_for_nobody() {
    let (issuer, asked) = issuer();
    let config = config().with_tax_identifier_required();
    let layer = ClaraLayer::new(&config, issuer).unwrap();
    let service =
        layer.layer(service_fn(|_: Request<Full<Bytes>>| async { Ok::<_, BoxError>(Response::new(())) }));
    let refusals = [
        ("https://public-api.co.clara.com/api/v3/cards", ErrorKind::Origin),
        ("https://public-api.mx.clara.com/api/v3/cards", ErrorKind::Tenant),
    ];
    for (uri, kind) in refusals {
        let error = service.clone().oneshot(get(uri)).await.unwrap_err();
        assert_eq!(Error::find(&*error).unwrap().kind(), kind, "{uri}");
    }
    assert!(asked.lock().unwrap().is_empty(), "nothing is fetched for a request that goes nowhere");
}

/// Where behaviour does not tell two orders apart, the type does.
#[test]
fn the_order_is_tenant_retry_authorization_client() {
    struct Innermost;
    let layer = ClaraLayer::new(&config(), issuer().0).unwrap();
    let name = any::type_name_of_val(&layer.layer(Innermost).inner).to_owned();
    let order = ["SetTenant<", "RetryUnauthorized<", "Authorization<", "Innermost"];
    let places: Vec<_> = order.iter().map(|part| name.find(part).unwrap()).collect();
    assert!(places.is_sorted(), "{name}");
}
