//! One login: from the URL to the tokens.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_token_endpoint::{TokenAnswer, TokenRequest};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{authorization_code::Settings, redirect::Redirect};

/// A login that somebody is at.
///
/// It is good for one answer: state, proof key and code are of use once. One that comes twice, by the browser and by
/// hand, is exchanged once, and both have what came of it.
///
/// # Example
///
/// See the [crate's documentation](crate).
pub struct Login {
    expected: Arc<Expected>,
    url: String,
    verifier: SecretString,
    redirect_uri: String,
    is_answered: AtomicBool,
    answer: OnceCell<TokenAnswer>,
}

impl Login {
    pub(crate) fn new(
        settings: Arc<Settings>,
        url: String,
        state: SecretString,
        verifier: SecretString,
        redirect_uri: String,
    ) -> Self {
        Self {
            expected: Arc::new(Expected { settings, state }),
            url,
            verifier,
            redirect_uri,
            is_answered: AtomicBool::new(false),
            answer: OnceCell::new(),
        }
    }

    /// Returns where the user's browser is to go.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Tells whether there is an answer of which tokens are made, or have been: too late to call the login off.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.is_answered.load(Ordering::Relaxed)
    }

    /// Takes the address that the browser was sent back to, as the user copied it out of the address bar: for
    /// machines without a browser, or where nobody listens. What is pasted by mistake can be pasted again.
    ///
    /// # Errors
    ///
    /// - [`Configuration`](ErrorKind::Configuration): it is not the answer to this login.
    /// - [`CredentialsRefused`](ErrorKind::CredentialsRefused): the login was denied, or the server would not take
    ///   the code.
    /// - [`Protocol`](ErrorKind::Protocol): it comes from another issuer than the one that is known.
    /// - the others of [`TokenEndpoint::request`](claviger_token_endpoint::TokenEndpoint::request).
    ///
    /// # Cancellation
    ///
    /// If the future is dropped the code may have been used up, and the login must be begun anew.
    pub async fn accept_redirect(&self, pasted: &str) -> Result<TokenAnswer, Error> {
        let query = pasted.trim().split_once('?').map_or("", |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let code = self.expected.read(query).unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Configuration, "this is not the answer to this login").with_advice(
                "paste the whole address that the browser was sent to, of the login that was begun last",
            ))
        })?;
        self.exchange(code).await
    }

    pub(crate) fn expected(&self) -> Arc<Expected> {
        Arc::clone(&self.expected)
    }

    /// Waits for another that is at it. A server that sees a code twice takes back what it gave for it (RFC 6749
    /// §4.1.2).
    pub(crate) async fn exchange(&self, code: SecretString) -> Result<TokenAnswer, Error> {
        self.is_answered.store(true, Ordering::Relaxed);
        self.answer.get_or_try_init(|| self.send(code)).await.cloned()
    }

    async fn send(&self, code: SecretString) -> Result<TokenAnswer, Error> {
        let request = TokenRequest::authorization_code(code, &*self.redirect_uri, self.verifier.clone());
        let resources = self.expected.settings.resources.iter();
        let request = resources.fold(request, |request, resource| request.with_resource(resource));
        self.expected.settings.endpoint.request(&request).await.map_err(|error| match error.oauth_error() {
            Some("invalid_grant") => {
                error.with_advice("log in again: a code is good once, and for a minute or so")
            }
            _ => error,
        })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: the state stands in it.
        f.debug_struct("Login")
            .field("settings", &self.expected.settings)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

/// What an answer to a login must be.
#[derive(Debug)]
pub(crate) struct Expected {
    settings: Arc<Settings>,
    state: SecretString,
}

impl Expected {
    /// Reads the code out of an answer; none if it is not the answer to this login.
    pub(crate) fn read(&self, query: &str) -> Option<Result<SecretString, Error>> {
        let redirect = Redirect::read(query)?;
        (redirect.is_answer() && redirect.is_of(&self.state)).then(|| redirect.code(&self.settings))
    }
}
