//! Whoever can get access tokens.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{AccessToken, Error};

/// Gets access tokens: one request to whoever issues them, no caching here.
///
/// [`TokenCache`](crate::TokenCache) makes a [`CredentialSource`](crate::CredentialSource) of it.
#[async_trait]
pub trait TokenSource: Send + Sync + 'static {
    /// Gets a token.
    ///
    /// Whoever keeps tokens below (a session file, a shared store) must never hand back the one that `why`
    /// says was rejected.
    ///
    /// # Cancellation
    ///
    /// The cache runs it on a task of its own; it is dropped only at the cache's fetch deadline or with
    /// its runtime.
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error>;
}

/// Tells why a token is wanted.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Fetch<'a> {
    /// There is none, or it has expired.
    Cold,
    /// There is one, still good; the next is fetched ahead.
    Early,
    /// There was this one, and the server rejected it.
    Rejected(&'a AccessToken),
}

#[async_trait]
impl<T: TokenSource + ?Sized> TokenSource for Arc<T> {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        (**self).fetch(why).await
    }
}
