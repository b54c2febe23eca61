use std::{convert::Infallible, future::poll_fn, time::Duration};

use async_trait::async_trait;
use claviger_auth_core::{
    AccessToken, CredentialSource, Error, Fetch, Origin, TokenCache, TokenSource,
    authorization::AuthorizationLayer, retry_unauthorized::RetryUnauthorizedLayer,
};
use http::Response;
use http_body_util::{BodyExt, Collected, Full};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use super::*;

/// Yields what it was given, frame by frame, and does not say how long it is.
struct Frames(VecDeque<Result<Frame<Bytes>, &'static str>>);

impl Frames {
    fn of(parts: &[&'static str]) -> Self {
        Self(parts.iter().map(|part| Ok(Frame::data(Bytes::from_static(part.as_bytes())))).collect())
    }

    fn with_trailers(mut self) -> Self {
        let trailers = HeaderMap::from_iter([(http::header::ETAG, "7".parse().unwrap())]);
        self.0.push_back(Ok(Frame::trailers(trailers)));
        self
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop_front())
    }
}

type Prepared<B> = (Request<StreamedBody<B>>, Option<StreamedRequest<request::Parts, B>>);

fn prepare<B: Body>(body: B, limit: usize) -> Prepared<B> {
    let request = Request::post("https://api.example/x").header("x-a", "1").body(body).unwrap();
    ReplayStreamed { limit }.prepare(request)
}

fn again<B: Body>(copy: Option<StreamedRequest<request::Parts, B>>) -> Option<Request<StreamedBody<B>>> {
    copy.and_then(ReplayStreamed::again)
}

async fn frame<B: Body>(body: &mut StreamedBody<B>) -> Option<Result<Frame<Bytes>, B::Error>> {
    let mut body = Pin::new(body);
    poll_fn(|cx| body.as_mut().poll_frame(cx)).await
}

async fn read<B: Body<Error: fmt::Debug>>(request: Request<StreamedBody<B>>) -> Collected<Bytes> {
    assert_eq!((request.uri().path(), &request.headers()["x-a"]), ("/x", &"1".parse().unwrap()));
    request.into_body().collect().await.unwrap()
}

#[tokio::test]
async fn sends_a_body_again_from_its_beginning_however_far_the_first_had_come() {
    for frames_read in 0..=3 {
        let (first, copy) = prepare(Frames::of(&["one ", "two ", "three"]).with_trailers(), 1024);
        let mut body = first.into_body();
        for _ in 0..frames_read {
            frame(&mut body).await.unwrap().unwrap();
        }
        drop(body);
        let second = read(again(copy).expect("it was put down")).await;
        assert_eq!(second.trailers().unwrap()["etag"], "7", "after {frames_read} frames");
        assert_eq!(second.to_bytes(), "one two three", "after {frames_read} frames");
    }
}

#[tokio::test]
async fn is_put_down_at_the_end_by_a_client_that_holds_on_to_it() {
    let (first, copy) = prepare(Frames::of(&["one"]), 1024);
    let mut body = first.into_body();
    while frame(&mut body).await.is_some() {}
    assert_eq!(read(again(copy).expect("it was put down")).await.to_bytes(), "one");
    assert!(body.is_end_stream() && frame(&mut body).await.is_none(), "and is not read by two");
}

#[tokio::test]
async fn is_not_sent_again_while_the_first_is_under_way() {
    let (first, copy) = prepare(Frames::of(&["one", "two"]), 1024);
    let mut body = first.into_body();
    frame(&mut body).await.unwrap().unwrap();
    assert!(again(copy).is_none());
    assert_eq!(body.collect().await.unwrap().to_bytes(), "two", "which goes on");
}

#[tokio::test]
async fn over_the_limit_it_streams_on_and_is_sent_once() {
    let parts = ["0123456789012345678901234567890123456789"; 3];
    for (limit, is_kept) in [(120, true), (119, false)] {
        let (first, copy) = prepare(Frames::of(&parts), limit);
        assert_eq!(read(first).await.to_bytes().len(), 120);
        assert_eq!(again(copy).is_some(), is_kept, "with a limit of {limit}");
    }
    // Small frames count for what it takes to keep them.
    let (first, copy) = prepare(Frames::of(&["x"; 100]), 1000);
    assert_eq!(read(first).await.to_bytes().len(), 100);
    assert!(again(copy).is_none());
}

#[tokio::test]
async fn of_a_body_that_says_it_is_too_large_nothing_is_kept() {
    let (first, copy) = prepare(Full::<Bytes>::from("0123456789"), 9);
    assert!(copy.is_none());
    assert_eq!(read(first).await.to_bytes(), "0123456789");
}

#[tokio::test]
async fn a_body_that_broke_off_is_not_sent_again() {
    let mut frames = Frames::of(&["one"]);
    frames.0.push_back(Err("broken"));
    let (first, copy) = prepare(frames, 1024);
    let error = first.into_body().collect().await.unwrap_err();
    assert_eq!(error, "broken");
    assert!(again(copy).is_none());
}

#[tokio::test]
async fn tells_its_length_both_times() {
    let (first, copy) = prepare(Full::<Bytes>::from("0123456789"), 1024);
    assert_eq!(first.body().size_hint().exact(), Some(10), "so that Content-Length is sent");
    read(first).await;
    let mut second = again(copy).unwrap();
    assert_eq!(second.body().size_hint().exact(), Some(10));
    assert!(!second.body().is_end_stream());
    frame(second.body_mut()).await.unwrap().unwrap();
    assert!(second.body().is_end_stream());
    assert_eq!(second.body().size_hint().exact(), Some(0));
}

struct Issuer;

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        AccessToken::bearer(&"swordfish".into())
    }
}

#[tokio::test]
async fn the_layer_sends_a_stream_once_more_after_a_rejection() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let api = service_fn(move |request: Request<StreamedBody<Frames>>| {
        let log = Arc::clone(&log);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let mut log = log.lock().unwrap();
            log.push(body);
            let status = if log.len() == 1 { 401 } else { 200 };
            Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap())
        }
    });
    let tokens = TokenCache::builder(Issuer).with_spacing(Duration::ZERO).build();
    // So that the token is not one that was fetched for this very request.
    tokens.obtain().await.unwrap();
    let mut service = ServiceBuilder::new()
        .layer(RetryUnauthorizedLayer::new(ReplayStreamed::new()))
        .layer(AuthorizationLayer::new(tokens, Origin::https("https://api.example").unwrap()))
        .service(api);
    let request = Request::post("https://api.example/").body(Frames::of(&["a", "b"])).unwrap();
    let response = service.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &seen.lock().unwrap()[..]),
        (200, &["ab".into(), "ab".into()][..])
    );
}
