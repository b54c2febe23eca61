//! Whom to ask for the credential of a request.

use std::{pin::Pin, sync::Arc};

use super::WatchCredential;
use crate::{Credential, CredentialSource, Error, HttpRequest};

/// The layer's own source, or the one that the request names.
#[derive(Clone)]
pub(super) enum Source<T> {
    Given(Arc<dyn CredentialSource>),
    Own(T),
}

impl<T: CredentialSource + Clone + 'static> Source<T> {
    /// Obtains on the slow path; the box is paid once per fetch.
    pub(super) fn obtain(&self) -> Obtaining {
        let source = self.shared();
        Box::pin(async move { source.obtain().await })
    }

    /// Tells who watches the request which credential it is stamped with.
    pub(super) fn note<R: HttpRequest>(&self, request: &R, credential: &Credential) {
        let watch = request.extensions().and_then(|extensions| extensions.get::<WatchCredential>());
        if let Some(watch) = watch {
            watch.remember(self.shared(), credential.generation());
        }
    }

    pub(super) fn as_dyn(&self) -> &dyn CredentialSource {
        match self {
            Self::Given(given) => given,
            Self::Own(own) => own,
        }
    }

    fn shared(&self) -> Arc<dyn CredentialSource> {
        match self {
            Self::Given(given) => Arc::clone(given),
            Self::Own(own) => Arc::new(own.clone()),
        }
    }
}

/// A wait for a credential, on the slow path; the box is paid once per fetch.
pub(super) type Obtaining = Pin<Box<dyn Future<Output = Result<Credential, Error>> + Send>>;
