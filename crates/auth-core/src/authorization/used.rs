//! The credential that a request went out with.

use std::sync::Arc;

use http::StatusCode;

use super::{CredentialSuperseded, held::Held};
use crate::{
    CredentialSource, Generation, HttpResponse,
    living::{self, SourceId},
};

/// The credential that a request went out with. Small: every request carries it.
pub(super) enum Used<T> {
    /// One of a source that is found by its number: nothing is counted, and nothing is to be let go.
    Found {
        source: SourceId,
        generation: Generation,
        is_own: bool,
    },
    /// Any other.
    Held(Arc<Held<T>>),
    Nothing,
}

impl<T> From<Held<T>> for Used<T> {
    fn from(held: Held<T>) -> Self {
        match held.found_by {
            Some(source) => {
                Self::Found { source, generation: held.credential.generation(), is_own: held.is_own }
            }
            None => Self::Held(Arc::new(held)),
        }
    }
}

impl<T: CredentialSource + Clone + 'static> Used<T> {
    /// Tells whether an answer of this status must be looked at. One that is not need not lie in memory.
    #[inline]
    pub(super) fn must_see(&self, status: StatusCode) -> bool {
        status == StatusCode::UNAUTHORIZED || matches!(self, Self::Held(held) if held.is_rejection.is_some())
    }

    /// Invalidates the credential if the answer rejects it, and tells in the answer if there is another one.
    #[inline(never)]
    pub(super) fn judge(&self, response: &mut impl HttpResponse) {
        let is_superseded = match self {
            Self::Found { source, generation, is_own } => {
                living::find(*source).is_some_and(|source| source.reject(*generation)) && !is_own
            }
            Self::Held(held) => {
                let is_rejection =
                    held.is_rejection.is_none_or(|is| is(response.status(), response.headers()));
                is_rejection && held.reject() && !held.is_own
            }
            Self::Nothing => false,
        };
        if is_superseded {
            response.extensions_mut().insert(CredentialSuperseded);
        }
    }
}
