//! Whom to ask for the credential of a request.

use std::{pin::Pin, sync::Arc};

use super::WatchCredential;
use crate::{Credential, CredentialSource, Error, Generation, HttpRequest};

/// The layer's own source, or the one that the request names.
#[derive(Clone)]
pub(super) enum Source<T> {
    Given(Arc<dyn CredentialSource>),
    Own(T),
}

impl<T: CredentialSource + Clone + 'static> Source<T> {
    /// Obtains on the slow path; the box is paid once per fetch.
    pub(super) fn obtain(&self) -> Obtaining {
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

impl<T: CredentialSource + Clone + 'static> Source<T> {
    /// Tells who watches the request which credential it is stamped with.
    pub(super) fn note<R: HttpRequest>(&self, request: &R, generation: Generation) {
        let watch = request.extensions().and_then(|extensions| extensions.get::<WatchCredential>());
        if let Some(watch) = watch {
            let source = match self {
                Self::Given(given) => Arc::clone(given),
                Self::Own(own) => Arc::new(own.clone()),
            };
            watch.remember(source, generation);
        }
    }
}

impl<T: CredentialSource + 'static> Source<T> {
    pub(super) fn as_dyn(&self) -> &dyn CredentialSource {
        match self {
            Self::Given(given) => given,
            Self::Own(own) => own,
        }
    }
}

/// A wait for a credential, on the slow path; the box is paid once per fetch.
pub(super) type Obtaining = Pin<Box<dyn Future<Output = Result<Credential, Error>> + Send>>;
