//! Stamps each request with a credential.

mod config;
mod held;
mod source;
mod used;
mod waiting;
mod watch;

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, StatusCode};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

pub use self::watch::WatchCredential;
use self::{
    config::Config,
    held::{Hand, Shared},
    source::Given,
    used::Used,
    waiting::Waiting,
};
use crate::{
    BoxError, CredentialSource, Error, ErrorKind, ExistingHeader, ForeignOrigin, HttpRequest, HttpResponse,
    Origins, PublishIdentity, UseCredentials,
    rules::{Admission, Rules},
};

/// Applies [`Authorization`] to a service.
///
/// # Example
///
/// ```
/// use claviger_auth_core::{Origin, StaticToken, authorization::AuthorizationLayer};
/// use http::{Request, Response, header::AUTHORIZATION};
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let origin = Origin::https("https://api.example")?;
/// let service = ServiceBuilder::new()
///     .layer(AuthorizationLayer::new(StaticToken::bearer("swordfish".into())?, origin))
///     .service(service_fn(|request: Request<()>| async move {
///         assert_eq!(request.headers()[AUTHORIZATION], "Bearer swordfish");
///         Ok::<_, BoxError>(Response::new(()))
///     }));
///
/// let ours = Request::get("https://api.example/things").body(())?;
/// service.clone().oneshot(ours).await?;
///
/// let foreign = Request::get("https://evil.example/things").body(())?;
/// assert!(service.oneshot(foreign).await.is_err(), "refused before anything is sent");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AuthorizationLayer<T> {
    source: T,
    config: Config,
}

impl<T> AuthorizationLayer<T> {
    /// Stamps requests to `origins` with what `source` has.
    pub fn new(source: T, origins: impl Into<Origins>) -> Self {
        let config = Config { rules: Rules::new(origins.into()), is_rejection: None, identity: None };
        Self { source, config }
    }

    /// Says what becomes of a request to another origin. Default: it is refused.
    #[must_use]
    pub fn with_foreign_origin(mut self, foreign: ForeignOrigin) -> Self {
        self.config.rules.foreign = foreign;
        self
    }

    /// Says what becomes of a caller's own header of the credential's name. Default: the request is refused.
    #[must_use]
    pub fn with_existing_header(mut self, existing: ExistingHeader) -> Self {
        self.config.rules.existing = existing;
        self
    }

    /// Says which answers mean that the credential was rejected. Default: status 401 (RFC 6750 §3.1).
    ///
    /// A 403 means that the credential is good and the permission is not: a new one would not help.
    #[must_use]
    pub fn with_rejection(mut self, is_rejection: fn(StatusCode, &HeaderMap) -> bool) -> Self {
        self.config.is_rejection = Some(is_rejection);
        self
    }

    /// Compares the certificate that a token is bound to (RFC 8705 §3) with the one `identity` publishes.
    ///
    /// Without it, a bound token is refused: nobody could tell over which certificate it would go.
    #[must_use]
    pub fn with_identity(mut self, identity: impl PublishIdentity + 'static) -> Self {
        self.config.identity = Some(Arc::new(identity));
        self
    }
}

impl<T: Clone, S> Layer<S> for AuthorizationLayer<T> {
    type Service = Authorization<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Authorization {
            inner,
            shared: Arc::new(Shared::new(self.source.clone(), self.config.clone())),
            hand: Hand::default(),
        }
    }
}

/// Stamps each request with a credential before the inner service sees it.
///
/// Where the credential is at hand, the inner service is called at once. Where it is not, the request waits
/// for it, and then for the inner service to be ready again: it reserves nothing meanwhile.
///
/// It sees the answer. A rejection (401, or the rule that was given) invalidates exactly the credential that
/// was used, for as long as anybody has its source. If a different one can now be had, the response carries
/// [`CredentialSuperseded`]; never so for a credential that was issued while this very request waited for it.
///
/// # Errors
///
/// As [`BoxError`], where [`Error::find`] finds ours: [`Origin`](ErrorKind::Origin) for a request to
/// another origin; [`Configuration`](ErrorKind::Configuration) for a caller's own header;
/// [`ClientCertificate`](ErrorKind::ClientCertificate) for a token bound to another certificate; and those
/// of the source. Any other is the inner service's.
///
/// # Cancellation
///
/// Dropping the future drops the request, and this caller's wait for a credential; the fetch goes on.
#[derive(Clone)]
pub struct Authorization<S, T> {
    inner: S,
    shared: Arc<Shared<T>>,
    hand: Hand,
}

impl<S, R, T> Service<R> for Authorization<S, T>
where
    R: HttpRequest,
    S: Service<R> + Clone,
    S::Response: HttpResponse,
    S::Error: Into<BoxError>,
    T: CredentialSource + Clone + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S, R, T>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        match self.shared.config.rules.admit(&request) {
            Ok(Admission::Stamp) => {}
            Ok(Admission::PassWithout) => {
                let state = State::Calling { future: self.inner.call(request) };
                return ResponseFuture { state, used: Used::Nothing };
            }
            Err(error) => return ResponseFuture::refused(error),
        }
        if request.extensions().is_some_and(|extensions| !extensions.is_empty()) {
            return self.call_with_extensions(request);
        }
        let Some(held) = self.hand.ready(&self.shared) else { return self.wait(request, None) };
        if let Err(error) = self.shared.config.put(&mut request, &held.credential) {
            return ResponseFuture::refused(error);
        }
        let Used::Registered { source, generation, is_own } = held.used else {
            return ResponseFuture::with(&mut self.inner, request, held.used.clone());
        };
        // Written where it stays, since there is nothing to let go if the inner service panics.
        let state = State::Calling { future: self.inner.call(request) };
        ResponseFuture { state, used: Used::Registered { source, generation, is_own } }
    }
}

