use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
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
