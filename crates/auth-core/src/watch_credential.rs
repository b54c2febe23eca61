//! Keeps hold of the credential that a request went out with.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{CredentialSource, Generation};

/// Learns which credential a request is stamped with, so that it can be rejected later.
///
/// It is for APIs that say "unauthenticated" after the head of the response: in the trailers, as gRPC does, or in
/// the body of a 200. Put a clone into the extensions of the request.
/// [`Authorization`](crate::authorization::Authorization) tells it which credential was used; of a request that
/// is sent twice, the second one.
///
/// # Example
///
/// ```
/// use claviger_auth_core::{Origin, StaticToken, WatchCredential, authorization::AuthorizationLayer};
/// use http::{Request, Response};
/// use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let service = ServiceBuilder::new()
///     .layer(AuthorizationLayer::new(
///         StaticToken::bearer("swordfish".into())?,
///         Origin::https("https://api.example")?,
///     ))
///     .service(service_fn(|_: Request<()>| async {
///         Ok::<_, BoxError>(Response::new(r#"{"error":"unauthenticated"}"#))
///     }));
/// let watch = WatchCredential::new();
/// let request = Request::get("https://api.example/").extension(watch.clone()).body(())?;
/// if service.oneshot(request).await?.body().contains("unauthenticated") {
///     watch.reject(); // the next request waits for another token, where one can be had
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct WatchCredential {
    seen: Arc<Mutex<Option<Seen>>>,
}

/// Who has the credential, and which one it is.
type Seen = (Arc<dyn CredentialSource>, Generation);

impl WatchCredential {
    /// Makes one that has seen nothing yet. Clones see the same.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Invalidates exactly the credential that the request was stamped with, by its generation.
    ///
    /// Where there was none, or another one is current by now, nothing happens. It does not send the request again.
    pub fn reject(&self) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((source, generation)) = seen {
            source.invalidate(generation);
        }
    }

    pub(crate) fn see(&self, source: Arc<dyn CredentialSource>, generation: Generation) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((source, generation));
    }
}

impl fmt::Debug for WatchCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchCredential").finish_non_exhaustive()
    }
}