/// Marks a response whose credential was rejected, when a different one can now be had.
///
/// [`RetryUnauthorized`](crate::retry_unauthorized::RetryUnauthorized) acts on it alone, and takes it off.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CredentialSuperseded;

impl<S: Clone, T: CredentialSource + Clone + 'static> Authorization<S, T> {
    /// Calls with a request that may name its credentials, or is watched.
    fn call_with_extensions<R>(&mut self, mut request: R) -> ResponseFuture<S, R, T>
    where
        R: HttpRequest,
        S: Service<R>,
    {
        let given = request.extensions().and_then(|extensions| extensions.get::<UseCredentials>());
        let given = given.map(|given| Arc::clone(given.source()));
        let of_given;
        let held = match &given {
            None => self.hand.ready(&self.shared),
            Some(given) => {
                of_given = self.shared.hold_given(given);
                of_given.as_ref()
            }
        };
        let Some(held) = held else { return self.wait(request, given) };
        self.shared.note(given.as_ref(), &request, held.credential.generation());
        if let Err(error) = self.shared.config.put(&mut request, &held.credential) {
            return ResponseFuture::refused(error);
        }
        ResponseFuture::with(&mut self.inner, request, held.used.clone())
    }

    /// Lets the request wait for its credential.
    #[cold]
    fn wait<R>(&mut self, mut request: R, given: Option<Given>) -> ResponseFuture<S, R, T>
    where
        R: HttpRequest,
        S: Service<R>,
    {
        // Before anything is fetched in vain. The header is cleared again when it is stamped.
        let name = self.shared.source(given.as_ref()).header_name();
        if let Err(error) = self.shared.config.rules.clear(&mut request, &name, ErrorKind::Configuration) {
            return ResponseFuture::refused(error);
        }
        // What the ready service had reserved is given back while the request waits: the fetch of its token may
        // need it. So the clone waits, and is polled ready when its turn has come.
        let clone = self.inner.clone();
        drop(mem::replace(&mut self.inner, clone.clone()));
        let shared = Arc::clone(&self.shared);
        let obtaining = Some(shared.obtain(given.as_ref()));
        let used = Used::Nothing;
        let waiting = Waiting { obtaining, used, given, service: clone, request, shared, rebinds: 0 };
        ResponseFuture { state: State::Waiting { waiting: Some(Box::new(waiting)) }, used: Used::Nothing }
    }
}

impl<S: fmt::Debug, T: fmt::Debug> fmt::Debug for Authorization<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { source, config, .. } = &*self.shared;
        f.debug_struct("Authorization")
            .field("inner", &self.inner)
            .field("source", source)
            .field("config", config)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Authorization`].
    pub struct ResponseFuture<S, R, T>
    where
        S: Service<R>,
    {
        #[pin]
        state: State<S, R, T, S::Future>,
        used: Used,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, R, T, F> {
        // Waiting for the inner service.
        Calling { #[pin] future: F },
        // The request goes nowhere.
        Refused { error: Option<Error> },
        // Waiting for the credential, then for the inner service to be ready. In a box: it is rare, and every
        // request would carry its size.
        Waiting { waiting: Option<Box<Waiting<S, R, T>>> },
    }
}

impl<S: Service<R>, R, T> ResponseFuture<S, R, T> {
    /// Calls the service, with something to let go if it panics. Apart, so that the usual way has none.
    #[inline(never)]
    fn with(service: &mut S, request: R, used: Used) -> Self {
        Self { state: State::Calling { future: service.call(request) }, used }
    }

    #[cold]
    fn refused(error: Error) -> Self {
        Self { state: State::Refused { error: Some(error) }, used: Used::Nothing }
    }
}

impl<S, R, T> Future for ResponseFuture<S, R, T>
where
    R: HttpRequest,
    S: Service<R>,
    S::Response: HttpResponse,
    S::Error: Into<BoxError>,
    T: CredentialSource + Clone + 'static,
{
    type Output = Result<S::Response, BoxError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !matches!(self.state, State::Calling { .. }) {
            ready!(self.as_mut().poll_before(cx))?;
        }
        let this = self.project();
        let StateProj::Calling { future } = this.state.project() else { unreachable!("{COMPLETED}") };
        match future.poll(cx) {
            Poll::Ready(Ok(response)) => Poll::Ready(Ok(if this.used.must_see(response.status()) {
                // In a place of its own, so that the usual answer need not lie in memory.
                let mut seen = response;
                this.used.judge(&mut seen);
                seen
            } else {
                response
            })),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S, R, T> ResponseFuture<S, R, T>
where
    R: HttpRequest,
    S: Service<R>,
    S::Response: HttpResponse,
    S::Error: Into<BoxError>,
    T: CredentialSource + Clone + 'static,
{
    /// Polls what comes before the inner service is called, until it is.
    #[cold]
    fn poll_before(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let mut this = self.project();
        let waiting = match this.state.as_mut().project() {
            StateProj::Calling { .. } => return Poll::Ready(Ok(())),
            StateProj::Refused { error } => return Poll::Ready(Err(error.take().expect(COMPLETED).into())),
            StateProj::Waiting { waiting } => waiting,
        };
        ready!(waiting.as_mut().expect(COMPLETED).poll(cx))?;
        let (future, used) = waiting.take().expect(COMPLETED).send();
        *this.used = used;
        this.state.set(State::Calling { future });
        Poll::Ready(Ok(()))
    }
}

impl<S, R, T> fmt::Debug for ResponseFuture<S, R, T>
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
