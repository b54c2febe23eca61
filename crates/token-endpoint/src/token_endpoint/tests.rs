use std::{
    convert::Infallible,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use claviger_auth_core::{BoxError, ManualClock};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use secrecy::ExposeSecret;
use tower::service_fn;
use tower_service::Service;

use super::{
    builder::{DEFAULT_TIMEOUT, OWN_HEADERS},
    *,
};
use crate::ClientAuthenticationMethod as Method;

mod answers;
mod canary;
mod decoding;
mod differences;
mod hostile;
mod neighbours;
mod transport;
mod wire;

const URL: &str = "https://auth.example/oauth/token?tenant=acme";
const SHOWN: &str = "https://auth.example/oauth/token";
const TOKEN: &str = r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#;

fn acme(method: Method) -> ClientAuthentication {
    ClientAuthentication::new(method, "acme").with_secret("swordfish".into())
}

fn basic() -> TokenEndpointBuilder {
    TokenEndpoint::builder(URL, acme(Method::ClientSecretBasic))
}

fn response(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(body.into())).unwrap()
}

/// Builds over a transport that gives this answer.
fn answering(
    builder: TokenEndpointBuilder,
    answer: impl Fn() -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) -> TokenEndpoint {
    builder
        .build(service_fn(move |_| {
            let answer = answer();
            async move { Ok::<_, Infallible>(answer) }
        }))
        .unwrap()
}

/// Builds over a transport that fails.
fn failing<E>(error: impl Fn() -> E + Clone + Send + Sync + 'static) -> TokenEndpoint
where
    E: Into<BoxError> + Send + 'static,
{
    basic()
        .build(service_fn(move |_| {
            let error = error();
            async move { Err::<Response<Full<Bytes>>, _>(error) }
        }))
        .unwrap()
}

async fn refusal(endpoint: &TokenEndpoint) -> Error {
    endpoint.request(&TokenRequest::client_credentials()).await.unwrap_err()
}

#[tokio::test]
async fn sends_one_request_and_reads_the_answer() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let journal = Arc::clone(&sent);
    let endpoint = basic()
        .with_header(HeaderName::from_static("x-tenant"), HeaderValue::from_static("north"))
        .build(service_fn(move |request: Request<Full<Bytes>>| {
            let journal = Arc::clone(&journal);
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                journal.lock().unwrap().push((parts, body));
                Ok::<_, Infallible>(response(200, TOKEN))
            }
        }))
        .unwrap();
    let answer = endpoint.request(&TokenRequest::client_credentials().with_scope("read")).await.unwrap();
    assert_eq!(answer.access_token().expose_secret(), "abc");
    assert_eq!(answer.into_access_token().expires_in(), Some(Duration::from_secs(3600)));

    let sent = sent.lock().unwrap();
    let [(parts, body)] = &sent[..] else { panic!("{} requests", sent.len()) };
    assert_eq!(body, "grant_type=client_credentials&scope=read");
    assert_eq!((parts.method.as_str(), parts.uri.to_string()), ("POST", URL.to_owned()));
    let mut headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            ("accept", "application/json"),
            ("accept-encoding", "identity"),
            ("authorization", "Basic YWNtZTpzd29yZGZpc2g="),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-tenant", "north"),
        ]
    );
    assert!(parts.headers["authorization"].is_sensitive());
}

#[test]
fn refuses_a_url_that_no_secret_may_go_to() {
    let build = |url: &str, loopback: bool| {
        let builder = TokenEndpoint::builder(url, acme(Method::ClientSecretPost));
        let builder = if loopback { builder.with_loopback_http() } else { builder };
        builder.build(service_fn(|_| async { Ok::<_, Infallible>(response(200, TOKEN)) }))
    };
    for (url, loopback) in [
        ("", false),
        ("/oauth/token", false),
        ("auth.example/oauth/token", false),
        ("http://auth.example/oauth/token", false),
        ("http://127.0.0.1/oauth/token", false),
        ("http://auth.example/oauth/token", true),
        ("ftp://auth.example/", false),
        ("https://auth.example/oauth/token#", false),
        ("https://auth.example/oauth/token#top", false),
        ("https://acme:swordfish@auth.example/oauth/token", false),
        ("https://auth.example/oauth token", false),
    ] {
        let error = build(url, loopback).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
        assert!(error.subject().unwrap().starts_with("token_url"), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("swordfish"), "{error:?}");
    }
    for (url, loopback) in [
        ("https://auth.example", false),
        ("https://auth.example:8443/t?a=b", false),
        ("http://127.0.0.1:8080/t", true),
        ("http://localhost/t", true),
        ("https://auth.example/t", true),
    ] {
        assert!(build(url, loopback).is_ok(), "{url}");
    }
}

