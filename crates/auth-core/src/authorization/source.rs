//! Whom to ask for the credential of a request: the layer's own source, or the one that the request names.

use std::sync::Arc;

use super::{WatchCredential, held::Shared, used::Used};
use crate::{CredentialSource, Generation, HttpRequest, Obtaining};

/// The source that a request names.
pub(super) type Given = Arc<dyn CredentialSource>;

impl<T: CredentialSource + Clone + 'static> Shared<T> {
    pub(super) fn source<'a>(&'a self, given: Option<&'a Given>) -> &'a dyn CredentialSource {
        match given {
            Some(given) => given,
            None => &self.source,
        }
    }

    pub(super) fn obtain(&self, given: Option<&Given>) -> Obtaining {
        match given {
            Some(given) => given.obtain_owned(),
            None => self.source.obtain_owned(),
        }
    }

    /// Tells who watches the request which credential it is stamped with.
    pub(super) fn note<R: HttpRequest>(&self, given: Option<&Given>, request: &R, generation: Generation) {
        let watch = request.extensions().and_then(|extensions| extensions.get::<WatchCredential>());
        if let Some(watch) = watch {
            watch.remember(self.to_given(given), generation);
        }
    }

    /// Says of a request which credential it went out with.
    pub(super) fn used(&self, given: Option<&Given>, generation: Generation, is_own: bool) -> Used {
        let is_rejection = self.config.is_rejection;
        // Another rule may want to see the headers; what a request names may live no longer than that request.
        let id = if given.is_none() && is_rejection.is_none() { self.source.source_id() } else { None };
        match id {
            Some(source) => Used::Registered { source, generation, is_own },
            None => Used::any(self.to_given(given), generation, is_rejection, is_own),
        }
    }

    fn to_given(&self, given: Option<&Given>) -> Given {
        given.map_or_else(|| Arc::new(self.source.clone()) as Given, Arc::clone)
    }
}
