//! Makes Authorization right for gRPC, which tells most of its errors in a 200.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use claviger_auth_core::authorization::{Authorization, AuthorizationLayer, WatchCredential};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Applies [`Authorization`], and around it [`GrpcAuthorization`], to a service.
///
/// # Example
///
/// ```
/// use claviger_auth_core::{Origin, Origins, StaticToken, authorization::AuthorizationLayer};
/// use claviger_tonic::GrpcAuthorizationLayer;
/// use http::{Request, Response, header::AUTHORIZATION};
/// use tonic::body::Body;
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let tokens = StaticToken::bearer("swordfish".into())?;
/// // As `Channel::origins` has it: all that the service sends goes to this one origin.
/// let origins = Origins::bound_to(Origin::https("https://api.example")?);
/// let stack = ServiceBuilder::new()
///     .layer(GrpcAuthorizationLayer::new(AuthorizationLayer::new(tokens, origins)))
///     .service(service_fn(|request: Request<Body>| async move {
///         assert_eq!(request.headers()[AUTHORIZATION], "Bearer swordfish");
///         Ok::<_, BoxError>(Response::new(Body::empty()))
///     }));
/// stack.oneshot(Request::post("/hello.Greeter/Hello").body(Body::empty())?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GrpcAuthorizationLayer<T> {
    inner: AuthorizationLayer<T>,
}

impl<T> GrpcAuthorizationLayer<T> {
    /// Takes the layer with its options, and replaces its rule of what a rejection is.
    ///
    /// A call is rejected by `UNAUTHENTICATED` (`grpc-status: 16`, "Status codes and their use in gRPC"), or by status
    /// 401 of a proxy on the way. `PERMISSION_DENIED` is none: a new credential would not help.
    #[must_use]
    pub fn new(authorization: AuthorizationLayer<T>) -> Self {
        Self { inner: authorization.with_rejection(is_rejection) }
    }
}

impl<T: Clone, S> Layer<S> for GrpcAuthorizationLayer<T> {
    type Service = GrpcAuthorization<Authorization<S, T>>;

    fn layer(&self, inner: S) -> Self::Service {
        GrpcAuthorization { inner: self.inner.layer(inner) }
    }
}

/// Takes note of a rejection in the trailers of a response: it invalidates the credential that was used.
///
/// One in the headers, where gRPC puts it if there is nothing else to say ("Trailers-Only"), has been noted by
/// [`Authorization`] below, which then marks the response for
/// [`RetryUnauthorized`](claviger_auth_core::retry_unauthorized::RetryUnauthorized). After one in the trailers nothing
/// is sent again; the next call waits for another credential. It is noted when the caller reads the response to its
/// end, as tonic's clients do for all that is not a stream.
#[derive(Clone, Debug)]
pub struct GrpcAuthorization<S> {
    inner: S,
}

impl<S, B, A> Service<Request<B>> for GrpcAuthorization<S>
where
    S: Service<Request<B>, Response = Response<A>>,
{
    type Response = Response<WatchedBody<A>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The caller may watch as well, and then sees what we see.
        let watch = request.extensions_mut().get_or_insert_default::<WatchCredential>().clone();
        ResponseFuture { future: self.inner.call(request), watch }
    }
}

pin_project! {
    /// The future of [`GrpcAuthorization`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        watch: WatchCredential,
    }
}

impl<F, A, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<A>, E>>,
{
    type Output = Result<Response<WatchedBody<A>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.future.poll(cx))?;
        Poll::Ready(Ok(response.map(|inner| WatchedBody { inner, watch: this.watch.clone() })))
    }
}

pin_project! {
    /// Passes a body on as it is, and looks into its trailers.
    #[derive(Debug)]
    pub struct WatchedBody<B> {
        #[pin]
        inner: B,
        watch: WatchCredential,
    }
}

impl<B: Body> Body for WatchedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && frame.trailers_ref().is_some_and(is_unauthenticated)
        {
            this.watch.reject();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn is_rejection(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED || is_unauthenticated(headers)
}

fn is_unauthenticated(headers: &HeaderMap) -> bool {
    headers.get("grpc-status").is_some_and(|status| status == "16")
}

#[cfg(test)]
mod tests;
