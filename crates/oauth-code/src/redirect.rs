//! What stands in the address that the browser was sent back to.

use std::borrow::Cow;

use claviger_auth_core::{Error, ErrorKind};
use claviger_token_endpoint::registered;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::authorization_code::{Naming, Settings};

/// The parameters of an authorization answer (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Default)]
pub(crate) struct Redirect {
    code: Option<SecretString>,
    state: Option<SecretString>,
    issuer: Option<String>,
    error: Option<String>,
}

impl Redirect {
    /// Reads a query. None if a parameter stands there twice, which RFC 6749 §3.1 forbids: two readers would each
    /// take another one.
    pub(crate) fn read(query: &str) -> Option<Self> {
        let mut redirect = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let was_there = match &*name {
                "code" => redirect.code.replace(secret(value)).is_some(),
                "state" => redirect.state.replace(secret(value)).is_some(),
                "iss" => redirect.issuer.replace(value.into_owned()).is_some(),
                "error" => redirect.error.replace(value.into_owned()).is_some(),
                _ => false,
            };
            if was_there {
                return None;
            }
        }
        Some(redirect)
    }

    /// Tells whether it is an answer at all. The address that the login began at is none: it has the state, too.
    pub(crate) fn is_answer(&self) -> bool {
        self.code.is_some() || self.error.is_some()
    }

    /// Tells whether it has this state. How long that takes says nothing of where they differ.
    pub(crate) fn is_of(&self, state: &SecretString) -> bool {
        let expected = state.expose_secret().as_bytes();
        self.state.as_ref().is_some_and(|own| own.expose_secret().as_bytes().ct_eq(expected).into())
    }

    /// Returns the code, or what the server has to say in its place.
    pub(crate) fn code(self, settings: &Settings) -> Result<SecretString, Error> {
        self.check_issuer(settings)?;
        if let Some(error) = self.error {
            return Err(denied(registered(&error)));
        }
        self.code
            .filter(|code| !code.expose_secret().is_empty())
            .ok_or_else(|| Error::new(ErrorKind::Protocol, "the browser came back with a code that is empty"))
    }

    /// RFC 9207 §2.4: compared letter by letter, before anything else is believed.
    fn check_issuer(&self, settings: &Settings) -> Result<(), Error> {
        let mixed_up = |what| {
            Error::new(ErrorKind::Protocol, what).with_subject("iss").with_advice(
                "check the issuer in the settings, and log in again; if it stays, somebody may be after the code",
            )
        };
        match (&settings.issuer, &self.issuer) {
            (Some(known), Some(named)) if known != named => {
                Err(mixed_up("the answer to the login names another issuer than the one that is known"))
            }
            (Some(_), None) if settings.naming == Naming::Demanded => Err(mixed_up(
                "the answer to the login does not name its issuer, though the server promises that it does",
            )),
            _ => Ok(()),
        }
    }
}

/// Moves a value into memory that is wiped.
fn secret(value: Cow<'_, str>) -> SecretString {
    let mut text = value.into_owned();
    let secret = SecretString::from(text.as_str());
    text.zeroize();
    secret
}

/// Says what an error means that the browser brings back (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
pub(crate) fn denied(code: Option<&'static str>) -> Error {
    let error = match code {
        Some("access_denied") => Error::new(ErrorKind::CredentialsRefused, "the login was denied")
            .with_advice("log in again and agree; if it stays, ask the provider who may use this client"),
        Some(
            "account_selection_required" | "consent_required" | "interaction_required" | "login_required",
        ) => Error::new(ErrorKind::CredentialsRefused, "the server wants the user to do more")
            .with_advice("log in again, without a prompt parameter"),
        Some("server_error" | "temporarily_unavailable") => {
            Error::new(ErrorKind::Unavailable, "the server could not let the user log in")
        }
        Some("invalid_scope" | "invalid_target") => Error::new(
            ErrorKind::Configuration,
            "the server refused the scope, the resource or the audience of the login",
        ),
        Some("unauthorized_client" | "invalid_request" | "unsupported_response_type") => {
            Error::new(ErrorKind::Configuration, "the server found the login's request wrong").with_advice(
                "check with the provider that this client may use authorization codes, and its redirect URI",
            )
        }
        _ => Error::new(ErrorKind::Protocol, "the server ended the login with an error"),
    };
    match code {
        Some(code) => error.with_oauth_error(code),
        None => error,
    }
}

#[cfg(test)]
mod tests;
