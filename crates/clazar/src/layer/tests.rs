//! What arrives at Clazar, and what is asked of `/authenticate/`.

use std::{
    any,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, ErrorKind, StaticToken};
use http::{
    HeaderMap, Request, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Full};
use tower::{ServiceExt, service_fn};

use super::*;

/// What a peer was sent: headers and body.
type Journal = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// What an API was sent.
type Sent = Arc<Mutex<Vec<Request<Full<Bytes>>>>>;

fn config() -> Config {
    Config::new("acme", "canary-secret".into())
}

/// A token endpoint that answers `canary-token-1`, `-2` … as Clazar does, and what it was asked.
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
        assert_eq!(request.uri(), "https://api.clazar.io/authenticate/", "with its slash");
        let journal = Arc::clone(&journal);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let mut asked = journal.lock().unwrap();
            asked.push((head.headers, String::from_utf8(body.to_vec()).unwrap()));
            let token = format!("canary-token-{}", asked.len());
            let answer = format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":86400}}"#);
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
        sent.push(request);
        async move { Ok(Response::builder().status(status).body(()).unwrap()) }
    });
    (service, sent)
}

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).unwrap()
}

const CONTRACTS: &str = "https://api.clazar.io/contracts/";

async fn asked_with(config: &Config) -> (HeaderMap, String) {
    let (issuer, asked) = issuer();
    ClazarLayer::new(config, issuer).unwrap().tokens().unwrap().token().await.unwrap();
    let mut asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    asked.remove(0)
}

