use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use tower::{ServiceExt, service_fn};

use super::*;

/// Answers `statuses` in turn; a 401 is marked.
fn api(
    statuses: &[u16],
) -> impl Service<Request<Bytes>, Response = Response<()>, Error = Infallible> + Clone {
    let answers = Arc::new(Mutex::new(statuses.to_vec()));
    service_fn(move |_request: Request<Bytes>| {
        let status = answers.lock().unwrap().remove(0);
        let mut response = Response::builder().status(status).body(()).unwrap();
        if status == 401 {
            response.extensions_mut().insert(CredentialSuperseded);
        }
        async move { Ok(response) }
    })
}

type Bytes = Full<bytes::Bytes>;

fn post() -> Request<Bytes> {
    Request::post("https://api.example/").body(Full::from("body")).unwrap()
}

#[tokio::test]
async fn sends_once_more_and_no_more() {
    for (statuses, last) in
        [(&[200][..], 200), (&[401, 200], 200), (&[401, 401, 200], 401), (&[401, 500], 500)]
    {
        let service = RetryUnauthorizedLayer::cloned().layer(api(statuses));
        let mut response = service.oneshot(post()).await.unwrap();
        assert_eq!(response.status().as_u16(), last);
        assert!(response.extensions_mut().get::<CredentialSuperseded>().is_none(), "the mark is taken off");
    }
}

#[tokio::test]
async fn acts_on_the_mark_and_not_on_the_status() {
    let service = service_fn(|_: Request<Bytes>| async {
        Ok::<_, Infallible>(Response::builder().status(StatusCode::UNAUTHORIZED).body(()).unwrap())
    });
    let response = RetryUnauthorizedLayer::cloned().layer(service).oneshot(post()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn copies_the_whole_head() {
    #[derive(Clone, Debug, PartialEq)]
    struct Extension(u8);
    let request =
        Request::delete("https://api.example/x?y").header("x-a", "1").body(Empty::<bytes::Bytes>::new());
    let mut request = request.unwrap();
    request.extensions_mut().insert(Extension(7));
    *request.version_mut() = http::Version::HTTP_2;
    let (request, copy) = ReplayEmpty.prepare(request);
    let copy = <ReplayEmpty as Replay<Request<_>>>::again(copy.unwrap()).unwrap();
    assert_eq!(copy.method(), request.method());
    assert_eq!(copy.uri(), request.uri());
    assert_eq!(copy.version(), request.version());
    assert_eq!(copy.headers(), request.headers());
    assert_eq!(copy.extensions().get::<Extension>(), Some(&Extension(7)));
}

#[tokio::test]
async fn a_body_that_cannot_be_copied_is_sent_once() {
    let request = Request::post("https://api.example/").body(Full::<bytes::Bytes>::from("body")).unwrap();
    assert!(ReplayEmpty.prepare(request).1.is_none());
    let service = RetryUnauthorizedLayer::empty().layer(api(&[401, 200]));
    assert_eq!(service.oneshot(post()).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
