//! What the server knows of a token (RFC 7662).

use std::fmt;

use claviger_auth_core::{Error, ErrorKind, Thumbprint};
use serde::Deserialize;

use crate::{
    binding,
    endpoint::Endpoint,
    judge::{Position, refused, success},
    transport::Answer,
};

/// Holds what an introspection endpoint answered (RFC 7662 §2.2).
///
/// `Debug` does not show the answer: it may say more of a person than a log should.
#[derive(Clone)]
pub struct Introspection {
    active: bool,
    binding: Option<Thumbprint>,
    json: String,
}

impl Introspection {
    /// Tells whether the token is good: issued by this server, neither expired nor taken back.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Returns the client certificate that the token is bound to (RFC 8705 §3.2), if it is:
    /// [`AccessToken::with_binding`](claviger_auth_core::AccessToken::with_binding) takes it.
    #[must_use]
    pub fn binding(&self) -> Option<Thumbprint> {
        self.binding
    }

    /// Returns the answer as it came: a JSON object, at most 1 MiB.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("active", &self.active)
            .field("binding", &self.binding)
            .finish_non_exhaustive()
    }
}

/// Reads an answer. The caller adds URL, and what stands beside the body, to the error.
pub(crate) fn read(answer: &Answer) -> Result<Introspection, Error> {
    if !answer.status.is_success() {
        return Err(refused(answer, Endpoint::Introspection));
    }
    let body = success(&answer.body, Endpoint::Introspection)?;
    let wrong = |what| Error::new(ErrorKind::Protocol, what);
    // The error itself is not kept: it quotes values.
    let Known { active } = serde_json::from_slice(body).map_err(|error| {
        wrong("the answer does not say whether the token is active").with_source(Position::of(&error))
    })?;
    let json = std::str::from_utf8(body).map_err(|_| wrong("the answer is not text"))?.to_owned();
    Ok(Introspection { active, binding: binding::of_claims(body), json })
}

#[derive(Deserialize)]
struct Known {
    active: bool,
}
