use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use claviger_auth_core::ErrorKind;
use http::{Request, Response, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::{ApiVersion, Credentials};

const RPC: &str = "https://api.clarify.io/v1/rpc";

/// What a service was asked: the URI, the headers and the body.
type Asked = Arc<Mutex<Vec<(http::Uri, http::HeaderMap, String)>>>;

fn oauth() -> Config {
    Config::new(Credentials::client_credentials("integration", "acme", "sword fish&".into()))
}

fn basic() -> Config {
    Config::new(Credentials::basic_auth("Aladdin", "open sesame".into()))
}

/// A token endpoint that answers `token-1`, `token-2` …, and what it was asked.
fn issuer() -> (
    impl Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static,
    Asked,
) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let seen = Arc::clone(&seen);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let mut seen = seen.lock().unwrap();
            seen.push((parts.uri, parts.headers, String::from_utf8(body.to_vec()).unwrap()));
            let answer = format!(
                r#"{{"access_token":"token-{}","scope":"invoke:integration","expires_in":86400,"token_type":"Bearer"}}"#,
                seen.len()
            );
            Ok(Response::new(Full::from(answer)))
        }
    });
    (service, asked)
}

/// An API that answers with these, one after the other, and then with 200; and what it was asked.
fn api(
    statuses: &'static [u16],
) -> (
    impl Service<Request<Full<Bytes>>, Response = Response<()>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static,
    Asked,
) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let mut seen = seen.lock().unwrap();
        let status = statuses.get(seen.len()).copied().unwrap_or(200);
        let (parts, _) = request.into_parts();
        seen.push((parts.uri, parts.headers, String::new()));
        async move { Ok(Response::builder().status(status).body(()).unwrap()) }
    });
    (service, asked)
}

fn call() -> Request<Full<Bytes>> {
    Request::post(RPC).body(Full::from("{}")).unwrap()
}

fn values(asked: &Asked, name: impl http::header::AsHeaderName + Copy) -> Vec<String> {
    let asked = asked.lock().unwrap();
    let all = asked.iter().flat_map(|(_, headers, _)| headers.get_all(name));
    all.map(|value| value.to_str().unwrap().to_owned()).collect()
}