#[tokio::test]
async fn c25_asks_for_tokens_by_json_without_a_grant_type() {
    let (headers, body) = asked_with(&config()).await;
    assert_eq!(body, r#"{"client_id":"acme","client_secret":"canary-secret"}"#);
    assert_eq!(headers[CONTENT_TYPE], "application/json");
    assert!(!headers.contains_key(AUTHORIZATION));
}

#[tokio::test]
async fn asks_by_a_form_with_a_grant_type_if_told_to() {
    let (headers, body) = asked_with(&config().with_form_encoding()).await;
    assert_eq!(body, "grant_type=client_credentials&client_id=acme&client_secret=canary-secret");
    assert_eq!(headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
    assert!(!headers.contains_key(AUTHORIZATION));
}

/// Clazar answers `"token_type":"bearer"`; the header has the scheme as RFC 6750 §2.1 writes it.
#[tokio::test]
async fn stamps_the_token_and_leaves_the_rest_of_the_request() {
    let (issuer, asked) = issuer();
    let (api, sent) = api(&[200]);
    let service = ClazarLayer::new(&config(), issuer).unwrap().layer(api);
    for uri in [CONTRACTS, "https://api.clazar.io/contracts", "https://api.clazar.io/buyers/?page=2"] {
        service.clone().oneshot(get(uri)).await.unwrap();
        let request = sent.lock().unwrap().pop().unwrap();
        assert_eq!(request.uri(), uri);
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer canary-token-1");
        assert_eq!(request.headers().len(), 1, "no tenant, no content type");
    }
    assert_eq!(asked.lock().unwrap().len(), 1);
}

/// The order of the layers: were the retry inside, it would send the old token again, or nothing at all.
#[tokio::test]
async fn sends_once_more_with_another_token() {
    let (issuer, _) = issuer();
    let layer = ClazarLayer::new(&config().with_spacing(Duration::ZERO), issuer).unwrap();
    layer.tokens().unwrap().token().await.unwrap();
    let (api, sent) = api(&[401]);
    let response = layer.layer(api).oneshot(get(CONTRACTS)).await.unwrap();
    assert_eq!(response.status(), 401, "the second answer is passed on");
    let sent = sent.lock().unwrap();
    let tokens: Vec<_> = sent.iter().map(|request| request.headers()[AUTHORIZATION].clone()).collect();
    assert_eq!(tokens, ["Bearer canary-token-1", "Bearer canary-token-2"]);
}

/// Metering must not be charged twice: what may have been done is not sent again.
#[tokio::test]
async fn sends_nothing_again_but_what_was_not_authenticated() {
    for status in [&[200][..], &[400], &[403], &[429], &[500], &[503]] {
        let layer = ClazarLayer::new(&config().with_spacing(Duration::ZERO), issuer().0).unwrap();
        layer.tokens().unwrap().token().await.unwrap();
        let (api, sent) = api(status);
        let metering = Request::post("https://api.clazar.io/metering/").body(Full::default()).unwrap();
        layer.layer(api).oneshot(metering).await.unwrap();
        assert_eq!(sent.lock().unwrap().len(), 1, "{status:?}");
    }
}

#[tokio::test]
async fn refuses_other_hosts_before_anything_is_fetched() {
    let (issuer, asked) = issuer();
    let (api, sent) = api(&[200]);
    let service = ClazarLayer::new(&config(), issuer).unwrap().layer(api);
    for uri in ["https://app.clazar.io/contracts/", "http://api.clazar.io/contracts/", "/contracts/"] {
        let error = service.clone().oneshot(get(uri)).await.unwrap_err();
        assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Origin, "{uri}");
    }
    assert!(asked.lock().unwrap().is_empty() && sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn stamps_from_credentials_of_ones_own() {
    let own = StaticToken::bearer("own".into()).unwrap();
    let layer = ClazarLayer::with_credentials(&config(), own);
    assert!(layer.tokens().is_none());
    let (api, sent) = api(&[200]);
    layer.layer(api).oneshot(get(CONTRACTS)).await.unwrap();
    assert_eq!(sent.lock().unwrap()[0].headers()[AUTHORIZATION], "Bearer own");
}

/// A rotated secret is a new configuration, whose layer knows nothing of the old token.
#[tokio::test]
async fn c27_a_new_configuration_begins_with_a_new_token() {
    let (issuer, asked) = issuer();
    for secret in ["canary-secret", "rotated"] {
        let (api, _) = api(&[200]);
        let layer = ClazarLayer::new(&Config::new("acme", secret.into()), issuer.clone()).unwrap();
        layer.layer(api).oneshot(get(CONTRACTS)).await.unwrap();
        assert!(asked.lock().unwrap().pop().unwrap().1.contains(secret));
    }
}

#[test]
fn the_order_is_retry_authorization_client() {
    struct Innermost;
    let layer = ClazarLayer::new(&config(), issuer().0).unwrap();
    let name = any::type_name_of_val(&layer.layer(Innermost).inner).to_owned();
    let order = ["RetryUnauthorized<", "Authorization<", "Innermost"];
    let places: Vec<_> = order.iter().map(|part| name.find(part).unwrap()).collect();
    assert!(places.is_sorted(), "{name}");
}

/// Secret and token are on the wire, as the tests above find them, and in no text.
#[tokio::test]
async fn shows_no_secret() {
    for config in [config(), config().with_form_encoding()] {
        let (issuer, asked) = issuer();
        let (api, sent) = api(&[401]);
        let layer = ClazarLayer::new(&config, issuer).unwrap();
        let response = layer.layer(api).oneshot(get(CONTRACTS)).await.unwrap();
        let refusing = service_fn(|_: Request<Full<Bytes>>| async {
            let answer = Full::<Bytes>::from(r#"{"error":"canary-secret is wrong"}"#);
            Ok::<_, Infallible>(Response::builder().status(401).body(answer).unwrap())
        });
        let error = ClazarLayer::new(&config, refusing).unwrap().tokens().unwrap().token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsRefused);

        let asked = asked.lock().unwrap();
        assert!(asked[0].1.contains("canary-secret"), "the canary is on the wire");
        let sent = sent.lock().unwrap();
        assert_eq!(sent[0].headers()[AUTHORIZATION], "Bearer canary-token-1");
        let (service, headers) = (layer.layer(()), sent[0].headers());
        let shown = format!(
            "{config:?} {config:#?} {layer:?} {layer:#?} {service:?} {response:?} {headers:?} {error} {error:?} {}",
            error.advice()
        );
        assert!(shown.contains("acme") && shown.contains("api.clazar.io"), "the texts are there: {shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
