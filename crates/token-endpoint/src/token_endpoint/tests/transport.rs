//! What the transport says and does, and when it is asked.

use super::*;

#[tokio::test]
async fn follows_no_redirect() {
    for status in [301, 302, 303, 307, 308] {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let endpoint = answering(basic(), move || {
            counted.fetch_add(1, Ordering::Relaxed);
            let mut response = response(status, TOKEN);
            response.headers_mut().insert("location", HeaderValue::from_static("https://evil.example/"));
            response
        });
        let error = refusal(&endpoint).await;
        assert_eq!((error.kind(), calls.load(Ordering::Relaxed)), (ErrorKind::Protocol, 1));
        assert!(!error.to_string().contains("evil"), "{error}");
    }
}

#[tokio::test]
async fn measures_a_date_by_its_clock() {
    // The manual clock stands at 1 800 000 000 s: Fri, 15 Jan 2027 08:00:00 GMT.
    let dated = answering(basic().with_clock(ManualClock::new()), || {
        let mut response = response(503, "");
        let date = HeaderValue::from_static("Fri, 15 Jan 2027 08:01:30 GMT");
        response.headers_mut().insert("retry-after", date);
        response
    });
    assert_eq!(refusal(&dated).await.retry_after(), Some(Duration::from_secs(90)));
}

#[tokio::test]
async fn keeps_the_kind_of_an_error_of_ours() {
    let endpoint = failing(|| {
        let ours =
            Error::new(ErrorKind::ClientCertificate, "the certificate has expired").with_advice("renew it");
        std::io::Error::other(ours)
    });
    let error = refusal(&endpoint).await;
    assert_eq!(error.to_string(), format!("could not reach the token endpoint ({SHOWN})"));
    assert_eq!((error.kind(), error.advice()), (ErrorKind::ClientCertificate, "renew it"));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "the certificate has expired");
}

#[tokio::test]
async fn keeps_of_a_foreign_error_the_kind_alone() {
    let error = refusal(&failing(|| "swordfish")).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(std::error::Error::source(&error).is_none());

    let refused = || std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "swordfish");
    let error = refusal(&failing(refused)).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "connection refused");

    let slow = || std::io::Error::from(std::io::ErrorKind::TimedOut);
    assert_eq!(refusal(&failing(slow)).await.kind(), ErrorKind::Timeout);
}

#[test]
fn says_so_where_there_is_no_runtime() {
    let endpoint = answering(basic(), || response(200, TOKEN));
    let request = TokenRequest::client_credentials();
    let mut future = std::pin::pin!(endpoint.request(&request));
    let mut context = Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(Err(error)) = future.as_mut().poll(&mut context) else { panic!("it waits or succeeds") };
    assert_eq!(error.kind(), ErrorKind::Runtime);
}

/// A service that must be polled ready before each call, like a concurrency limit.
#[derive(Default)]
struct Strict {
    ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::default() // readiness is not cloned
    }
}

impl Service<Request<Full<Bytes>>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if !self.ready {
            self.ready = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<Full<Bytes>>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called before it was ready");
        std::future::ready(Ok(response(200, TOKEN)))
    }
}

#[tokio::test]
async fn waits_until_the_transport_is_ready() {
    let endpoint = basic().build(Strict::default()).unwrap();
    let request = TokenRequest::client_credentials();
    let (one, other) = tokio::join!(endpoint.request(&request), endpoint.request(&request));
    assert!(one.is_ok() && other.is_ok());
}
