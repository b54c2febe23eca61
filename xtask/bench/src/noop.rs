//! The request that every peer is given, and the service that answers it without doing anything.

use std::{
    cell::RefCell,
    future::{Ready, ready},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, Request, Response, header::AUTHORIZATION};
use http_body_util::Empty;
use tower::{BoxError, Service};

/// The body of every request.
pub type Body = Empty<Bytes>;

/// Where requests go that never leave the process.
pub const ORIGIN: &str = "https://api.example";

/// Where each of them goes.
pub const HERE: &str = "https://api.example/things?page=2";

/// The header that `SetTenant` writes.
pub const TENANT: HeaderName = HeaderName::from_static("x-tenant");

const OWN_HEADERS: usize = 4;

/// More than are under way at once where requests go round.
const KEPT: usize = 32;

thread_local! {
    // Requests go round, so that making them is no part of what one is measured to take.
    static REQUESTS: RefCell<Vec<Request<Body>>> = const { RefCell::new(Vec::new()) };
}

/// Returns a request that was answered before, without what was put on it; makes one where there is none.
pub fn take() -> Request<Body> {
    REQUESTS.with_borrow_mut(Vec::pop).unwrap_or_else(|| made(HERE))
}

/// Makes a request with four headers, and room for more.
pub fn made(uri: &str) -> Request<Body> {
    let mut request = Request::get(uri).body(Body::new()).expect("the URI is well-formed");
    let headers = request.headers_mut();
    headers.reserve(16);
    for (name, value) in [
        ("accept", "application/json"),
        ("user-agent", "bench/1"),
        ("x-request-id", "7f2c1b"),
        ("accept-language", "en"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    request
}

/// Answers 200 at once, and keeps a few requests for the next time.
#[derive(Clone, Copy, Debug)]
pub struct Noop;

impl Service<Request<Body>> for Noop {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Ready<Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let headers = request.headers_mut();
        // What was put on is taken off at the expense of whoever put it on.
        if headers.len() > OWN_HEADERS {
            headers.remove(AUTHORIZATION);
            if headers.len() > OWN_HEADERS {
                headers.remove(TENANT);
            }
        }
        REQUESTS.with_borrow_mut(|requests| {
            requests.push(request);
            requests.truncate(KEPT);
        });
        ready(Ok(Response::new(Body::new())))
    }
}
