//! The order of the stack, written once.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use claviger_auth_core::{
    CredentialSource, Error, ErrorKind, HttpRequest, TokenCache,
    authorization::{Authorization, AuthorizationLayer},
    retry_unauthorized::{ReplayCloned, RetryUnauthorized, RetryUnauthorizedLayer},
    set_tenant::{SetTenant, SetTenantLayer},
};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::Transport;
use http::{HeaderName, HeaderValue, header::CONTENT_TYPE};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Authentication, Config, config::Tenancy};

/// Applies Clarus's layers to a client of one's own.
///
/// ```text
/// request ─▶ Content-Type ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ your client
/// ```
///
/// The request's URI is a whole URL of Clarus's ([`Endpoints`](crate::Endpoints) makes them), and its body one
/// that can be cloned, since a request whose token was rejected is sent once more. One whose token was given
/// is not: there is no other token.
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the platform's certificates.
/// use bytes::Bytes;
/// use claviger_clarus::{ClarusLayer, Config, Credentials, Subdomain};
/// use claviger_client::Client;
/// use http_body_util::Full;
/// use tower_layer::Layer;
///
/// let config = Config::new(Subdomain::new("acme")?, Credentials::new("integration", "swordfish".into()));
/// let client: Client<Full<Bytes>> = Client::builder(config.tls()?).build(); // or any other
/// let service = ClarusLayer::new(&config, client.clone())?.layer(client);
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClarusLayer<P = ReplayCloned> {
    tenant: SetTenantLayer,
    retry: RetryUnauthorizedLayer<P>,
    authorization: AuthorizationLayer<Source>,
    tokens: Option<TokenCache<ClientCredentials>>,
}

/// A cache of tokens, the one token that was given, or whatever credentials somebody brings.
type Source = Arc<dyn CredentialSource>;

impl ClarusLayer {
    /// Fetches tokens over `transport`, which follows no redirect. A given token has no use for it.
    ///
    /// Where it limits how much it does at a time, it must not share that limit with the requests: they would
    /// hold all of it while they wait for a token that cannot be fetched.
    ///
    /// # Errors
    ///
    /// Those of [`Config::token_source`]; [`Configuration`](ErrorKind::Configuration) for a
    /// [session](Authentication::Session)'s tokens, which do not come from here.
    pub fn new(config: &Config, transport: impl Transport) -> Result<Self, Error> {
        let source = match config.authentication() {
            Authentication::Credentials(credentials) => config.source_of(credentials, transport)?,
            Authentication::Session => {
                return Err(Error::new(
                    ErrorKind::Configuration,
                    "the tokens of a login come from a session",
                )
                .with_advice("make a cache over the session, and call with_credentials"));
            }
            Authentication::Token(token) => return Ok(Self::with_credentials(config, token.clone())),
        };
        let cache = TokenCache::builder(source);
        let tokens = match config.spacing() {
            Some(spacing) => cache.with_spacing(spacing).build(),
            None => cache.build(),
        };
        let layer = Self::with_credentials(config, tokens.clone());
        Ok(Self { tokens: Some(tokens), ..layer })
    }

    /// Stamps requests from `source`: a cache that several stacks share, or one over a store of tokens.
    #[must_use]
    pub fn with_credentials(config: &Config, source: impl CredentialSource + 'static) -> Self {
        let origin = || config.endpoints().origin().clone();
        let tenant = match config.tenancy() {
            Tenancy::Fixed(subdomain) => {
                SetTenantLayer::fixed(X_CLARUS_SUBDOMAIN, subdomain.clone().into(), origin())
            }
            Tenancy::Required => SetTenantLayer::required(X_CLARUS_SUBDOMAIN, origin()),
        };
        let source: Source = Arc::new(source);
        Self {
            tenant,
            retry: RetryUnauthorizedLayer::cloned(),
            authorization: AuthorizationLayer::new(source, origin()),
            tokens: None,
        }
    }
}

impl<P> ClarusLayer<P> {
    /// Says how a request is sent once more. Default: its body is cloned. For bodies that stream, and for reqwest,
    /// `claviger-replay` has others.
    #[must_use]
    pub fn with_retry<Q>(self, retry: RetryUnauthorizedLayer<Q>) -> ClarusLayer<Q> {
        let Self { tenant, authorization, tokens, .. } = self;
        ClarusLayer { tenant, retry, authorization, tokens }
    }

    /// Returns the cache of tokens, shared by all services that this layer makes; none for a given token, or where
    /// the credentials are one's own.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
    }
}

impl<P: Clone, S> Layer<S> for ClarusLayer<P> {
    type Service = ClarusService<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        // Authorization is innermost: it must see the very answer to the token that it stamped.
        let authorized = self.authorization.layer(inner);
        // Outside it, so that the second request is stamped with the new token.
        let retried = self.retry.layer(authorized);
        // Outside both: a request for nobody is refused before a token is fetched for it, and the tenant of a
        // request is settled once, the same for both times it is sent.
        let tenanted = self.tenant.layer(retried);
        // Outermost: of all this, it alone concerns neither who asks nor for whom.
        ClarusService { inner: tenanted }
    }
}

/// A client with Clarus's layers on it.
///
/// Where the caller has set no `Content-Type`, it is `application/json`, also without a body: Clarus asks for
/// it on every request (Clarus's guide "API authentication", "Request headers"). Token requests do not come
/// this way: theirs is a form.
#[derive(Clone, Debug)]
pub struct ClarusService<S, P = ReplayCloned> {
    inner: Stack<S, P>,
}

/// What is inside the content type.
type Stack<S, P> = SetTenant<RetryUnauthorized<Authorization<S, Source>, P>>;

impl<S, P, R> Service<R> for ClarusService<S, P>
where
    R: HttpRequest,
    Stack<S, P>: Service<R>,
{
    type Response = <Stack<S, P> as Service<R>>::Response;
    type Error = <Stack<S, P> as Service<R>>::Error;
    type Future = <Stack<S, P> as Service<R>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        request.headers_mut().entry(CONTENT_TYPE).or_insert(APPLICATION_JSON);
        self.inner.call(request)
    }
}

const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(crate) const X_CLARUS_SUBDOMAIN: HeaderName = HeaderName::from_static("x-clarus-subdomain");

#[cfg(test)]
mod tests;
