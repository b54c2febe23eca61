//! The credential that a request went out with.

use std::sync::Arc;

use http::StatusCode;

use super::{CredentialSuperseded, config::Rejection, source::Given};
use crate::{
    Generation, HttpResponse,
    living::{self, SourceId},
};

/// The credential that a request went out with, and whom to tell if it is rejected. Small: every request carries it.
#[derive(Clone)]
pub(super) enum Used {
    Any(Arc<Any>),
    Nothing,
    /// One of a source that is found by its number: nothing is counted, and nothing is to be let go.
    Registered {
        source: SourceId,
        generation: Generation,
        /// It was issued for this very request, which was tried as well with it as it can be.
        is_own: bool,
    },
}

/// One of any source, by any rule.
pub(super) struct Any {
    source: Given,
    generation: Generation,
    is_rejection: Option<Rejection>,
    is_own: bool,
}

impl Used {
    pub(super) fn any(
        source: Given,
        generation: Generation,
        is_rejection: Option<Rejection>,
        is_own: bool,
    ) -> Self {
        Self::Any(Arc::new(Any { source, generation, is_rejection, is_own }))
    }

    /// Tells whether an answer of this status must be looked at. One that is not need not lie in memory.
    #[inline]
    pub(super) fn must_see(&self, status: StatusCode) -> bool {
        status == StatusCode::UNAUTHORIZED || matches!(self, Self::Any(any) if any.is_rejection.is_some())
    }

    /// Invalidates the credential if the answer rejects it, and tells in the answer if there is another one.
    #[inline(never)]
    pub(super) fn judge(&self, response: &mut impl HttpResponse) {
        let (is_superseded, is_own) = match self {
            Self::Any(any) => {
                let is_rejection =
                    any.is_rejection.is_none_or(|is| is(response.status(), response.headers()));
                (is_rejection && any.reject(), any.is_own)
            }
            Self::Nothing => return,
            Self::Registered { source, generation, is_own } => {
                (living::find(*source).is_some_and(|source| source.reject(*generation)), *is_own)
            }
        };
        if is_superseded && !is_own {
            response.extensions_mut().insert(CredentialSuperseded);
        }
    }
}

impl Any {
    fn reject(&self) -> bool {
        self.source.invalidate(self.generation);
        self.source.generation() != Some(self.generation)
    }
}
