//! The order of the stack, written once.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use claviger_auth_core::{
    CredentialSource, Error, HttpRequest, TokenCache,
    authorization::{Authorization, AuthorizationLayer},
    retry_unauthorized::{ReplayCloned, RetryUnauthorized, RetryUnauthorizedLayer},
};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::Transport;
use http::{HeaderName, HeaderValue, header::CONTENT_TYPE};
use tower_layer::Layer;
use tower_service::Service;

use crate::Config;

/// Applies Clarify's headers and its authentication to a client of one's own.
///
/// ```text
/// request ─▶ two headers ─▶ RetryUnauthorized ─▶ Authorization ─▶ your client
/// ```
///
/// The two headers are `X-API-Version` and `Content-Type: application/json`, each where the request has none
/// of its own. The request's body must be one that can be cloned, since a request whose token was revoked is
/// sent once more. With HTTP Basic no request is ever sent twice: there is no other credential to be had.
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the file that Clarify issued.
/// use bytes::Bytes;
/// use claviger_clarify::{ClarifyLayer, Config, Credentials};
/// use claviger_client::Client;
/// use http_body_util::Full;
/// use tower_layer::Layer;
///
/// let config = Config::new(Credentials::from_file("clarify-credentials.json")?);
/// let client: Client<Full<Bytes>> = Client::builder(config.tls()?).build(); // or any other
/// let service = ClarifyLayer::new(&config, client.clone())?.layer(client);
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClarifyLayer<P = ReplayCloned> {
    api_version: HeaderValue,
    retry: RetryUnauthorizedLayer<P>,
    authorization: AuthorizationLayer<Source>,
    tokens: Option<TokenCache<ClientCredentials>>,
}

/// A token cache or HTTP Basic, whichever the credentials are for.
type Source = Arc<dyn CredentialSource>;

impl ClarifyLayer {
    /// Fetches tokens over `transport`, which follows no redirect. HTTP Basic has no use for it.
    ///
    /// Where it limits how much it does at a time, it must not share that limit with the requests: they would
    /// hold all of it while they wait for a token that cannot be fetched.
    ///
    /// # Errors
    ///
    /// Those of [`Config::token_source`], or of [`Basic::new`](claviger_basic::Basic::new).
    pub fn new(config: &Config, transport: impl Transport) -> Result<Self, Error> {
        let Some(source) = config.token_source(transport)? else {
            return Ok(Self::with_credentials(config, config.basic()?));
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
        let source: Source = Arc::new(source);
        Self {
            api_version: config.api_version().header_value(),
            retry: RetryUnauthorizedLayer::cloned(),
            authorization: AuthorizationLayer::new(source, config.endpoints().origin().clone()),
            tokens: None,
        }
    }
}

impl<P> ClarifyLayer<P> {
    /// Says how a request is sent once more. Default: its body is cloned. For bodies that stream, and for reqwest,
    /// `claviger-replay` has others.
    #[must_use]
    pub fn with_retry<Q>(self, retry: RetryUnauthorizedLayer<Q>) -> ClarifyLayer<Q> {
        let Self { api_version, authorization, tokens, .. } = self;
        ClarifyLayer { api_version, retry, authorization, tokens }
    }

    /// Returns the cache of tokens, shared by all services that this layer makes; none for HTTP Basic, or where
    /// the credentials are one's own.
    #[must_use]
    pub fn tokens(&self) -> Option<&TokenCache<ClientCredentials>> {
        self.tokens.as_ref()
    }
}

impl<P: Clone, S> Layer<S> for ClarifyLayer<P> {
    type Service = ClarifyService<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        // Authorization is innermost: it must see the very answer to the credential that it stamped.
        let authorized = self.authorization.layer(inner);
        // Outside it, so that the second request is stamped with the new token. Clarify says 401 and nothing
        // else of a bad credential; a missing permission is an error in the body of a 200, which is no 401.
        let retried = self.retry.layer(authorized);
        // Outermost: the two headers are settled once, and the same for both times a request is sent.
        ClarifyService { inner: retried, api_version: self.api_version.clone() }
    }
}

/// A client with Clarify's layers on it.
#[derive(Clone, Debug)]
pub struct ClarifyService<S, P = ReplayCloned> {
    inner: Authenticated<S, P>,
    api_version: HeaderValue,
}

/// What is inside the two headers.
type Authenticated<S, P> = RetryUnauthorized<Authorization<S, Source>, P>;

impl<S, P, R> Service<R> for ClarifyService<S, P>
where
    R: HttpRequest,
    Authenticated<S, P>: Service<R>,
{
    type Response = <Authenticated<S, P> as Service<R>>::Response;
    type Error = <Authenticated<S, P> as Service<R>>::Error;
    type Future = <Authenticated<S, P> as Service<R>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    /// Clarify's documentation, "Transport protocol (HTTP)", "HTTP Request headers": the content type is
    /// checked, and the version is by request, so one that the caller chose for a method stays.
    fn call(&mut self, mut request: R) -> Self::Future {
        let headers = request.headers_mut();
        headers.entry(X_API_VERSION).or_insert_with(|| self.api_version.clone());
        headers.entry(CONTENT_TYPE).or_insert(APPLICATION_JSON);
        self.inner.call(request)
    }
}

const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");
const X_API_VERSION: HeaderName = HeaderName::from_static("x-api-version");

#[cfg(test)]
mod tests;
