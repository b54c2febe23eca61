//! What the layer was told, and what a credential must agree with.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use crate::rules::Rules;
use crate::{Credential, CredentialSource, Error, ErrorKind, Generation, HttpRequest, PublishIdentity};

/// What the layer was told, shared by all clones of a service.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) rules: Rules,
    pub(super) is_rejection: fn(StatusCode, &HeaderMap) -> bool,
    pub(super) identity: Option<Arc<dyn PublishIdentity>>,
}

impl Config {
    /// Tells whether the credential is bound to another certificate than the one presented now.
    pub(super) fn bound_elsewhere(&self, credential: &Credential) -> bool {
        credential.binding().is_some_and(|binding| {
            self.identity.as_ref().and_then(|identity| identity.thumbprint()) != Some(binding)
        })
    }

    /// Lets the source know which certificate is presented now.
    pub(super) fn rebind(&self, source: &dyn CredentialSource, generation: Generation) {
        match self.identity.as_ref().and_then(|identity| identity.thumbprint()) {
            Some(certificate) => source.rebind(generation, certificate),
            None => source.invalidate(generation),
        }
    }

    pub(super) fn stamp<R: HttpRequest>(
        &self,
        request: &mut R,
        credential: &Credential,
    ) -> Result<(), Error> {
        if self.bound_elsewhere(credential) {
            let what = "the token is bound to another certificate than the layer knows to be presented";
            let bound = Error::new(ErrorKind::ClientCertificate, what);
            return Err(bound.with_advice("use one certificate for tokens and API; name it by with_identity"));
        }
        self.put(request, credential)
    }

    #[inline]
    pub(super) fn put<R: HttpRequest>(&self, request: &mut R, credential: &Credential) -> Result<(), Error> {
        let (name, value) = (credential.name(), credential.value().clone());
        self.rules.stamp(request, name, value, ErrorKind::Configuration)
    }
}