/// Clarify's documentation, "Authentication", "Obtaining a token"; the audience ends in a slash.
#[tokio::test]
async fn asks_for_a_token_as_documented() {
    for (config, url, audience) in [
        (oauth(), "https://api.clarify.io/v1/oauth/token", "https%3A%2F%2Fapi.clarify.io%2Fv1%2F"),
        (
            oauth().with_api_url("https://127.0.0.1:8443/v1").unwrap(),
            "https://127.0.0.1:8443/v1/oauth/token",
            "https%3A%2F%2F127.0.0.1%3A8443%2Fv1%2F",
        ),
        (
            oauth().with_token_url("https://login.clarify.us/oauth/token").unwrap(),
            "https://login.clarify.us/oauth/token",
            "https%3A%2F%2Fapi.clarify.io%2Fv1%2F",
        ),
        (
            oauth()
                .with_token_url("https://login.clarify.us/oauth/token")
                .and_then(|config| config.with_api_url("https://127.0.0.1:8443/v1"))
                .unwrap(),
            "https://login.clarify.us/oauth/token",
            "https%3A%2F%2F127.0.0.1%3A8443%2Fv1%2F",
        ),
    ] {
        let (issuer, asked) = issuer();
        ClarifyLayer::new(&config, issuer).unwrap().tokens().unwrap().token().await.unwrap();
        let asked = asked.lock().unwrap();
        let (uri, headers, body) = &asked[0];
        assert_eq!(uri, url);
        assert_eq!(headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
        assert!(!headers.contains_key(AUTHORIZATION), "the client authenticates once, in the form");
        assert!(!headers.contains_key(X_API_VERSION));
        assert_eq!(
            *body,
            format!(
                "grant_type=client_credentials&client_id=acme&client_secret=sword+fish%26&audience={audience}"
            )
        );
    }
}

#[tokio::test]
async fn c7_stamps_token_version_and_content_type() {
    let (issuer, asked) = issuer();
    let (api, called) = api(&[]);
    let service = ClarifyLayer::new(&oauth(), issuer).unwrap().layer(api);
    for _ in 0..3 {
        service.clone().oneshot(call()).await.unwrap();
    }
    assert_eq!(values(&called, AUTHORIZATION.as_str()), ["Bearer token-1"; 3]);
    assert_eq!(values(&called, "x-api-version"), ["1.1"; 3]);
    assert_eq!(values(&called, "content-type"), ["application/json"; 3]);
    assert_eq!(asked.lock().unwrap().len(), 1, "one token serves them all");
}

#[tokio::test]
async fn c8_the_version_of_the_client_is_sent_and_never_over_the_callers() {
    let (issuer, _) = issuer();
    let (api, called) = api(&[]);
    let config = oauth().with_api_version(ApiVersion::new("1.2").unwrap());
    let service = ClarifyLayer::new(&config, issuer).unwrap().layer(api);
    service.clone().oneshot(call()).await.unwrap();
    let mut own = call();
    own.headers_mut().insert("x-api-version", "1.2alpha1".parse().unwrap());
    own.headers_mut().insert("content-type", "application/json; charset=utf-8".parse().unwrap());
    service.oneshot(own).await.unwrap();
    assert_eq!(values(&called, "x-api-version"), ["1.2", "1.2alpha1"]);
    assert_eq!(values(&called, "content-type"), ["application/json", "application/json; charset=utf-8"]);
}

/// The order of the layers, told by what reaches the innermost service the second time.
#[tokio::test]
async fn a_401_sends_the_same_headers_and_another_token() {
    let (issuer, asked) = issuer();
    let (api, called) = api(&[401]);
    let layer = ClarifyLayer::new(&oauth().with_spacing(Duration::ZERO), issuer).unwrap();
    layer.tokens().unwrap().token().await.unwrap();
    let response = layer.layer(api).oneshot(call()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(values(&called, "authorization"), ["Bearer token-1", "Bearer token-2"]);
    assert_eq!(values(&called, "x-api-version"), ["1.1", "1.1"]);
    assert_eq!(values(&called, "content-type"), ["application/json", "application/json"]);
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_second_401_and_every_other_status_are_passed_on() {
    for (statuses, expected, calls) in
        [(&[401, 401][..], 401, 2), (&[400], 400, 1), (&[403], 403, 1), (&[500], 500, 1), (&[204], 204, 1)]
    {
        let (issuer, _) = issuer();
        let (api, called) = api(statuses);
        let layer = ClarifyLayer::new(&oauth().with_spacing(Duration::ZERO), issuer).unwrap();
        layer.tokens().unwrap().token().await.unwrap();
        let response = layer.layer(api).oneshot(call()).await.unwrap();
        assert_eq!((response.status().as_u16(), called.lock().unwrap().len()), (expected, calls));
    }
}

/// RFC 7617 §2: the example; the user name is the integration.
#[tokio::test]
async fn basic_goes_to_the_api_as_it_is_and_never_twice() {
    let (issuer, asked) = issuer();
    let (api, called) = api(&[200, 401]);
    let layer = ClarifyLayer::new(&basic().with_spacing(Duration::ZERO), issuer).unwrap();
    assert!(layer.tokens().is_none());
    let service = layer.layer(api);
    for status in [200, 401, 200] {
        assert_eq!(service.clone().oneshot(call()).await.unwrap().status(), status);
    }
    assert_eq!(values(&called, "authorization"), ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="; 3]);
    assert_eq!(values(&called, "x-api-version"), ["1.1"; 3]);
    assert_eq!(values(&called, "content-type"), ["application/json"; 3]);
    assert!(asked.lock().unwrap().is_empty(), "there is no token endpoint");
}

#[tokio::test]
async fn another_client_stands_above_the_credentials() {
    let (own, asked) = issuer();
    let config = oauth().with_client("other", "word".into());
    ClarifyLayer::new(&config, own).unwrap().tokens().unwrap().token().await.unwrap();
    assert!(asked.lock().unwrap()[0].2.contains("&client_id=other&client_secret=word&"));

    let (api, called) = api(&[]);
    let config = basic().with_client("test", "123£".into());
    let service = ClarifyLayer::new(&config, issuer().0).unwrap().layer(api);
    service.oneshot(call()).await.unwrap();
    assert_eq!(values(&called, "authorization"), ["Basic dGVzdDoxMjPCow=="]);
}

#[tokio::test]
async fn refuses_other_hosts_and_a_credential_of_the_callers_own() {
    for config in [oauth(), basic()] {
        let (issuer, asked) = issuer();
        let (api, called) = api(&[]);
        let service = ClarifyLayer::new(&config, issuer).unwrap().layer(api);
        let mut own = call();
        own.headers_mut().insert(AUTHORIZATION, "Bearer own".parse().unwrap());
        let mut foreign = call();
        *foreign.uri_mut() = "https://api.clarify.cloud/v1/rpc".parse().unwrap();
        for (request, kind) in [(foreign, ErrorKind::Origin), (own, ErrorKind::Configuration)] {
            let error = service.clone().oneshot(request).await.unwrap_err();
            assert_eq!(Error::find(&*error).unwrap().kind(), kind);
            let fetched = !asked.lock().unwrap().is_empty();
            assert!(kind != ErrorKind::Origin || !fetched, "no token is fetched for another's host");
        }
        assert!(called.lock().unwrap().is_empty());
    }
}

#[test]
fn a_user_name_that_basic_cannot_carry_is_refused() {
    let config = Config::new(Credentials::basic_auth("a:b", "open sesame".into()));
    let error = ClarifyLayer::new(&config, issuer().0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

/// The secret stands on the wire, and in no text.
#[tokio::test]
async fn shows_no_secret() {
    const CANARIES: [&str; 5] = ["sesame", "QWxh", "sword", "fish", "token-1"];
    let mut wire = String::new();
    let mut shown = String::new();
    for config in [oauth(), basic()] {
        let (issuer, asked) = issuer();
        let (api, called) = api(&[]);
        let layer = ClarifyLayer::new(&config, issuer).unwrap();
        let service = layer.layer(api);
        service.clone().oneshot(call()).await.unwrap();
        wire += &values(&called, "authorization").concat();
        wire += &asked.lock().unwrap().iter().map(|(_, _, body)| body.as_str()).collect::<String>();
        let headers = called.lock().unwrap()[0].1.clone();
        shown += &format!(
            "{config:?} {config:#?} {:?} {layer:?} {layer:#?} {:?} {headers:?}",
            config.credentials(),
            layer.layer(()),
        );
    }
    for found in ["client_secret=sword+fish%26", "Bearer token-1", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="] {
        assert!(wire.contains(found), "{wire}");
    }
    for canary in CANARIES {
        assert!(!shown.contains(canary), "{canary} in {shown}");
    }
}
