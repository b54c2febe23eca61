//! A request that waits for its credential.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use tower_service::Service;

use super::{
    held::Shared,
    source::{Obtaining, Source},
};
use crate::{BoxError, Credential, CredentialSource, HttpRequest};

/// A request that waits for its credential, and all that it needs to go on.
pub(super) struct Waiting<S, R, T> {
    pub(super) stage: Stage,
    pub(super) source: Source<T>,
    pub(super) service: S,
    pub(super) request: R,
    pub(super) shared: Arc<Shared<T>>,
    /// How often the certificate was another than that of the token which came.
    pub(super) rebinds: u8,
}

pub(super) enum Stage {
    /// Waiting for the credential.
    Obtaining(Obtaining),
    /// The request is stamped; waiting for the service.
    Readying(Credential),
}

impl<S, R, T> Waiting<S, R, T>
where
    R: HttpRequest,
    S: Service<R>,
    S::Error: Into<BoxError>,
    T: CredentialSource + Clone + 'static,
{
    /// Waits until the request can be sent as it is, stamped with this credential.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Credential, BoxError>> {
        loop {
            match &mut self.stage {
                Stage::Obtaining(obtaining) => {
                    let credential = ready!(obtaining.as_mut().poll(cx))?;
                    let config = &self.shared.config;
                    if config.bound_elsewhere(&credential) && self.rebinds < MOST_REBINDS {
                        // The certificate changed while the token was fetched.
                        self.rebinds += 1;
                        config.rebind(self.source.as_dyn(), credential.generation());
                        self.stage = Stage::Obtaining(self.source.obtain());
                        continue;
                    }
                    self.source.note(&self.request, &credential);
                    config.stamp(&mut self.request, &credential)?;
                    self.stage = Stage::Readying(credential);
                }
                Stage::Readying(credential) => {
                    return self.service.poll_ready(cx).map_ok(|()| credential.clone()).map_err(Into::into);
                }
            }
        }
    }
}

/// Each further one means that the certificate changed again.
const MOST_REBINDS: u8 = 3;
