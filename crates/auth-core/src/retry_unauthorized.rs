//! Sends a request once more when its credential was rejected and a different one can be had.

mod replay;

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

pub use self::replay::{Replay, ReplayCloned, ReplayEmpty};
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

impl<P> RetryUnauthorizedLayer<P> {
    /// Sends again as `replay` does it: `claviger-replay` has one for bodies that stream, and reqwest's.
    pub fn new(replay: P) -> Self {
        Self { replay }
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
    P: Replay<R>,
    S: Service<P::Request> + Clone,
    S::Response: HttpResponse,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, R, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (request, copy) = self.replay.prepare(request);
        let again = copy.map(|copy| {
            // The clone, which was not polled ready, waits for the second request and is polled then.
            let clone = self.inner.clone();
            Box::new(Again { service: clone, copy })
        });
        ResponseFuture { state: State::Calling { future: self.inner.call(request), again } }
    }
}

pin_project! {
    /// The future of [`RetryUnauthorized`].
    pub struct ResponseFuture<S, R, P>
    where
        P: Replay<R>,
        S: Service<P::Request>,
    {
        #[pin]
        state: State<S, P::Copy, P::Request, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, C, R, F> {
        // Waiting for the first answer, or, with nothing left to send, for the last.
        Calling { #[pin] future: F, again: Option<Box<Again<S, C>>> },
        // Waiting for the service to be ready a second time.
        Readying { next: Option<Box<Next<S, R>>> },
    }
}

struct Again<S, C> {
    service: S,
    copy: C,
}

struct Next<S, R> {
    service: S,
    request: R,
}

impl<S, R, P> Future for ResponseFuture<S, R, P>
where
    P: Replay<R>,
    S: Service<P::Request>,
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
                    let again = mem::take(again).filter(|_| superseded);
                    // What of the first body is still being sent cannot be sent again.
                    let Some((service, request)) =
                        again.and_then(|again| Some((again.service, P::again(again.copy)?)))
                    else {
                        return Poll::Ready(Ok(response));
                    };
                    State::Readying { next: Some(Box::new(Next { service, request })) }
                }
                StateProj::Readying { next } => {
                    ready!(next.as_mut().expect(COMPLETED).service.poll_ready(cx))?;
                    let Next { mut service, request } = *next.take().expect(COMPLETED);
                    State::Calling { future: service.call(request), again: None }
                }
            };
            this.state.set(next);
        }
    }
}

impl<S, R, P> fmt::Debug for ResponseFuture<S, R, P>
where
    P: Replay<R>,
    S: Service<P::Request>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

const COMPLETED: &str = "a future is not polled after it is ready";

#[cfg(test)]
mod tests;
