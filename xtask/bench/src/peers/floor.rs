//! What no peer can be faster than: nothing at all, and the insertion of a ready header.

use http::HeaderValue;
use tower::BoxError;

use crate::peer::{Answer, Caller, Header, Inner, Layered, Peer, Setup, Stamped};

/// No authentication.
#[derive(Clone, Debug)]
pub struct Nothing;

impl Peer for Nothing {
    async fn start(_: &Setup) -> Result<Self, BoxError> {
        Ok(Self)
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Layered(inner)
    }
}

/// Inserts a clone of a ready, sensitive value.
#[derive(Clone, Debug)]
pub struct Insert(HeaderValue);

impl Peer for Insert {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        bearer(setup.issuer.token()).map(Self)
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Stamped(self.clone(), inner)
    }
}

impl Header for Insert {
    async fn header(&self) -> Result<HeaderValue, BoxError> {
        Ok(self.0.clone())
    }
}

/// The value that carries `token`, marked sensitive.
pub fn bearer(token: &str) -> Result<HeaderValue, BoxError> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}
