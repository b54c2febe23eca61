//! Whom to ask for the credential of a request.

use std::sync::Arc;

use super::WatchCredential;
use crate::{Credential, CredentialSource, HttpRequest, Obtaining, SourceId};

/// The layer's own source, or the one that the request names.
#[derive(Clone)]
pub(super) enum Source<T> {
    Given(Arc<dyn CredentialSource>),
    Own(T),
}

impl<T: CredentialSource + Clone + 'static> Source<T> {
    pub(super) fn obtain(&self) -> Obtaining {
        match self {
            Self::Given(given) => given.obtain_owned(),
            Self::Own(own) => own.obtain_owned(),
        }
    }

    /// Tells who watches the request which credential it is stamped with.
    pub(super) fn note<R: HttpRequest>(&self, request: &R, credential: &Credential) {
        let watch = request.extensions().and_then(|extensions| extensions.get::<WatchCredential>());
        if let Some(watch) = watch {
            watch.remember(self.shared(), credential.generation());
        }
    }

    /// Names the layer's own source, where it has a number. A request's own lives for as long as the request.
    pub(super) fn id(&self) -> Option<SourceId> {
        match self {
            Self::Given(_) => None,
            Self::Own(own) => own.id(),
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
