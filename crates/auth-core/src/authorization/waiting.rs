//! A request that waits for its credential.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use tower_service::Service;

use super::{
    held::{Held, Shared},
    source::Source,
    used::Used,
};
use crate::{BoxError, Credential, CredentialSource, HttpRequest, Obtaining};

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
    /// Waits until the request can be sent as it is.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
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
                Stage::Readying(_) => return self.service.poll_ready(cx).map_err(Into::into),
            }
        }
    }

    /// Sends the request, once it can be.
    pub(super) fn send(self) -> (S::Future, Used<T>) {
        let Self { stage, source, mut service, request, shared, .. } = self;
        let used = match stage {
            Stage::Obtaining(_) => Used::Nothing,
            Stage::Readying(credential) => {
                let is_own = !credential.is_kept();
                Used::from(Held { is_own, ..shared.hold(source, credential) })
            }
        };
        (service.call(request), used)
    }
}

/// Each further one means that the certificate changed again.
const MOST_REBINDS: u8 = 3;