#[test]
fn refuses_a_header_that_the_request_has_of_its_own() {
    assert_eq!(
        ["connection", "te", "upgrade", "expect"].map(|name| OWN_HEADERS.iter().any(|own| own == name)),
        [true; 4]
    );
    for name in OWN_HEADERS {
        let error = basic()
            .with_header(name.clone(), HeaderValue::from_static("swordfish"))
            .build(service_fn(|_| async { Ok::<_, Infallible>(response(200, TOKEN)) }))
            .unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, Some(name.as_str())));
    }
}

#[tokio::test]
async fn sends_nothing_that_is_wrong_in_itself() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let endpoint = answering(basic(), move || {
        counted.fetch_add(1, Ordering::Relaxed);
        response(200, TOKEN)
    });
    let wrong = TokenRequest::client_credentials().with_resource("https://api.example/#top");
    let error = endpoint.request(&wrong).await.unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, Some("resource")));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn names_origin_and_path_but_no_query() {
    let error = refusal(&answering(basic(), || response(401, r#"{"error":"invalid_client"}"#))).await;
    assert_eq!(
        error.to_string(),
        format!("the token endpoint refused the client credentials ({SHOWN}, 401, invalid_client)")
    );
}

#[tokio::test(start_paused = true)]
async fn gives_up_after_its_own_timeout() {
    let hanging = service_fn(|_| std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>());
    let start = tokio::time::Instant::now();
    let error = refusal(&basic().build(hanging).unwrap()).await;
    assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Timeout, Duration::from_secs(30)));

    let start = tokio::time::Instant::now();
    let short = basic().with_timeout(Duration::from_millis(150)).build(hanging).unwrap();
    assert_eq!(refusal(&short).await.kind(), ErrorKind::Timeout);
    assert_eq!(start.elapsed(), Duration::from_millis(150));
}

/// A body of so many frames, and then its end.
struct Frames {
    left: Arc<AtomicUsize>,
    frame: &'static [u8],
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    BreaksOff,
    Ends,
    Hangs,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let left = self.left.load(Ordering::Relaxed);
        if left > 0 {
            self.left.store(left - 1, Ordering::Relaxed);
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(self.frame)))));
        }
        match self.end {
            End::BreaksOff => Poll::Ready(Some(Err("swordfish".into()))),
            End::Ends => Poll::Ready(None),
            End::Hangs => Poll::Pending,
        }
    }
}

/// Builds over a transport that answers with such a body.
fn framed(status: u16, left: &Arc<AtomicUsize>, frame: &'static [u8], end: End) -> TokenEndpoint {
    let left = Arc::clone(left);
    let service = service_fn(move |_| {
        let body = Frames { left: Arc::clone(&left), frame, end };
        async move { Ok::<_, Infallible>(Response::builder().status(status).body(body).unwrap()) }
    });
    basic().build(service).unwrap()
}

#[tokio::test(start_paused = true)]
async fn counts_a_body_that_never_ends_into_the_timeout() {
    let start = tokio::time::Instant::now();
    let left = Arc::new(AtomicUsize::new(1));
    let error = refusal(&framed(200, &left, b"{", End::Hangs)).await;
    assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Timeout, DEFAULT_TIMEOUT));
}

#[tokio::test]
async fn reads_a_mebibyte_and_no_more() {
    static SPACES: [u8; 1 << 16] = [b' '; 1 << 16];
    let left = Arc::new(AtomicUsize::new(16));
    let error = refusal(&framed(200, &left, &SPACES, End::Ends)).await;
    assert_eq!(error.to_string(), format!("the token endpoint's answer is empty ({SHOWN}, 200)"));

    left.store(100, Ordering::Relaxed);
    let error = refusal(&framed(200, &left, &SPACES, End::Ends)).await;
    assert_eq!(error.to_string(), format!("the token endpoint's answer is larger than 1 MiB ({SHOWN}, 200)"));
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert_eq!(left.load(Ordering::Relaxed), 100 - 17, "the rest was not read");

    left.store(100, Ordering::Relaxed);
    let error = refusal(&framed(503, &left, &SPACES, End::Ends)).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "the status says more than the size");

    let announced = basic().build(service_fn(|_| async { Ok::<_, Infallible>(Response::new(Announced)) }));
    assert_eq!(refusal(&announced.unwrap()).await.kind(), ErrorKind::Protocol);
}

/// A body that says how large it is, and must not be read.
struct Announced;

impl Body for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("it is too large to be read")
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact((1 << 20) + 1)
    }
}

#[tokio::test]
async fn tells_an_answer_that_breaks_off() {
    let left = Arc::new(AtomicUsize::new(1));
    let error = refusal(&framed(200, &left, b"{", End::BreaksOff)).await;
    assert_eq!(error.to_string(), format!("the token endpoint's answer broke off ({SHOWN}, 200)"));
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(!format!("{error:?}").contains("swordfish"), "{error:?}");
}
