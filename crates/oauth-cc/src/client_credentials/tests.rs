use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use claviger_auth_core::{ErrorKind, ManualClock, Thumbprint, TokenCache};
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::service_fn;

use super::*;

/// Makes an endpoint that answers in the same way each time, and keeps what it was sent.
fn endpoint(
    method: ClientAuthenticationMethod,
    status: u16,
    answer: &'static str,
) -> (TokenEndpoint, Arc<Mutex<Vec<String>>>) {
    let sent = Arc::<Mutex<Vec<String>>>::default();
    let journal = Arc::clone(&sent);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let journal = Arc::clone(&journal);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            journal.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
            let answer = Full::<Bytes>::from(answer);
            Ok::<_, Infallible>(Response::builder().status(status).body(answer).unwrap())
        }
    });
    let client = ClientAuthentication::new(method, "acme").with_secret("canary-secret".into());
    let endpoint = TokenEndpoint::builder("https://auth.example/token", client).build(service).unwrap();
    (endpoint, sent)
}

const TOKEN: &str = r#"{"access_token":"canary-token","refresh_token":"canary-refresh","expires_in":60}"#;

#[tokio::test]
async fn sends_every_parameter() {
    let (endpoint, sent) = endpoint(ClientAuthenticationMethod::ClientSecretBasic, 200, TOKEN);
    let source = ClientCredentials::new(endpoint)
        .with_scope("a b")
        .with_audience("x")
        .with_resource("urn:y")
        .with_resource("urn:z")
        .with_parameter("org", "north");
    assert_eq!(source.fetch(Fetch::Cold).await.unwrap().header(), "Bearer canary-token");
    let expected =
        "grant_type=client_credentials&scope=a+b&audience=x&org=north&resource=urn%3Ay&resource=urn%3Az";
    assert_eq!(*sent.lock().unwrap(), [expected]);
}

#[tokio::test]
async fn leaves_out_the_grant_type() {
    let (endpoint, sent) = endpoint(ClientAuthenticationMethod::Json, 200, TOKEN);
    ClientCredentials::new(endpoint).without_grant_type().fetch(Fetch::Cold).await.unwrap();
    assert_eq!(*sent.lock().unwrap(), [r#"{"client_id":"acme","client_secret":"canary-secret"}"#]);
}

#[tokio::test]
async fn asks_anew_whatever_the_reason() {
    let (endpoint, sent) = endpoint(ClientAuthenticationMethod::ClientSecretBasic, 200, TOKEN);
    let source = ClientCredentials::new(endpoint);
    let token = source.fetch(Fetch::Cold).await.unwrap();
    source.fetch(Fetch::Early).await.unwrap();
    source.fetch(Fetch::Rejected(&token)).await.unwrap();
    assert_eq!(sent.lock().unwrap().len(), 3, "nothing is kept here");
}

#[tokio::test]
async fn binds_tokens_to_the_certificate() {
    let (endpoint, _) = endpoint(ClientAuthenticationMethod::ClientSecretBasic, 200, TOKEN);
    let unbound = ClientCredentials::new(endpoint);
    let certificate = Thumbprint::from_sha256([7; 32]);
    assert_eq!(unbound.fetch(Fetch::Cold).await.unwrap().binding(), None);
    let bound = unbound.with_binding(certificate);
    assert_eq!(bound.fetch(Fetch::Cold).await.unwrap().binding(), Some(certificate));
}

#[tokio::test]
async fn passes_the_endpoint_s_error_on() {
    let answer = r#"{"error":"invalid_client","error_description":"canary-secret is wrong"}"#;
    let (endpoint, sent) = endpoint(ClientAuthenticationMethod::ClientSecretPost, 401, answer);
    let error = ClientCredentials::new(endpoint).fetch(Fetch::Cold).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
    assert_eq!(error.oauth_error(), Some("invalid_client"));
    assert!(sent.lock().unwrap()[0].contains("canary-secret"), "the secret was there to be found");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn shows_no_secret() {
    let (endpoint, sent) = endpoint(ClientAuthenticationMethod::ClientSecretPost, 200, TOKEN);
    let source = ClientCredentials::new(endpoint).with_parameter("org", "canary-parameter");
    let token = source.fetch(Fetch::Cold).await.unwrap();
    let sent = sent.lock().unwrap();
    assert!(sent[0].contains("canary-secret") && sent[0].contains("canary-parameter"), "{sent:?}");
    assert_eq!(token.header(), "Bearer canary-token");
    let shown = format!("{source:?} {source:#?} {token:?}");
    assert!(shown.contains("acme") && !shown.contains("canary"), "{shown}");
}

/// Answers with 503 and this `Retry-After` the first time, and then with tokens; counts the calls.
fn overloaded(
    retry_after: &'static str,
    clock: &ManualClock,
) -> (TokenCache<ClientCredentials>, Arc<AtomicUsize>) {
    let calls = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&calls);
    let service = service_fn(move |_: Request<Full<Bytes>>| {
        let response = match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Response::builder().status(503).header("retry-after", retry_after).body(Full::default()),
            _ => Response::builder().body(Full::<Bytes>::from(TOKEN)),
        };
        async move { Ok::<_, Infallible>(response.unwrap()) }
    });
    let client = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretPost, "acme");
    let endpoint = TokenEndpoint::builder("https://auth.example/token", client.with_secret("s".into()));
    let source = ClientCredentials::new(endpoint.with_clock(clock.clone()).build(service).unwrap());
    (TokenCache::builder(source).with_clock(clock.clone()).build(), calls)
}

#[tokio::test]
async fn waits_for_as_long_as_the_server_asks_and_says_so_where_that_is_capped() {
    for (retry_after, wait, is_capped) in [("2", 2, false), ("864000", 300, true)] {
        let clock = ManualClock::new();
        let (cache, calls) = overloaded(retry_after, &clock);
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(wait)));
        assert_eq!(error.advice().contains("more than five minutes"), is_capped, "{}", error.advice());
        clock.advance(Duration::from_secs(wait) - Duration::from_millis(1));
        assert_eq!(cache.token().await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(calls.load(Ordering::Relaxed), 1, "nobody else tries it before");
        clock.advance(Duration::from_millis(1));
        assert_eq!(cache.token().await.unwrap().header(), "Bearer canary-token");
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test]
async fn another_secret_is_used_once_the_cache_forgets() {
    let (endpoint, sent) = endpoint(ClientAuthenticationMethod::ClientSecretPost, 200, TOKEN);
    let cache = TokenCache::new(ClientCredentials::new(endpoint.clone()));
    cache.token().await.unwrap();
    let other = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretPost, "acme");
    endpoint.replace(other.with_secret("marlin".into())).unwrap();
    cache.forget();
    for _ in 0..2 {
        cache.token().await.unwrap();
    }
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent[0].contains("client_secret=canary-secret") && sent[1].contains("client_secret=marlin"));
}

#[tokio::test]
async fn what_a_token_says_of_its_certificate_stands_above_what_is_published() {
    // {"cnf":{"x5t#S256":"BwcH…"}}: 32 bytes of 7.
    const SAYS_SO: &str = r#"{"access_token":"e30.eyJjbmYiOnsieDV0I1MyNTYiOiJCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjIn19.c2ln"}"#;
    let (endpoint, _) = endpoint(ClientAuthenticationMethod::ClientSecretBasic, 200, SAYS_SO);
    let source = ClientCredentials::new(endpoint).with_binding(Thumbprint::from_sha256([8; 32]));
    let token = source.fetch(Fetch::Cold).await.unwrap();
    assert_eq!(token.binding(), Some(Thumbprint::from_sha256([7; 32])));
}
