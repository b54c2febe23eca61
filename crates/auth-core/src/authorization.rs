//! Stamps each request with a credential.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, HeaderName, StatusCode};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    BoxError, Credential, CredentialSource, Error, ErrorKind, ExistingHeader, ForeignOrigin, Generation,
    HttpRequest, HttpResponse, Origins, PublishIdentity, UseCredentials,
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
        let config =
            Config { rules: Rules::new(origins.into()), is_rejection: is_unauthorized, identity: None };
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
        self.config.is_rejection = is_rejection;
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
        Authorization { inner, source: self.source.clone(), config: Arc::new(self.config.clone()) }
    }
}

/// Stamps each request with a credential before the inner service sees it.
///
/// Where the credential is at hand, the inner service is called at once. Where it is not, the request waits
/// for it: the inner service that was ready is kept for it meanwhile.
///
/// It sees the answer. A rejection (401, or the rule that was given) invalidates exactly the credential that
/// was used. If a different one can now be had, the response carries [`CredentialSuperseded`]; never so for a
/// credential that this very request had to wait for.
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
#[derive(Clone, Debug)]
pub struct Authorization<S, T> {
    inner: S,
    source: T,
    config: Arc<Config>,
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
        match self.config.rules.admit(&request) {
            Ok(Admission::Stamp) => {}
            Ok(Admission::PassWithout) => {
                return State::Calling { future: self.inner.call(request), used: None }.into();
            }
            Err(error) => return State::Refused { error: Some(error) }.into(),
        }
        let given = request.extensions().and_then(|extensions| extensions.get::<UseCredentials>());
        let source = match given {
            Some(given) => Source::Given(Arc::clone(given.source())),
            None => Source::Own(self.source.clone()),
        };
        let Some(credential) = source.ready() else {
            // Before anything is fetched in vain. The header is cleared again when it is stamped.
            if let Err(error) =
                self.config.rules.clear(&mut request, &source.header_name(), ErrorKind::Configuration)
            {
                return State::Refused { error: Some(error) }.into();
            }
            // The service that was polled ready waits with the request; its clone stays here.
            let clone = self.inner.clone();
            let service = mem::replace(&mut self.inner, clone);
            let config = Arc::clone(&self.config);
            let obtaining = source.obtain();
            let waiting = Waiting { obtaining, source, service, request, config };
            return State::Obtaining { waiting: Some(Box::new(waiting)) }.into();
        };
        if let Err(error) = self.config.stamp(&mut request, &credential) {
            return State::Refused { error: Some(error) }.into();
        }
        let used = Used {
            source,
            generation: credential.generation(),
            is_rejection: self.config.is_rejection,
            waited: false,
        };
        State::Calling { future: self.inner.call(request), used: Some(used) }.into()
    }
}

/// Marks a response whose credential was rejected, when a different one can now be had.
///
/// [`RetryUnauthorized`](crate::retry_unauthorized::RetryUnauthorized) acts on it alone, and takes it off.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CredentialSuperseded;

pin_project! {
    /// The future of [`Authorization`].
    pub struct ResponseFuture<S, R, T>
    where
        S: Service<R>,
    {
        #[pin]
        state: State<S, R, T, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, R, T, F> {
        // Waiting for the credential. In a box: it is rare, and every request would carry its size.
        Obtaining { waiting: Option<Box<Waiting<S, R, T>>> },
        // Waiting for the inner service.
        Calling { #[pin] future: F, used: Option<Used<T>> },
        // The request goes nowhere.
        Refused { error: Option<Error> },
    }
}

impl<S, R, T> From<State<S, R, T, S::Future>> for ResponseFuture<S, R, T>
where
    S: Service<R>,
{
    fn from(state: State<S, R, T, S::Future>) -> Self {
        Self { state }
    }
}

impl<S, R, T> Future for ResponseFuture<S, R, T>
where
    R: HttpRequest,
    S: Service<R>,
    S::Response: HttpResponse,
    S::Error: Into<BoxError>,
    T: CredentialSource + 'static,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Obtaining { waiting } => {
                    let obtaining = &mut waiting.as_mut().expect(COMPLETED).obtaining;
                    let credential = ready!(obtaining.as_mut().poll(cx))?;
                    let Waiting { source, mut service, mut request, config, .. } =
                        *waiting.take().expect(COMPLETED);
                    config.stamp(&mut request, &credential)?;
                    let used = Used {
                        source,
                        generation: credential.generation(),
                        is_rejection: config.is_rejection,
                        waited: true,
                    };
                    State::Calling { future: service.call(request), used: Some(used) }
                }
                StateProj::Calling { future, used } => {
                    let mut response = ready!(future.poll(cx)).map_err(Into::into)?;
                    if let Some(used) = used.take() {
                        used.judge(&mut response);
                    }
                    return Poll::Ready(Ok(response));
                }
                StateProj::Refused { error } => {
                    return Poll::Ready(Err(error.take().expect(COMPLETED).into()));
                }
            };
            this.state.set(next);
        }
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

