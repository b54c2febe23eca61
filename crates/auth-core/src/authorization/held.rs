//! The credential that is ready to be stamped.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::{config::Config, source::Given, used::Used};
use crate::{Credential, CredentialSource};

/// A credential, and what a request that is stamped with it takes along until its answer comes.
pub(super) struct Held {
    pub(super) credential: Credential,
    pub(super) used: Used,
}

/// What all clones of a service share.
pub(super) struct Shared<T> {
    pub(super) source: T,
    pub(super) config: Config,
    held: ArcSwapOption<Held>,
}

impl<T> Shared<T> {
    pub(super) fn new(source: T, config: Config) -> Self {
        Self { source, config, held: ArcSwapOption::empty() }
    }
}

impl<T: CredentialSource + Clone + 'static> Shared<T> {
    /// Returns the credential that the source has ready, if it may go over the certificate that is presented.
    fn ready(&self, given: Option<&Given>) -> Option<Credential> {
        let source = self.source(given);
        let credential = source.ready()?;
        if self.config.bound_elsewhere(&credential) {
            // The certificate changed. A token for the new one can be had.
            self.config.rebind(source, credential.generation());
            return None;
        }
        Some(credential)
    }

    fn hold(&self, given: Option<&Given>, credential: Credential) -> Held {
        let used = self.used(given, credential.generation(), false);
        Held { credential, used }
    }

    /// Holds what the source of a request has ready.
    pub(super) fn hold_given(&self, given: &Given) -> Option<Held> {
        self.ready(Some(given)).map(|credential| self.hold(Some(given), credential))
    }

    /// Holds what the layer's own source has ready, together with all clones of the service.
    fn renew(&self) -> Option<Arc<Held>> {
        let credential = self.ready(None)?;
        let held = self.held.load_full().filter(|held| held.has(&credential));
        Some(held.unwrap_or_else(|| {
            let held = Arc::new(self.hold(None, credential));
            self.held.store(Some(Arc::clone(&held)));
            held
        }))
    }
}

impl Held {
    fn has(&self, credential: &Credential) -> bool {
        self.credential.generation() == credential.generation()
    }
}

/// What one clone of a service has in its hand.
///
/// Counts that threads share make them wait for each other at each request. So a service that is used more than once
/// has a copy, which it alone counts. A clone begins anew: who clones for each request copies nothing.
///
/// A copy that is no longer good is never stamped. It is wiped at the next request, or with the service.
#[derive(Default)]
pub(super) struct Hand {
    own: Option<Box<Held>>,
    /// What the first request went out with.
    lent: Option<Arc<Held>>,
}

impl Hand {
    /// Returns a credential that can be stamped at once, if there is one.
    #[inline]
    pub(super) fn ready<T>(&mut self, shared: &Shared<T>) -> Option<&Held>
    where
        T: CredentialSource + Clone + 'static,
    {
        let is_fresh = |held: &Held| {
            shared.source.is_fresh(&held.credential) && !shared.config.bound_elsewhere(&held.credential)
        };
        if self.own.as_deref().is_some_and(is_fresh) { self.own.as_deref() } else { self.renew(shared) }
    }

    #[cold]
    fn renew<T>(&mut self, shared: &Shared<T>) -> Option<&Held>
    where
        T: CredentialSource + Clone + 'static,
    {
        let (own, lent) = (self.own.take(), self.lent.take());
        let held = shared.renew()?;
        if own.is_none() && lent.is_none() {
            return Some(self.lent.insert(held));
        }
        let own = own.filter(|own| own.has(&held.credential));
        Some(self.own.insert(own.unwrap_or_else(|| Box::new(shared.hold(None, held.credential.copied())))))
    }
}

impl Clone for Hand {
    fn clone(&self) -> Self {
        Self::default()
    }
}
