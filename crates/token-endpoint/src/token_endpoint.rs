//! The token endpoint, and its neighbours: one request, one answer, in time.

mod builder;
mod place;

use std::{fmt, sync::Arc, time::Duration};

use claviger_auth_core::{AccessToken, Clock, Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};

pub use self::builder::TokenEndpointBuilder;
use self::place::Place;
use crate::{
    ClientAuthentication, DeviceAuthorization, Discovery, Introspection, TokenAnswer, TokenRequest,
    caller::{Caller, need_runtime},
    device_authorization,
    encode::Parameters,
    endpoint::{Endpoint, said},
    introspection,
    judge::{judge, refused, with_head},
    transport::Answer,
};

/// Sends token requests to one server as one client (RFC 6749 §3.2).
///
/// A clone is one atomic increment.
///
/// # What an answer means
///
/// Status and body decide; the content type is not trusted. Of an error, the status is kept, and the OAuth error code
/// if it is a registered one; where the kind is [`Unavailable`](ErrorKind::Unavailable), also how long the server asks
/// to be left alone, at most five minutes.
///
#[doc = include_str!("token_endpoint/answers.md")]
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone)]
pub struct TokenEndpoint {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    caller: Caller,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl TokenEndpoint {
    /// Names the URL and the client; [`build`](TokenEndpointBuilder::build) takes the transport.
    #[must_use]
    pub fn builder(token_url: impl Into<String>, client: ClientAuthentication) -> TokenEndpointBuilder {
        TokenEndpointBuilder::new(Some(token_url.into()), None, client)
    }

    /// Takes the URLs from the server's metadata, which is asked for when it is first needed.
    #[must_use]
    pub fn discovered(discovery: Discovery, client: ClientAuthentication) -> TokenEndpointBuilder {
        TokenEndpointBuilder::new(None, Some(discovery), client)
    }

    /// Asks for a token, once. A connection that was refused, so that not a byte was sent, is tried once more.
    ///
    /// # Errors
    ///
    /// The [table](Self#what-an-answer-means) says which answer is an error of which kind. Beside those:
    ///
    /// - [`Configuration`](ErrorKind::Configuration): a parameter is wrong and nothing was sent.
    /// - [`Timeout`](ErrorKind::Timeout): no whole answer in time, that of the discovery included.
    /// - [`Connect`](ErrorKind::Connect): it cannot be reached, or its answer broke off. An [`Error`] that the
    ///   transport reports keeps its own kind, advice and words, and of its sources what is ours.
    /// - [`Runtime`](ErrorKind::Runtime): there is no tokio runtime to keep the time.
    /// - those of [`Discovery::metadata`].
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the exchange; the server may have issued a token all the same.
    pub async fn request(&self, request: &TokenRequest) -> Result<TokenAnswer, Error> {
        request.check()?;
        let judged = |answer: &Answer| judge(answer, &request.scope);
        let answer = self.inner.ask(Endpoint::Token, &request.parameters(), judged).await?;
        answer.tell_withheld_scopes();
        Ok(answer)
    }

    /// Asks the server to take a token back (RFC 7009). One that it does not know is gone, too.
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request); and [`Configuration`](ErrorKind::Configuration) if no
    /// [revocation URL](TokenEndpointBuilder::with_revocation_url) is known.
    pub async fn revoke(&self, token: &AccessToken) -> Result<(), Error> {
        self.inner.ask(Endpoint::Revocation, &about(token), revoked).await
    }

    /// Asks the server to take a refresh token back, and with it the whole session at most servers (RFC 7009 §2.1).
    ///
    /// # Errors
    ///
    /// As [`revoke`](Self::revoke).
    pub async fn revoke_refresh_token(&self, token: &SecretString) -> Result<(), Error> {
        let parameters = hinted(token.expose_secret(), "refresh_token");
        self.inner.ask(Endpoint::Revocation, &parameters, revoked).await
    }

    /// Asks for a code by which a user lets this device in, from another one (RFC 8628 §3.1).
    ///
    /// The request is [`TokenRequest::device_authorization`].
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request); and [`Configuration`](ErrorKind::Configuration) if no
    /// [device authorization URL](TokenEndpointBuilder::with_device_authorization_url) is known.
    pub async fn authorize_device(&self, request: &TokenRequest) -> Result<DeviceAuthorization, Error> {
        request.check()?;
        self.inner.ask(Endpoint::DeviceAuthorization, &request.parameters(), device_authorization::read).await
    }

    /// Asks the server what it knows of a token (RFC 7662).
    ///
    /// # Errors
    ///
    /// As [`request`](Self::request); and [`Configuration`](ErrorKind::Configuration) if no
    /// [introspection URL](TokenEndpointBuilder::with_introspection_url) is known.
    pub async fn introspect(&self, token: &AccessToken) -> Result<Introspection, Error> {
        self.inner.ask(Endpoint::Introspection, &about(token), introspection::read).await
    }

    /// Returns the id of the client that it is at present.
    #[must_use]
    pub fn client_id(&self) -> String {
        self.inner.caller.client().id
    }

    /// Proves who it is in this way from the next request on: for secrets and keys that are changed at run time.
    ///
    /// All clones do. Requests under way go on as they began. The token that a cache has is still that of the
    /// former secret: [`TokenCache::forget`](claviger_auth_core::TokenCache::forget) lets it go.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration), as [`build`](TokenEndpointBuilder::build); what there was
    /// stays in use.
    pub fn replace(&self, client: ClientAuthentication) -> Result<(), Error> {
        self.inner.caller.replace(client)
    }
}

fn about(token: &AccessToken) -> Parameters<'_> {
    hinted(token.expose_secret(), "access_token")
}

fn hinted<'a>(token: &'a str, hint: &'a str) -> Parameters<'a> {
    Parameters { first: ("token", token), rest: vec![("token_type_hint", hint)], resources: Vec::new() }
}

fn revoked(answer: &Answer) -> Result<(), Error> {
    if answer.status.is_success() { Ok(()) } else { Err(refused(answer, Endpoint::Revocation)) }
}

impl Inner {
    async fn ask<T>(
        &self,
        endpoint: Endpoint,
        parameters: &Parameters<'_>,
        judged: impl FnOnce(&Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        need_runtime()?;
        let mut shown = self.place.shown().to_owned();
        let asking = async {
            // Once, for all that is sent: the client may be replaced meanwhile.
            let client = self.caller.identified();
            let address = self.place.address(endpoint, client.proof()).await?;
            shown.clone_from(&address.shown);
            let now = self.clock.wall();
            let answer =
                self.caller.call(&client, endpoint, &address, &self.place.audience, parameters, now).await;
            let judged = answer.and_then(|answer| judged(&answer).map_err(|e| with_head(e, &answer, now)));
            judged.map_err(|error| error.with_subject(&*address.shown))
        };
        let asked = tokio::time::timeout(self.timeout, asking).await;
        asked.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, said!(endpoint, "the ", " did not answer in time"))
                .with_subject(shown))
        })
    }
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.inner.caller.headers().collect();
        f.debug_struct("TokenEndpoint")
            .field("url", &self.inner.place.shown())
            .field("client", &self.inner.caller.client())
            .field("headers", &names)
            .field("timeout", &self.inner.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
