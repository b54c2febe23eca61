//! What an authorization server says of itself (RFC 8414 §2), checked.

use claviger_auth_core::{Error, ErrorKind, Origin};
use serde::Deserialize;

use crate::{
    address::{Address, LoopbackHttp},
    judge::Position,
};

/// Holds what an authorization server's metadata says of its endpoints.
///
/// An endpoint that no secret may go to is an error for whoever asks for it, and for nobody else.
#[derive(Clone, Debug)]
pub struct ServerMetadata {
    issuer: String,
    authorization: Named,
    names_issuer: bool,
    plain: Endpoints,
    mtls: Endpoints,
}

/// The endpoints that are called with the proof of who the client is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoints {
    pub(crate) token: Named,
    pub(crate) revocation: Named,
    pub(crate) introspection: Named,
    pub(crate) device_authorization: Named,
}

/// A URL that may be named, and may be one that no secret may go to.
pub(crate) type Named = Option<Result<Address, Error>>;

/// Tells whether the endpoints for clients with a certificate are taken, where there are such (RFC 8705 §5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Aliases {
    Ignored,
    Taken,
}

impl ServerMetadata {
    /// Returns the issuer, which the server's assertions and answers name.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns where users are sent to log in, if anywhere.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is of a foreign origin, or [`Protocol`](ErrorKind::Protocol)
    /// if it is no URL that a secret may go to.
    pub fn authorization_url(&self) -> Result<Option<String>, Error> {
        text(&self.authorization)
    }

    /// Tells whether the server promises to name its issuer whenever it sends a user back (RFC 9207 §3).
    #[must_use]
    pub fn names_issuer_in_answers(&self) -> bool {
        self.names_issuer
    }

    /// Returns where tokens are issued.
    ///
    /// # Errors
    ///
    /// As [`authorization_url`](Self::authorization_url).
    pub fn token_url(&self) -> Result<Option<String>, Error> {
        text(&self.plain.token)
    }

    /// Returns where tokens are issued to clients with a certificate (RFC 8705 §5): the same, if there is no place of
    /// its own for that.
    ///
    /// # Errors
    ///
    /// As [`authorization_url`](Self::authorization_url).
    pub fn mtls_token_url(&self) -> Result<Option<String>, Error> {
        text(&self.mtls.token)
    }

    pub(crate) fn endpoints(&self, aliases: Aliases) -> &Endpoints {
        match aliases {
            Aliases::Ignored => &self.plain,
            Aliases::Taken => &self.mtls,
        }
    }

    /// Reads a document; none where it names no issuer, as a server's `{}` for whatever it does not know.
    ///
    /// # Errors
    ///
    /// `Protocol` if it is none; `Configuration` if it is another issuer's.
    pub(crate) fn read(
        json: &[u8],
        issuer: &str,
        origins: &[Origin],
        loopback_http: LoopbackHttp,
    ) -> Result<Option<Self>, Error> {
        // The error itself is not kept: it quotes values.
        let document: Document = serde_json::from_slice(json).map_err(|error| {
            Error::new(ErrorKind::Protocol, "the server's metadata is not what RFC 8414 says")
                .with_source(Position::of(&error))
        })?;
        if document.issuer.is_none() {
            return Ok(None);
        }
        // RFC 8414 §3.3: identical, or the document must not be used.
        if document.issuer.as_deref() != Some(issuer) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the server's metadata is that of another issuer",
            )
            .with_advice("write the issuer exactly as the server has it: mind a slash at its end"));
        }
        let checked = |url: Option<&String>, name| -> Named {
            url.map(|url| checked(url, name, origins, loopback_http))
        };
        let endpoints = |names: &Names| Endpoints {
            token: checked(names.token_endpoint.as_ref(), "token_endpoint"),
            revocation: checked(names.revocation_endpoint.as_ref(), "revocation_endpoint"),
            introspection: checked(names.introspection_endpoint.as_ref(), "introspection_endpoint"),
            device_authorization: checked(
                names.device_authorization_endpoint.as_ref(),
                "device_authorization_endpoint",
            ),
        };
        let plain = endpoints(&document.names);
        let aliases = document.mtls_endpoint_aliases.as_ref().map(endpoints).unwrap_or_default();
        Ok(Some(Self {
            issuer: issuer.to_owned(),
            authorization: checked(document.authorization_endpoint.as_ref(), "authorization_endpoint"),
            names_issuer: document.authorization_response_iss_parameter_supported,
            // RFC 8705 §5: what has no alias is where it always is.
            mtls: Endpoints {
                token: aliases.token.or_else(|| plain.token.clone()),
                revocation: aliases.revocation.or_else(|| plain.revocation.clone()),
                introspection: aliases.introspection.or_else(|| plain.introspection.clone()),
                device_authorization: aliases
                    .device_authorization
                    .or_else(|| plain.device_authorization.clone()),
            },
            plain,
        }))
    }
}

fn text(url: &Named) -> Result<Option<String>, Error> {
    url.as_ref()
        .map(|url| url.as_ref().map(|address| address.url.to_string()).map_err(Error::clone))
        .transpose()
}

fn checked(
    url: &str,
    name: &'static str,
    origins: &[Origin],
    loopback_http: LoopbackHttp,
) -> Result<Address, Error> {
    // What the server wrote is not kept, not even its origin.
    let address = Address::new(url, name, loopback_http).map_err(|_| {
        Error::new(ErrorKind::Protocol, "the server's metadata names a URL that no secret may go to")
            .with_subject(name)
    })?;
    if origins.contains(&address.origin) {
        return Ok(address);
    }
    Err(Error::new(ErrorKind::Configuration, "the server's metadata names an endpoint of a foreign origin")
        .with_subject(name)
        .with_advice(
            "if that origin is the provider's, allow it by name, or give the endpoint's URL yourself",
        ))
}

/// Unknown members are passed over; a member that stands there twice makes it no document.
#[derive(Deserialize)]
struct Document {
    issuer: Option<String>,
    authorization_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(flatten)]
    names: Names,
    mtls_endpoint_aliases: Option<Names>,
}

#[derive(Deserialize)]
struct Names {
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
}

#[cfg(test)]
mod tests;
