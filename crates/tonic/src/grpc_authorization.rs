//! Stamps each call with a credential, and knows how gRPC says that it is not good.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use claviger_auth_core::{
    BoxError, CredentialSource, ExistingHeader, Origin, Origins, PublishIdentity,
    authorization::{self, Authorization, AuthorizationLayer, WatchCredential},
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Applies [`GrpcAuthorization`] to a channel.
///
/// # Example
///
/// ```
/// use claviger_auth_core::{BoxError, Origin, StaticToken};
/// use claviger_tonic::{GrpcAuthorizationLayer, WatchedBody};
/// use http::{Request, Response, header::AUTHORIZATION};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let token = StaticToken::bearer("swordfish".into())?;
/// let service = ServiceBuilder::new()
///     .layer(GrpcAuthorizationLayer::new(token, Origin::https("https://api.example")?))
///     .service(service_fn(|request: Request<tonic::body::Body>| async move {
///         assert_eq!(request.headers()[AUTHORIZATION], "Bearer swordfish");
///         Ok::<_, BoxError>(Response::new(tonic::body::Body::empty()))
///     }));
/// // As tonic's clients make them: the channel knows the origin.
/// let call = Request::post("/acme.v1.Orders/List").body(tonic::body::Body::empty())?;
/// let _: Response<WatchedBody<tonic::body::Body>> = service.oneshot(call).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GrpcAuthorizationLayer<T> {
    authorization: AuthorizationLayer<T>,
}

impl<T> GrpcAuthorizationLayer<T> {
    /// Stamps calls over a channel to `origin` with what `source` has.
    ///
    /// That everything goes to this origin is the caller's word: a channel sends it where it was made for, whatever
    /// a request says. A request that names another is refused.
    pub fn new(source: T, origin: Origin) -> Self {
        let layer = AuthorizationLayer::new(source, Origins::bound_to(origin));
        Self { authorization: layer.with_rejection(is_unauthenticated) }
    }

    /// Says what becomes of a caller's own header of the credential's name. Default: the call is refused.
    #[must_use]
    pub fn with_existing_header(mut self, existing: ExistingHeader) -> Self {
        self.authorization = self.authorization.with_existing_header(existing);
        self
    }

    /// Compares the certificate that a token is bound to (RFC 8705 §3) with the one `identity` publishes.
    #[must_use]
    pub fn with_identity(mut self, identity: impl PublishIdentity + 'static) -> Self {
        self.authorization = self.authorization.with_identity(identity);
        self
    }
}

impl<T: Clone, S> Layer<S> for GrpcAuthorizationLayer<T> {
    type Service = GrpcAuthorization<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        GrpcAuthorization { inner: self.authorization.layer(inner) }
    }
}

/// Stamps each call with a credential before the channel sees it, and looks for `UNAUTHENTICATED` in the answer.
///
/// gRPC says it as status 16 in the header `grpc-status` ("gRPC over HTTP2", Responses): in the head of an answer
/// that has nothing else, or in the trailers behind the body. In the head it counts as a rejection, as a 401 does,
/// and [`RetryUnauthorized`](claviger_auth_core::retry_unauthorized::RetryUnauthorized) can send the call once more.
/// In the trailers it is too late for that: the answer has begun. The credential is invalidated all the same, and the
/// next call has another.
///
/// # Errors
///
/// Those of [`Authorization`].
#[derive(Clone, Debug)]
pub struct GrpcAuthorization<S, T> {
    inner: Authorization<S, T>,
}

impl<S, T, B, A> Service<Request<B>> for GrpcAuthorization<S, T>
where
    S: Service<Request<B>, Response = Response<A>> + Clone,
    S::Error: Into<BoxError>,
    T: CredentialSource + Clone + 'static,
{
    type Response = Response<WatchedBody<A>>;
    type Error = BoxError;
    type Future = ResponseFuture<authorization::ResponseFuture<S, Request<B>, T>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::<Request<B>>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let watch = WatchCredential::new();
        request.extensions_mut().insert(watch.clone());
        ResponseFuture { calling: self.inner.call(request), watch }
    }
}

pin_project! {
    /// The future of [`GrpcAuthorization`].
    pub struct ResponseFuture<F> {
        #[pin]
        calling: F,
        watch: WatchCredential,
    }
}

impl<F, A> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<A>, BoxError>>,
{
    type Output = Result<Response<WatchedBody<A>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.calling.poll(cx))?;
        Poll::Ready(Ok(response.map(|body| WatchedBody { body, watch: this.watch.clone() })))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// Streams the body of an answer as it is, and looks at its trailers.
    pub struct WatchedBody<A> {
        #[pin]
        body: A,
        watch: WatchCredential,
    }
}

impl<A: Body<Data = Bytes>> Body for WatchedBody<A> {
    type Data = Bytes;
    type Error = A::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, A::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(cx));
        let trailers = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.trailers_ref());
        if trailers.is_some_and(has_unauthenticated) {
            this.watch.reject();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<A> fmt::Debug for WatchedBody<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedBody").finish_non_exhaustive()
    }
}

/// A proxy before the server knows no gRPC, and says 401.
fn is_unauthenticated(status: StatusCode, headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED || has_unauthenticated(headers)
}

fn has_unauthenticated(headers: &HeaderMap) -> bool {
    headers.get(GRPC_STATUS).is_some_and(|status| status == UNAUTHENTICATED)
}

const GRPC_STATUS: &str = "grpc-status";
const UNAUTHENTICATED: &str = "16";

#[cfg(test)]
mod tests;
