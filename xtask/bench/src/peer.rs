//! What the harness asks of whoever puts tokens on requests.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::{BoxFuture, try_join_all};
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use http_body_util::BodyExt;
use tower::{BoxError, Service};

use crate::{
    issuer::Issuer,
    noop::{Body, HERE, Noop, made, take},
    pooled::Pooled,
};

/// What a peer is built for.
#[derive(Clone)]
pub struct Setup {
    /// Where its tokens come from.
    pub issuer: Arc<Issuer>,
    /// Where its requests go.
    pub origin: String,
    /// How long after a token was issued the peer begins to want another. Its life follows from that.
    pub due: Duration,
}

/// What a peer's requests are answered with.
pub trait Answer: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static {}

impl<B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static> Answer for B {}

/// The service below a peer.
pub trait Inner<A>:
    Service<Request<Body>, Response = Response<A>, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<A, S> Inner<A> for S where
    S: Service<Request<Body>, Response = Response<A>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Puts tokens on requests.
pub trait Peer: Clone + Send + Sync + Sized + 'static {
    /// Builds it.
    fn start(setup: &Setup) -> impl Future<Output = Result<Self, BoxError>> + Send;

    /// Puts it in front of a service.
    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync;
}

/// A peer in front of a service.
pub trait Caller: Clone + Send + 'static {
    /// What the service below answers with.
    type Answer: Answer;

    /// Sends a request.
    fn call(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Self::Answer>, BoxError>> + Send;
}

/// A peer that is a tower layer.
#[derive(Clone, Debug)]
pub struct Layered<S>(pub S);

impl<S, A: Answer> Caller for Layered<S>
where
    S: Service<Request<Body>, Response = Response<A>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
{
    type Answer = A;

    async fn call(&mut self, request: Request<Body>) -> Result<Response<A>, BoxError> {
        poll_fn(|cx| self.0.poll_ready(cx)).await.map_err(Into::into)?;
        self.0.call(request).await.map_err(Into::into)
    }
}

/// A peer that has header values, and leaves it to others to put them on requests.
pub trait Header: Clone + Send + Sync + 'static {
    /// Returns the value for one request.
    fn header(&self) -> impl Future<Output = Result<HeaderValue, BoxError>> + Send;
}

/// The thinnest glue: asks for the value and inserts it.
#[derive(Clone, Debug)]
pub struct Stamped<H, S>(pub H, pub S);

impl<H, S, A: Answer> Caller for Stamped<H, S>
where
    H: Header,
    S: Service<Request<Body>, Response = Response<A>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + 'static,
{
    type Answer = A;

    async fn call(&mut self, mut request: Request<Body>) -> Result<Response<A>, BoxError> {
        let value = self.0.header().await?;
        request.headers_mut().insert(AUTHORIZATION, value);
        poll_fn(|cx| self.1.poll_ready(cx)).await?;
        self.1.call(request).await
    }
}

/// A peer that was built, whatever its type.
pub trait Subject: Send + Sync {
    /// Sends so many requests, one after the other, through one clone.
    fn many(&self, count: u64) -> BoxFuture<'static, Result<(), BoxError>>;

    /// Makes one request, and sends it through a clone of its own.
    fn one(&self) -> BoxFuture<'static, Result<(), BoxError>>;

    /// Sends `each` requests over the network on each of so many tasks; none where it cannot.
    fn send(
        &self,
        client: Pooled,
        uri: String,
        tasks: usize,
        each: u64,
    ) -> Option<BoxFuture<'static, Result<(), BoxError>>>;
}

/// Builds a peer.
pub fn start<P: Peer>(setup: Setup) -> BoxFuture<'static, Result<Box<dyn Subject>, BoxError>> {
    Box::pin(async move { Ok(subject(P::start(&setup).await?)) })
}

fn subject<P: Peer>(peer: P) -> Box<dyn Subject> {
    let caller = peer.over(Noop);
    Box::new(Built { peer, caller })
}

struct Built<P, C> {
    peer: P,
    caller: C,
}

impl<P: Peer, C: Caller<Answer = Body> + Sync> Subject for Built<P, C> {
    fn many(&self, count: u64) -> BoxFuture<'static, Result<(), BoxError>> {
        let mut caller = self.caller.clone();
        Box::pin(async move {
            for _ in 0..count {
                caller.call(take()).await?;
            }
            Ok(())
        })
    }

    fn one(&self) -> BoxFuture<'static, Result<(), BoxError>> {
        let mut caller = self.caller.clone();
        Box::pin(async move { caller.call(made(HERE)).await.map(drop) })
    }

    fn send(
        &self,
        client: Pooled,
        uri: String,
        tasks: usize,
        each: u64,
    ) -> Option<BoxFuture<'static, Result<(), BoxError>>> {
        let caller = self.peer.over(client);
        let request = made(&uri);
        Some(Box::pin(async move {
            let tasks = (0..tasks).map(|_| through(caller.clone(), request.clone(), each));
            try_join_all(tasks).await.map(drop)
        }))
    }
}

async fn through<C: Caller>(mut caller: C, request: Request<Body>, count: u64) -> Result<(), BoxError> {
    for _ in 0..count {
        let response = caller.call(request.clone()).await?;
        if !response.status().is_success() {
            return Err(format!("answered {}", response.status()).into());
        }
        response.into_body().collect().await.map_err(Into::into)?;
    }
    Ok(())
}
