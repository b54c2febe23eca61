//! Says on each request for which tenant it is.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderName, HeaderValue};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    BoxError, Error, ErrorKind, ExistingHeader, ForeignOrigin, HttpRequest, Origins,
    rules::{Admission, Rules},
};

/// Names a tenant: the company, site or account that a request is for.
///
/// In a request's extensions it chooses the tenant of that request. It is no secret, but it is somebody's
/// name, so `Debug` does not show it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tenant(HeaderValue);

impl Tenant {
    /// Takes a tenant's name as its header carries it. What names are well-formed, the provider's crate knows.
    ///
    /// # Errors
    ///
    /// [`Tenant`](ErrorKind::Tenant) if it is empty, begins or ends with a space, or has control characters.
    pub fn new(name: &str) -> Result<Self, Error> {
        let malformed = || {
            Error::new(ErrorKind::Tenant, "the tenant is not a name that a header can carry")
                .with_advice("give the tenant without spaces around it, on one line")
        };
        if name.is_empty() || name.trim() != name {
            return Err(malformed());
        }
        let mut value = HeaderValue::from_bytes(name.as_bytes()).map_err(|_| malformed())?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Returns the value of the header, marked sensitive.
    #[must_use]
    pub fn header_value(&self) -> &HeaderValue {
        &self.0
    }
}

/// Applies [`SetTenant`] to a service.
///
/// It has one of three modes, and no way from one to another: were the tenant of a request to fall back on a
/// default, a redirect or a retry that loses the request's extensions would act for the wrong company and
/// nobody would know.
///
/// # Example
///
/// ```
/// use claviger_auth_core::{Origin, set_tenant::{SetTenantLayer, Tenant}};
/// use http::{HeaderName, Request, Response};
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let header = HeaderName::from_static("x-tenant");
/// let service = ServiceBuilder::new()
///     .layer(SetTenantLayer::required(header, Origin::https("https://api.example")?))
///     .service(service_fn(|request: Request<()>| async move {
///         assert_eq!(request.headers()["x-tenant"], "acme");
///         Ok::<_, BoxError>(Response::new(()))
///     }));
///
/// let mut request = Request::get("https://api.example/things").body(())?;
/// assert!(service.clone().oneshot(request.clone()).await.is_err(), "nobody is no tenant");
/// request.extensions_mut().insert(Tenant::new("acme")?);
/// service.oneshot(request).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SetTenantLayer {
    header: HeaderName,
    mode: Mode,
    rules: Rules,
}

impl SetTenantLayer {
    /// Sends every request for this one tenant.
    ///
    /// A request that names a tenant in its extensions is refused: it was meant for another stack.
    #[must_use]
    pub fn fixed(header: HeaderName, tenant: Tenant, origins: impl Into<Origins>) -> Self {
        Self { header, mode: Mode::Fixed(tenant), rules: Rules::new(origins.into()) }
    }

    /// Sends each request for the tenant in its extensions, and refuses one that names none.
    #[must_use]
    pub fn required(header: HeaderName, origins: impl Into<Origins>) -> Self {
        Self { header, mode: Mode::Required, rules: Rules::new(origins.into()) }
    }

    /// Sends each request for the tenant in its extensions, and one that names none without the header.
    #[must_use]
    pub fn optional(header: HeaderName, origins: impl Into<Origins>) -> Self {
        Self { header, mode: Mode::Optional, rules: Rules::new(origins.into()) }
    }

    /// Says what becomes of a request to another origin. Default: it is refused.
    #[must_use]
    pub fn with_foreign_origin(mut self, foreign: ForeignOrigin) -> Self {
        self.rules.foreign = foreign;
        self
    }

    /// Says what becomes of a caller's own header of that name. Default: the request is refused.
    #[must_use]
    pub fn with_existing_header(mut self, existing: ExistingHeader) -> Self {
        self.rules.existing = existing;
        self
    }
}

impl<S> Layer<S> for SetTenantLayer {
    type Service = SetTenant<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SetTenant { inner, layer: self.clone() }
    }
}

/// Writes the tenant's header on each request before the inner service sees it.
///
/// # Errors
///
/// As [`BoxError`], where [`Error::find`] finds ours: [`Tenant`](ErrorKind::Tenant) for a request that names
/// no tenant where one is required, names one where it is fixed, or brings the header itself;
/// [`Origin`](ErrorKind::Origin) for a request to another origin. Any other is the inner service's.
#[derive(Clone, Debug)]
pub struct SetTenant<S> {
    inner: S,
    layer: SetTenantLayer,
}

impl<S> SetTenant<S> {
    fn stamp<R: HttpRequest>(&self, request: &mut R) -> Result<(), Error> {
        let SetTenantLayer { header, mode, rules } = &self.layer;
        if rules.admit(request)? == Admission::PassWithout {
            return Ok(());
        }
        rules.clear(request, header, ErrorKind::Tenant)?;
        let named = request.extensions().and_then(|extensions| extensions.get::<Tenant>()).cloned();
        let tenant = match (mode, named) {
            (Mode::Fixed(tenant), None) => tenant.clone(),
            (Mode::Required | Mode::Optional, Some(named)) => named,
            (Mode::Optional, None) => return Ok(()),
            (Mode::Required, None) => {
                return Err(Error::new(ErrorKind::Tenant, "the request names no tenant")
                    .with_subject(header.as_str()));
            }
            (Mode::Fixed(_), Some(_)) => {
                return Err(Error::new(
                    ErrorKind::Tenant,
                    "the request names a tenant, and this stack has its own",
                )
                .with_subject(header.as_str())
                .with_advice("send it through a stack whose tenant is chosen per request"));
            }
        };
        rules.stamp(request, header, tenant.0, ErrorKind::Tenant)
    }
}

impl<S, R> Service<R> for SetTenant<S>
where
    R: HttpRequest,
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let state = match self.stamp(&mut request) {
            Ok(()) => State::Calling { future: self.inner.call(request) },
            Err(error) => State::Refused { error: Some(error) },
        };
        ResponseFuture { state }
    }
}

pin_project! {
    /// The future of [`SetTenant`].
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        // Waiting for the inner service.
        Calling { #[pin] future: F },
        // The request goes nowhere.
        Refused { error: Option<Error> },
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Calling { future } => future.poll(cx).map_err(Into::into),
            StateProj::Refused { error } => {
                Poll::Ready(Err(error.take().expect("a future is not polled after it is ready").into()))
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

#[derive(Clone, Debug)]
enum Mode {
    Fixed(Tenant),
    Optional,
    Required,
}

#[cfg(test)]
mod tests;
