use std::{collections::VecDeque, convert::Infallible, time::Duration};

use async_trait::async_trait;
use claviger_auth_core::{
    AccessToken, Error, ErrorKind, Fetch, StaticToken, TokenCache, TokenSource,
    retry_unauthorized::RetryUnauthorizedLayer,
};
use http_body_util::{BodyExt, Empty};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::*;

struct Issuer;

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        AccessToken::bearer(&"swordfish".into())
    }
}

/// A body of these frames.
struct Frames(VecDeque<Frame<Bytes>>);

impl Frames {
    /// One message, and the status behind it.
    fn ending_with(status: &'static str) -> Self {
        let trailers = HeaderMap::from_iter([(GRPC_STATUS.parse().unwrap(), status.parse().unwrap())]);
        Self([Frame::data(Bytes::from_static(b"message")), Frame::trailers(trailers)].into())
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

fn origin() -> Origin {
    Origin::https("https://api.example").unwrap()
}

fn call(uri: &str) -> Request<Empty<Bytes>> {
    Request::post(uri).body(Empty::new()).unwrap()
}

fn tokens() -> TokenCache<Issuer> {
    TokenCache::builder(Issuer).with_spacing(Duration::ZERO).build()
}

#[tokio::test]
async fn unauthenticated_behind_the_body_invalidates_and_changes_nothing() {
    for (status, is_kept) in [("0", true), ("7", true), ("16", false)] {
        let tokens = tokens();
        let channel = service_fn(move |_: Request<Empty<Bytes>>| async move {
            Ok::<_, BoxError>(Response::new(Frames::ending_with(status)))
        });
        let service = GrpcAuthorizationLayer::new(tokens.clone(), origin()).layer(channel);
        let answer = service.oneshot(call("/acme.v1.Orders/List")).await.unwrap();
        assert!(tokens.ready().is_some(), "nothing was said yet");
        let body = answer.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()[GRPC_STATUS], status);
        assert_eq!(body.to_bytes(), "message");
        assert_eq!(tokens.ready().is_some(), is_kept, "status {status}");
    }
}

#[tokio::test]
async fn unauthenticated_in_the_head_is_a_rejection_and_so_is_a_401() {
    for (status, grpc_status, calls) in [(200, "16", 2), (401, "2", 2), (200, "7", 1), (403, "7", 1)] {
        let (tokens, count) = (tokens(), std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0)));
        // So that the token is not one that was fetched for this very call.
        tokens.obtain().await.unwrap();
        let counter = count.clone();
        let channel = service_fn(move |_: Request<Empty<Bytes>>| {
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let answer = Response::builder().status(status).header(GRPC_STATUS, grpc_status);
            async move { Ok::<_, BoxError>(answer.body(Frames(VecDeque::new())).unwrap()) }
        });
        let service = ServiceBuilder::new()
            .layer(RetryUnauthorizedLayer::cloned())
            .layer(GrpcAuthorizationLayer::new(tokens, origin()))
            .service(channel);
        service.oneshot(call("/acme.v1.Orders/List")).await.unwrap();
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), calls, "{status} {grpc_status}");
    }
}

#[tokio::test]
async fn a_call_that_names_another_origin_or_brings_a_header_is_refused() {
    let channel = service_fn(async |_: Request<Empty<Bytes>>| {
        Ok::<_, BoxError>(Response::new(Frames(VecDeque::new())))
    });
    let token = StaticToken::bearer("swordfish".into()).unwrap();
    let layer = GrpcAuthorizationLayer::new(token, origin());
    let mut own = call("/x");
    own.headers_mut().insert("authorization", "Bearer mine".parse().unwrap());
    for (call, kind) in
        [(call("https://evil.example/x"), ErrorKind::Origin), (own.clone(), ErrorKind::Configuration)]
    {
        let error = layer.layer(channel).oneshot(call).await.unwrap_err();
        assert_eq!(Error::find(&*error).unwrap().kind(), kind);
    }
    layer.with_existing_header(ExistingHeader::Replace).layer(channel).oneshot(own).await.unwrap();
}

#[test]
fn shows_no_secret() {
    let token = StaticToken::bearer("swordfish".into()).unwrap();
    let layer = GrpcAuthorizationLayer::new(token, origin());
    assert!(!format!("{layer:?} {:?}", layer.layer(())).contains("swordfish"));
}