/// What the layer was told, shared by all clones of a service.
#[derive(Clone, Debug)]
struct Config {
    rules: Rules,
    is_rejection: fn(StatusCode, &HeaderMap) -> bool,
    identity: Option<Arc<dyn PublishIdentity>>,
}

impl Config {
    fn stamp<R: HttpRequest>(&self, request: &mut R, credential: &Credential) -> Result<(), Error> {
        if let Some(binding) = credential.binding() {
            let published = self.identity.as_ref().and_then(|identity| identity.thumbprint());
            if published != Some(binding) {
                return Err(Error::new(
                    ErrorKind::ClientCertificate,
                    "the access token is bound to another client certificate than the one presented",
                )
                .with_advice("use the same client certificate for the token endpoint and the API"));
            }
        }
        self.rules.stamp(request, credential.name(), credential.value().clone(), ErrorKind::Configuration)
    }
}

/// The layer's own source, or the one that the request names.
enum Source<T> {
    Given(Arc<dyn CredentialSource>),
    Own(T),
}

impl<T: CredentialSource + Clone + 'static> Source<T> {
    /// Obtains on the slow path; the box is paid once per fetch.
    fn obtain(&self) -> Pin<Box<dyn Future<Output = Result<Credential, Error>> + Send>> {
        match self {
            Self::Given(given) => {
                let given = Arc::clone(given);
                Box::pin(async move { given.obtain().await })
            }
            Self::Own(own) => {
                let own = own.clone();
                Box::pin(async move { own.obtain().await })
            }
        }
    }
}

impl<T: CredentialSource> Source<T> {
    fn ready(&self) -> Option<Credential> {
        match self {
            Self::Given(given) => given.ready(),
            Self::Own(own) => own.ready(),
        }
    }

    fn header_name(&self) -> HeaderName {
        match self {
            Self::Given(given) => given.header_name(),
            Self::Own(own) => own.header_name(),
        }
    }

    /// Invalidates a credential, and tells whether a different one can be had.
    fn supersede(&self, generation: Generation) -> bool {
        match self {
            Self::Given(given) => supersede(given, generation),
            Self::Own(own) => supersede(own, generation),
        }
    }
}

/// A request that waits for its credential, and all that it needs to go on.
struct Waiting<S, R, T> {
    obtaining: Pin<Box<dyn Future<Output = Result<Credential, Error>> + Send>>,
    source: Source<T>,
    service: S,
    request: R,
    config: Arc<Config>,
}

/// The credential that a request went out with.
struct Used<T> {
    source: Source<T>,
    generation: Generation,
    is_rejection: fn(StatusCode, &HeaderMap) -> bool,
    waited: bool,
}

impl<T: CredentialSource> Used<T> {
    fn judge(self, response: &mut impl HttpResponse) {
        if !(self.is_rejection)(response.status(), response.headers()) {
            return;
        }
        let superseded = self.source.supersede(self.generation);
        // One that was fetched for this very request is not tried a second time.
        if superseded && !self.waited {
            response.extensions_mut().insert(CredentialSuperseded);
        }
    }
}

fn supersede(source: &impl CredentialSource, generation: Generation) -> bool {
    source.invalidate(generation);
    source.generation() != Some(generation)
}

fn is_unauthorized(status: StatusCode, _headers: &HeaderMap) -> bool {
    status == StatusCode::UNAUTHORIZED
}

const COMPLETED: &str = "a future is not polled after it is ready";

#[cfg(test)]
mod tests;
