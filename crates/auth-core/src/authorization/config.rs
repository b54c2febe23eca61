//! What the layer was told, and what a credential must agree with.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};

use crate::rules::Rules;
use crate::{
    Credential, CredentialSource, Error, ErrorKind, Generation, HttpRequest, PublishIdentity, Thumbprint,
};

/// Says which answers mean that the credential was rejected.
pub(super) type Rejection = fn(StatusCode, &HeaderMap) -> bool;

/// What the layer was told, shared by all clones of a service.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) rules: Rules,
    /// The rule that was given, in the place of 401.
    pub(super) is_rejection: Option<Rejection>,
    pub(super) identity: Option<Arc<dyn PublishIdentity>>,
}

impl Config {
    /// Tells whether the credential is bound to another certificate than the one presented now.
    #[inline]
    pub(super) fn bound_elsewhere(&self, credential: &Credential) -> bool {
        credential.binding().is_some_and(|binding| self.identity_thumbprint() != Some(binding))
    }

    fn identity_thumbprint(&self) -> Option<Thumbprint> {
        self.identity.as_ref().and_then(|identity| identity.thumbprint())
    }

    /// Lets the source know which certificate is presented now.
    pub(super) fn rebind(&self, source: &dyn CredentialSource, generation: Generation) {
        match self.identity_thumbprint() {
            Some(certificate) => source.rebind(generation, certificate),
            None => source.invalidate(generation),
        }
    }

    /// Stamps a request with a credential that it waited for.
    pub(super) fn stamp<R: HttpRequest>(&self, request: &mut R, credential: Credential) -> Result<(), Error> {
        if self.bound_elsewhere(&credential) {
            let what = "the token is bound to another certificate than the layer knows to be presented";
            let bound = Error::new(ErrorKind::ClientCertificate, what);
            return Err(bound.with_advice("use one certificate for tokens and API; name it by with_identity"));
        }
        let (name, value) = credential.into_header();
        self.rules.stamp(request, &name, value, ErrorKind::Configuration)
    }

    #[inline]
    pub(super) fn put<R: HttpRequest>(&self, request: &mut R, credential: &Credential) -> Result<(), Error> {
        let (name, value) = (credential.name(), credential.value().clone());
        self.rules.stamp(request, name, value, ErrorKind::Configuration)
    }
}
