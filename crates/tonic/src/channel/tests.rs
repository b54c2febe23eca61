//! Calls over plain connections on the loopback interface. Those over TLS are in the package of tests.

use std::{convert::Infallible, error, sync::Mutex};

use http::{HeaderMap, Version};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::net::TcpListener;
use tonic::{Code, Status};
use tower::ServiceExt;

use super::*;

fn tls() -> Tls {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    let trust = claviger_mtls::Trust::given([ca.as_bytes()]).unwrap();
    Tls::builder(trust)
        .with_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
        .unwrap()
}

fn call(uri: &str) -> Request<Full<Bytes>> {
    Request::post(uri).body(Full::from("hello")).unwrap()
}

fn kind(error: &(dyn error::Error + 'static)) -> Option<ErrorKind> {
    Error::find(error).map(Error::kind)
}

/// What a server has seen: the URI of each request and its headers.
type Seen = Arc<Mutex<Vec<(Uri, HeaderMap)>>>;

/// Speaks HTTP/2 without TLS, and answers with nothing. Returns its URL.
async fn serve() -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let shared = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let seen = Arc::clone(&shared);
            let service = service_fn(move |request: Request<Incoming>| {
                assert_eq!(request.version(), Version::HTTP_2);
                seen.lock().unwrap().push((request.uri().clone(), request.headers().clone()));
                async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) }
            });
            tokio::spawn(
                http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(tcp), service),
            );
        }
    });
    (format!("http://{address}"), seen)
}

#[test]
fn takes_https_alone_and_plain_http_by_name_for_this_machine() {
    for url in ["http://127.0.0.1:8080", "https://user:swordfish@api.example", "api.example", "not a URL", ""]
    {
        let error = Channel::new(tls(), url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
        assert!(!format!("{error:?} {:?}", Channel::builder(tls(), url)).contains("swordfish"));
    }
    let loopback = |url| Channel::builder(tls(), url).with_loopback_http().build();
    assert!(loopback("http://127.0.0.1:8080").is_ok() && loopback("https://api.example").is_ok());
    assert_eq!(loopback("http://api.example").unwrap_err().kind(), ErrorKind::Configuration);
    let channel = Channel::new(tls(), "https://api.example/a/path").unwrap();
    assert!(format!("{channel:?}").contains("api.example"));
}

#[test]
fn outside_a_runtime_it_can_be_built_and_says_that_it_cannot_be_called() {
    let mut channel = Channel::new(tls(), "https://api.example").unwrap();
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(Err(error)) = Service::<Request<Body>>::poll_ready(&mut channel, &mut cx) else {
        panic!("it is ready")
    };
    assert_eq!(kind(&*error), Some(ErrorKind::Runtime));
}

#[tokio::test]
async fn whatever_uri_and_endpoint_say_a_call_goes_to_the_one_origin() {
    let (url, seen) = serve().await;
    let elsewhere = |_| Endpoint::from_static("https://evil.example").user_agent("tests").unwrap();
    let channel =
        Channel::builder(tls(), &url).with_loopback_http().with_endpoint(elsewhere).build().unwrap();
    for uri in ["/hello.Greeter/Hello", "https://evil.example/hello.Greeter/Hello"] {
        channel.clone().oneshot(call(uri)).await.unwrap();
    }
    for (uri, headers) in &*seen.lock().unwrap() {
        assert_eq!(uri.to_string(), format!("{url}/hello.Greeter/Hello"));
        assert!(headers["user-agent"].to_str().unwrap().starts_with("tests"), "the settings count");
    }
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_layers_around_it_may_send_what_goes_to_its_origin() {
    let channel = Channel::new(tls(), "https://api.example").unwrap();
    let origins = channel.origins();
    assert!(origins.check(&call("/hello.Greeter/Hello")).is_ok());
    assert!(origins.check(&call("https://api.example/hello.Greeter/Hello")).is_ok());
    assert!(origins.check(&call("https://evil.example/hello.Greeter/Hello")).is_err());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_as_such_each_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let channel = Channel::new(tls(), &url).unwrap();
    for _ in 0..2 {
        let error = channel.clone().oneshot(call("/hello.Greeter/Hello")).await.unwrap_err();
        assert_eq!(kind(&*error), Some(ErrorKind::Connect), "{error:?}");
        let status = Status::from_error(error);
        assert_eq!((status.code(), kind(&status)), (Code::Unavailable, Some(ErrorKind::Connect)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_speaks_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let channel = Channel::new(tls(), &url).unwrap();
    let start = tokio::time::Instant::now();
    let error = channel.oneshot(call("/hello.Greeter/Hello")).await.unwrap_err();
    assert_eq!(kind(&*error), Some(ErrorKind::Connect), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[test]
fn keeps_its_auto_traits() {
    fn check<T: Clone + Send + Sync + Unpin + 'static>() {}
    fn check_send<T: Send + Unpin + 'static>() {}
    check::<Channel>();
    check_send::<ChannelBuilder>();
    check_send::<ChannelFuture>();
}
