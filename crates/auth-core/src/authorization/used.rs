//! The credential that a request went out with.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use super::{CredentialSuperseded, held::Held, source::Source};
use crate::{CredentialSource, Generation, HttpResponse};

/// The credential that a request went out with. Small: every request carries it.
pub(super) enum Used<T> {
    Held(Arc<Held<T>>),
    Once(Box<Once<T>>),
}

/// One that the request waited for, or named.
pub(super) struct Once<T> {
    pub(super) source: Source<T>,
    pub(super) generation: Generation,
    pub(super) is_rejection: fn(StatusCode, &HeaderMap) -> bool,
    /// It was issued for this very request.
    pub(super) is_own: bool,
}

impl<T: CredentialSource + Clone + 'static> Used<T> {
    #[inline]
    pub(super) fn judge(&self, response: &mut impl HttpResponse) {
        let is_rejection = match self {
            Self::Held(held) => held.is_rejection,
            Self::Once(once) => once.is_rejection,
        };
        if is_rejection(response.status(), response.headers()) {
            self.reject(response);
        }
    }

    #[cold]
    fn reject(&self, response: &mut impl HttpResponse) {
        let (source, generation, is_own): (&dyn CredentialSource, _, _) = match self {
            Self::Held(held) => (&held.source, held.credential.generation(), false),
            Self::Once(once) => (once.source.as_dyn(), once.generation, once.is_own),
        };
        source.invalidate(generation);
        let superseded = source.generation() != Some(generation);
        // With a token that was issued for it, a request was tried as well as it can be.
        if superseded && !is_own {
            response.extensions_mut().insert(CredentialSuperseded);
        }
    }
}
