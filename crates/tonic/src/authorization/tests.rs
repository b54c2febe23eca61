use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use claviger_auth_core::{
    AccessToken, BoxError, CredentialSource, Error, Fetch, Origin, Origins, StaticToken, TokenCache,
    TokenSource, authorization::CredentialSuperseded, retry_unauthorized::RetryUnauthorizedLayer,
};
use http::header::AUTHORIZATION;
use http_body_util::{BodyExt, Full, StreamBody};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::*;

/// Hands out `token-1`, `token-2` …
#[derive(Default)]
struct Issuer(AtomicUsize);

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        AccessToken::bearer(&format!("token-{}", self.0.fetch_add(1, Ordering::SeqCst) + 1).into())
    }
}

fn cache() -> TokenCache<Issuer> {
    TokenCache::builder(Issuer::default()).with_spacing(Duration::ZERO).build()
}

/// An answer: status, `grpc-status` in the headers, `grpc-status` in the trailers.
type Answer = (u16, Option<u16>, Option<u16>);
type Answered = http_body_util::combinators::UnsyncBoxBody<Bytes, std::convert::Infallible>;

fn grpc_status(code: Option<u16>) -> HeaderMap {
    code.map(|code| (http::HeaderName::from_static("grpc-status"), code.into())).into_iter().collect()
}

/// Gives these answers, one after the other, each with a message; and remembers the tokens that it saw.
#[derive(Clone, Default)]
struct Api {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Api {
    fn answering(answers: impl Into<VecDeque<Answer>>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into())), seen: Arc::default() }
    }

    fn service(
        &self,
    ) -> impl Service<Request<Full<Bytes>>, Response = Response<Answered>, Error = BoxError, Future: Send>
    + Clone
    + use<> {
        let api = self.clone();
        service_fn(move |request: Request<Full<Bytes>>| {
            api.seen.lock().unwrap().push(request.headers()[AUTHORIZATION].to_str().unwrap().to_owned());
            let (status, in_headers, in_trailers) =
                api.answers.lock().unwrap().pop_front().unwrap_or((200, None, Some(0)));
            let trailers = Some(Ok(grpc_status(in_trailers)));
            let body = Full::new(Bytes::from("message")).with_trailers(std::future::ready(trailers));
            let mut response = Response::new(body.boxed_unsync());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            *response.headers_mut() = grpc_status(in_headers);
            async move { Ok(response) }
        })
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn layer<T>(tokens: T) -> GrpcAuthorizationLayer<T> {
    let origins = Origins::bound_to(Origin::https("https://api.example").unwrap());
    GrpcAuthorizationLayer::new(AuthorizationLayer::new(tokens, origins))
}

fn say() -> Request<Full<Bytes>> {
    Request::post("/hello.Greeter/Hello").body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_rejection_in_the_trailers_costs_the_credential_and_nothing_is_sent_again() {
    let (api, cache) = (Api::answering([(200, None, Some(0)), (200, None, Some(16))]), cache());
    let service = ServiceBuilder::new()
        .layer(RetryUnauthorizedLayer::cloned())
        .layer(layer(cache.clone()))
        .service(api.service());
    service.clone().oneshot(say()).await.unwrap().into_body().collect().await.unwrap();
    assert!(cache.generation().is_some(), "status 0 is no rejection");

    let mut response = service.clone().oneshot(say()).await.unwrap();
    assert!(cache.generation().is_some(), "nothing is known yet");
    assert!(response.extensions_mut().get::<CredentialSuperseded>().is_none());
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "16", "the caller sees it as well");
    assert_eq!(cache.generation(), None);
    assert_eq!(api.seen().len(), 2);

    service.oneshot(say()).await.unwrap();
    assert_eq!(api.seen(), ["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
}

#[tokio::test]
async fn a_rejection_in_the_headers_or_by_a_proxy_can_be_sent_again() {
    for rejection in [(200, Some(16), None), (401, None, None)] {
        let (api, cache) = (Api::answering([rejection]), cache());
        cache.obtain().await.unwrap();
        let service = ServiceBuilder::new()
            .layer(RetryUnauthorizedLayer::cloned())
            .layer(layer(cache))
            .service(api.service());
        service.oneshot(say()).await.unwrap();
        assert_eq!(api.seen(), ["Bearer token-1", "Bearer token-2"], "{rejection:?}");
    }
}

#[tokio::test]
async fn other_errors_are_no_rejection() {
    let answers: [Answer; 5] = [
        (200, Some(7), None),
        (200, Some(14), None),
        (403, None, None),
        (200, None, Some(7)),
        (200, None, None),
    ];
    let (api, cache) = (Api::answering(answers), cache());
    let service = layer(cache.clone()).layer(api.service());
    for _ in answers {
        service.clone().oneshot(say()).await.unwrap().into_body().collect().await.unwrap();
    }
    assert!(cache.generation().is_some());
    assert_eq!(api.seen(), ["Bearer token-1"; 5]);
}

#[tokio::test]
async fn a_caller_who_watches_as_well_is_not_cut_off() {
    let cache = cache();
    let service = layer(cache.clone()).layer(Api::default().service());
    let watch = WatchCredential::new();
    let mut request = say();
    request.extensions_mut().insert(watch.clone());
    service.oneshot(request).await.unwrap();
    watch.reject();
    assert_eq!(cache.generation(), None);
}

#[tokio::test]
async fn the_body_is_passed_on_as_it_is() {
    let of = |inner| WatchedBody { inner, watch: WatchCredential::new() };
    let empty = of(Full::<Bytes>::default());
    assert!(empty.is_end_stream());
    let full = of(Full::new(Bytes::from("hello")));
    assert_eq!((full.is_end_stream(), full.size_hint().exact()), (false, Some(5)));
    assert_eq!(full.collect().await.unwrap().to_bytes(), "hello");

    let frames = [Ok(Frame::data(Bytes::from("a"))), Ok(Frame::data(Bytes::from("b"))), Err("broken off")];
    let inner = StreamBody::new(tokio_stream::iter(frames));
    let mut body = WatchedBody { inner, watch: WatchCredential::new() };
    for expected in ["a", "b"] {
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), expected);
    }
    assert_eq!(body.frame().await.unwrap().unwrap_err(), "broken off");
    assert!(body.frame().await.is_none());
}

#[test]
fn keeps_its_auto_traits() {
    fn check<T: Clone + Send + Sync + Unpin + 'static>() {}
    fn check_send<T: Send + Unpin + 'static>() {}
    check::<GrpcAuthorizationLayer<StaticToken>>();
    check::<GrpcAuthorization<Authorization<crate::Channel, StaticToken>>>();
    check_send::<WatchedBody<tonic::body::Body>>();
    check_send::<ResponseFuture<crate::ChannelFuture>>();
}
