//! A rejection that comes after the head of the answer.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{CredentialSource, Generation};

/// Remembers, in a request's extensions, which credential the request was stamped with.
///
/// Some APIs say that a credential is not good where the layer does not look: gRPC in the trailers behind the body,
/// others in an error inside a 200. Who reads it there calls [`reject`](Self::reject), and the next request has
/// another credential. Clones share what they remember; after a request was sent once more, it is the second
/// credential.
///
/// # Example
///
/// ```
/// use claviger_auth_core::{
///     AccessToken, CredentialSource, Error, Fetch, Origin, TokenCache, TokenSource,
///     authorization::{AuthorizationLayer, WatchCredential},
/// };
/// use http::{Request, Response};
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # struct Issuer;
/// # #[async_trait::async_trait]
/// # impl TokenSource for Issuer {
/// #     async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
/// #         AccessToken::bearer(&"swordfish".into())
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let tokens = TokenCache::builder(Issuer).with_spacing(std::time::Duration::ZERO).build();
/// let service = ServiceBuilder::new()
///     .layer(AuthorizationLayer::new(tokens.clone(), Origin::https("https://api.example")?))
///     .service(service_fn(|_: Request<()>| async {
///         Ok::<_, BoxError>(Response::new(r#"{"errors":[{"message":"session ended"}]}"#))
///     }));
/// let watch = WatchCredential::new();
/// let mut request = Request::get("https://api.example/graphql").body(())?;
/// request.extensions_mut().insert(watch.clone());
/// let response = service.oneshot(request).await?;
/// if response.body().contains("session ended") {
///     watch.reject();
/// }
/// assert!(tokens.ready().is_none(), "the next request fetches another token");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct WatchCredential(Arc<Mutex<Option<Stamp>>>);

struct Stamp {
    source: Arc<dyn CredentialSource>,
    generation: Generation,
}

impl WatchCredential {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Invalidates the credential that the request was stamped with, if it is still the current one.
    ///
    /// Where the request was stamped with none, nothing happens.
    pub fn reject(&self) {
        let stamp = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Stamp { source, generation }) = stamp {
            source.invalidate(generation);
        }
    }

    pub(super) fn remember(&self, source: Arc<dyn CredentialSource>, generation: Generation) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Stamp { source, generation });
    }
}

impl fmt::Debug for WatchCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchCredential").finish_non_exhaustive()
    }
}
