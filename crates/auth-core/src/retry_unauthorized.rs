//! Sends a request once more when its credential was rejected and a different one can be had.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Request;
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{HttpResponse, authorization::CredentialSuperseded};

/// Applies [`RetryUnauthorized`] to a service.
///
/// It goes *outside* [`AuthorizationLayer`](crate::authorization::AuthorizationLayer), which puts the new
/// credential on the second request.
///
/// # Example
///
/// ```
/// use claviger_auth_core::{
///     Origin, StaticToken, authorization::AuthorizationLayer, retry_unauthorized::RetryUnauthorizedLayer,
/// };
/// use http::{Request, Response, StatusCode};
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let service = ServiceBuilder::new()
///     .layer(RetryUnauthorizedLayer::cloned())
///     .layer(AuthorizationLayer::new(
///         StaticToken::bearer("swordfish".into())?,
///         Origin::https("https://api.example")?,
///     ))
///     .service(service_fn(|_: Request<()>| async {
///         let mut response = Response::new(());
///         *response.status_mut() = StatusCode::UNAUTHORIZED;
///         Ok::<_, BoxError>(response)
///     }));
/// // A static token has no successor, so the 401 is passed on.
/// let response = service.oneshot(Request::get("https://api.example/").body(())?).await?;
/// assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RetryUnauthorizedLayer<P> {
    replay: P,
}

impl RetryUnauthorizedLayer<ReplayCloned> {
    /// Sends again what can be cloned: bodies such as `Full<Bytes>`, `String`, `Empty`.
    #[must_use]
    pub fn cloned() -> Self {
        Self { replay: ReplayCloned }
    }
}

impl RetryUnauthorizedLayer<ReplayEmpty> {
    /// Sends again what has no body: for body types that stream, and cannot be cloned.
    ///
    /// A request with a body still gets its 401, and the next request a fresh credential.
    #[must_use]
    pub fn empty() -> Self {
        Self { replay: ReplayEmpty }
    }
}

impl<P: Clone, S> Layer<S> for RetryUnauthorizedLayer<P> {
    type Service = RetryUnauthorized<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        RetryUnauthorized { inner, replay: self.replay.clone() }
    }
}

/// Sends a request once more when the response says that its credential was superseded.
///
/// It acts on [`CredentialSuperseded`] and on nothing else: neither on a status, nor on an error. The second
/// answer is passed on whatever it is.
#[derive(Clone, Copy, Debug)]
pub struct RetryUnauthorized<S, P> {
    inner: S,
    replay: P,
}

impl<S, R, P> Service<R> for RetryUnauthorized<S, P>
where
    S: Service<R> + Clone,
    S::Response: HttpResponse,
    P: Replay<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let again = self.replay.copy(&request).map(|copy| {
            // The clone, which was not polled ready, waits for the second request and is polled then.
            let clone = self.inner.clone();
            Box::new(Again { service: clone, request: copy })
        });
        ResponseFuture { state: State::Calling { future: self.inner.call(request), again } }
    }
}

/// Copies a request before it is sent, where that can be done.
pub trait Replay<R> {
    /// Returns a copy to be sent if the first is rejected; none if the request can be sent only once.
    fn copy(&self, request: &R) -> Option<R>;
}

/// Copies requests by cloning them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReplayCloned;

impl<R: Clone> Replay<R> for ReplayCloned {
    fn copy(&self, request: &R) -> Option<R> {
        Some(request.clone())
    }
}

/// Copies requests whose body is empty.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReplayEmpty;

impl<B: Body + Default> Replay<Request<B>> for ReplayEmpty {
    fn copy(&self, request: &Request<B>) -> Option<Request<B>> {
        if !request.body().is_end_stream() {
            return None;
        }
        let mut copy = Request::new(B::default());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.version_mut() = request.version();
        *copy.headers_mut() = request.headers().clone();
        *copy.extensions_mut() = request.extensions().clone();
        Some(copy)
    }
}

pin_project! {
    /// The future of [`RetryUnauthorized`].
    pub struct ResponseFuture<S, R>
    where
        S: Service<R>,
    {
        #[pin]
        state: State<S, R, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, R, F> {
        // Waiting for the first answer, or, with nothing left to send, for the last.
        Calling { #[pin] future: F, again: Option<Box<Again<S, R>>> },
        // Waiting for the service to be ready a second time.
        Readying { again: Option<Box<Again<S, R>>> },
    }
}

struct Again<S, R> {
    service: S,
    request: R,
}

impl<S, R> Future for ResponseFuture<S, R>
where
    S: Service<R>,
    S::Response: HttpResponse,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Calling { future, again } => {
                    let mut response = ready!(future.poll(cx))?;
                    let superseded = response.extensions_mut().remove::<CredentialSuperseded>().is_some();
                    match mem::take(again) {
                        Some(again) if superseded => State::Readying { again: Some(again) },
                        _ => return Poll::Ready(Ok(response)),
                    }
                }
                StateProj::Readying { again } => {
                    ready!(again.as_mut().expect(COMPLETED).service.poll_ready(cx))?;
                    let Again { mut service, request } = *again.take().expect(COMPLETED);
                    State::Calling { future: service.call(request), again: None }
                }
            };
            this.state.set(next);
        }
    }
}

impl<S, R> fmt::Debug for ResponseFuture<S, R>
where
    S: Service<R>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

const COMPLETED: &str = "a future is not polled after it is ready";

#[cfg(test)]
mod tests;
