//! The credential that is ready to be stamped, and what is to be done if it is rejected.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::{
    config::{Config, Rejection},
    source::Source,
};
use crate::{Credential, CredentialSource, SourceId};

/// A credential with its source: all that a request takes along until its answer comes.
pub(super) struct Held<T> {
    pub(super) source: Source<T>,
    pub(super) credential: Credential,
    pub(super) is_rejection: Option<Rejection>,
    /// It was issued for this very request, which was tried as well with it as it can be.
    pub(super) is_own: bool,
    /// By this number its source is told of a rejection, where the rule is the usual one.
    pub(super) found_by: Option<SourceId>,
}

/// What all clones of a service share.
pub(super) struct Shared<T> {
    pub(super) source: T,
    pub(super) config: Config,
    held: ArcSwapOption<Held<T>>,
}

impl<T> Shared<T> {
    pub(super) fn new(source: T, config: Config) -> Self {
        Self { source, config, held: ArcSwapOption::empty() }
    }
}

impl<T: CredentialSource + Clone + 'static> Shared<T> {
    /// Holds the credential that the source has ready, if it may go over the certificate that is presented.
    fn renew(&self) -> Option<Arc<Held<T>>> {
        let credential = self.source.ready()?;
        if self.config.bound_elsewhere(&credential) {
            // The certificate changed. A token for the new one can be had.
            self.config.rebind(&self.source, credential.generation());
            return None;
        }
        let held = self.held.load_full().filter(|held| held.has(&credential));
        Some(held.unwrap_or_else(|| {
            let held = Arc::new(self.hold_own(credential));
            self.held.store(Some(Arc::clone(&held)));
            held
        }))
    }

    /// Holds the credential that a request's own source has ready; gives the source back where it has none.
    pub(super) fn hold_given(&self, source: Source<T>) -> Result<Held<T>, Source<T>> {
        let Some(credential) = source.as_dyn().ready() else { return Err(source) };
        if self.config.bound_elsewhere(&credential) {
            self.config.rebind(source.as_dyn(), credential.generation());
            return Err(source);
        }
        Ok(self.hold(source, credential))
    }

    fn hold_own(&self, credential: Credential) -> Held<T> {
        self.hold(Source::Own(self.source.clone()), credential)
    }

    pub(super) fn hold(&self, source: Source<T>, credential: Credential) -> Held<T> {
        let is_rejection = self.config.is_rejection;
        let found_by = if is_rejection.is_none() { source.id() } else { None };
        Held { source, credential, is_rejection, is_own: false, found_by }
    }
}

impl<T> Held<T> {
    fn has(&self, credential: &Credential) -> bool {
        self.credential.generation() == credential.generation()
    }
}

impl<T: CredentialSource + Clone + 'static> Held<T> {
    /// Invalidates the credential, and tells whether there is another one.
    pub(super) fn reject(&self) -> bool {
        let (source, generation) = (self.source.as_dyn(), self.credential.generation());
        source.invalidate(generation);
        source.generation() != Some(generation)
    }
}

/// What one clone of a service has in its hand.
///
/// Counts that threads share make them wait for each other at each request. So a service that is used more than once
/// has a copy, which it alone counts. A clone begins anew: who clones for each request copies nothing.
///
/// A copy that is no longer good is never stamped. It is wiped at the next request, or with the service.
pub(super) struct Hand<T> {
    own: Option<Arc<Held<T>>>,
    /// What the first request went out with.
    lent: Option<Arc<Held<T>>>,
}

impl<T: CredentialSource + Clone + 'static> Hand<T> {
    /// Returns a credential that can be stamped at once, if there is one.
    #[inline]
    pub(super) fn ready(&mut self, shared: &Shared<T>) -> Option<&Arc<Held<T>>> {
        let is_fresh = |held: &Arc<Held<T>>| {
            shared.source.is_fresh(&held.credential) && !shared.config.bound_elsewhere(&held.credential)
        };
        if self.own.as_ref().is_some_and(is_fresh) { self.own.as_ref() } else { self.renew(shared) }
    }

    #[cold]
    fn renew(&mut self, shared: &Shared<T>) -> Option<&Arc<Held<T>>> {
        let (own, lent) = (self.own.take(), self.lent.take());
        let held = shared.renew()?;
        if own.is_none() && lent.is_none() {
            return Some(self.lent.insert(held));
        }
        let own = own.filter(|own| own.has(&held.credential));
        Some(self.own.insert(own.unwrap_or_else(|| Arc::new(shared.hold_own(held.credential.copied())))))
    }
}

impl<T> Default for Hand<T> {
    fn default() -> Self {
        Self { own: None, lent: None }
    }
}

impl<T> Clone for Hand<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}
