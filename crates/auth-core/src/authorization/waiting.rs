//! A request that waits for its credential.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use tower_service::Service;

use super::{held::Shared, source::Given, used::Used};
use crate::{BoxError, CredentialSource, HttpRequest, Obtaining};

/// A request that waits for its credential, and all that it needs to go on.
pub(super) struct Waiting<S, R, T> {
    pub(super) stage: Stage,
    pub(super) given: Option<Given>,
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
    Readying(Used),
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
        while let Stage::Obtaining(obtaining) = &mut self.stage {
            let credential = ready!(obtaining.as_mut().poll(cx))?;
            let (shared, given, generation) = (&self.shared, self.given.as_ref(), credential.generation());
            if shared.config.bound_elsewhere(&credential) && self.rebinds < MOST_REBINDS {
                // The certificate changed while the token was fetched.
                self.rebinds += 1;
                shared.config.rebind(shared.source(given), generation);
                self.stage = Stage::Obtaining(shared.obtain(given));
                continue;
            }
            let used = shared.used(given, generation, !credential.is_kept());
            shared.note(given, &self.request, generation);
            shared.config.stamp(&mut self.request, credential)?;
            self.stage = Stage::Readying(used);
        }
        self.service.poll_ready(cx).map_err(Into::into)
    }

    /// Sends the request, once it can be.
    pub(super) fn send(mut self) -> (S::Future, Used) {
        let used = match self.stage {
            Stage::Obtaining(_) => Used::Nothing,
            Stage::Readying(used) => used,
        };
        (self.service.call(self.request), used)
    }
}

/// Each further one means that the certificate changed again.
const MOST_REBINDS: u8 = 3;
