//! What no peer can be faster than: nothing at all, and the insertion of a ready header.

use std::task::{Context, Poll};

use http::{HeaderValue, Request, header::AUTHORIZATION};
use tower::{BoxError, Service};

use crate::{
    noop::Body,
    peer::{Answer, Caller, Inner, Layered, Peer, Setup},
};

/// No authentication.
#[derive(Clone, Debug)]
pub struct Nothing;

impl Peer for Nothing {
    async fn start(_: &Setup) -> Result<Self, BoxError> {
        Ok(Self)
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Layered(inner)
    }
}

/// The thinnest layer: inserts a clone of a ready, sensitive value.
#[derive(Clone, Debug)]
pub struct Insert(HeaderValue);

impl Peer for Insert {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        bearer(setup.issuer.token()).map(Self)
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Layered(Inserting { value: self.0.clone(), inner })
    }
}

#[derive(Clone, Debug)]
struct Inserting<S> {
    value: HeaderValue,
    inner: S,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Inserting<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        request.headers_mut().insert(AUTHORIZATION, self.value.clone());
        self.inner.call(request)
    }
}

/// The value that carries `token`, marked sensitive.
pub fn bearer(token: &str) -> Result<HeaderValue, BoxError> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}
