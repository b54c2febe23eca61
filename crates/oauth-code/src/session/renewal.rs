//! One renewal: the only place where a refresh token is sent.

use claviger_auth_core::{AccessToken, Error, ErrorKind};
use claviger_token_endpoint::TokenRequest;

use super::{Session, Unsaved, wanted::Wanted};
use crate::{SessionLock, StoredSession};

/// Whoever has it may renew.
pub(super) struct Renewal {
    pub(super) of: Session,
    pub(super) lock: Box<dyn SessionLock>,
    /// What came of an earlier renewal, and is not in the store yet.
    pub(super) unsaved: Option<StoredSession>,
    pub(super) wanted: Wanted,
}

impl Renewal {
    pub(super) async fn run(mut self) -> Result<AccessToken, Error> {
        if let Some(session) = self.unsaved.take() {
            self = self.save(session).await?;
        }
        let Some(session) = self.lock.load().await? else {
            return Err(
                Error::new(ErrorKind::CredentialsRefused, "nobody is logged in").with_advice("log in")
            );
        };
        // Whoever had the lock before may have renewed it meanwhile.
        if let Some(token) = self.wanted.find_in(&session, self.of.clock.wall()) {
            return Ok(token);
        }
        let Some(refresh_token) = session.refresh_token() else {
            let last = self.wanted.find_last_in(&session, self.of.clock.wall());
            return last
                .ok_or_else(|| ended("the session has ended: the server gave nothing to renew it with"));
        };
        let request = TokenRequest::refresh_token(refresh_token.clone());
        let resources = self.of.resources.iter();
        let request = resources.fold(request, |request, resource| request.with_resource(resource));
        // While the refresh token is good still: what came of it and cannot be stored would end with this process.
        self.lock.save(&session).await?;
        let asked = self.of.clock.wall();
        match self.of.endpoint.request(&request).await {
            Ok(answer) => {
                let renewed = session.renewed(&answer, asked);
                let token = renewed.access_token().clone();
                self.save(renewed).await?;
                Ok(token)
            }
            // RFC 6749 §5.2. Some say it with a status of their own; but a server that is down has said nothing.
            Err(error) if error.oauth_error() == Some("invalid_grant") && !error.is_transient() => {
                // Should this fail, the next attempt is told the same.
                let _ = self.lock.set_aside().await;
                Err(ended("the server has ended the session")
                    .with_oauth_error("invalid_grant")
                    .with_source(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Stores it. If that fails it is kept, and the lock with it.
    async fn save(mut self, session: StoredSession) -> Result<Self, Error> {
        match self.lock.save(&session).await {
            Ok(()) => Ok(self),
            Err(error) => {
                self.of.memory.keep_unsaved(Unsaved { session, lock: self.lock });
                Err(error)
            }
        }
    }
}

fn ended(what: &'static str) -> Error {
    Error::new(ErrorKind::CredentialsRefused, what).with_advice("log in again")
}
