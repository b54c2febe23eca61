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
    /// None once the request is stamped; then it waits for the service.
    pub(super) obtaining: Option<Obtaining>,
    pub(super) used: Used,
    pub(super) given: Option<Given>,
    pub(super) service: S,
    pub(super) request: R,
    pub(super) shared: Arc<Shared<T>>,
    /// How often the certificate was another than that of the token which came.
    pub(super) rebinds: u8,
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
        while let Some(obtaining) = &mut self.obtaining {
            let credential = ready!(obtaining.as_mut().poll(cx))?;
            let (shared, given, generation) = (&self.shared, self.given.as_ref(), credential.generation());
            if shared.config.bound_elsewhere(&credential) && self.rebinds < MOST_REBINDS {
                // The certificate changed while the token was fetched.
                self.rebinds += 1;
                shared.config.rebind(shared.source(given), generation);
                self.obtaining = Some(shared.obtain(given));
                continue;
            }
            self.used = shared.used(given, generation, !credential.is_kept());
            shared.note(given, &self.request, generation);
            shared.config.stamp(&mut self.request, credential)?;
            self.obtaining = None;
        }
        self.service.poll_ready(cx).map_err(Into::into)
    }

    /// Sends the request, once it can be.
    pub(super) fn send(mut self) -> (S::Future, Used) {
        (self.service.call(self.request), self.used)
    }
}

/// Each further one means that the certificate changed again.
const MOST_REBINDS: u8 = 3;
