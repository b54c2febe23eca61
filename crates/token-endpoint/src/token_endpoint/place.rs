//! Where the endpoints are: given, or discovered.

use claviger_auth_core::{Error, ErrorKind};

use crate::{
    Discovery, Proof,
    address::Address,
    endpoint::Endpoint,
    server_metadata::{Aliases, Endpoints},
};

/// What is given stands above what is discovered.
pub(super) struct Place {
    pub(super) discovery: Option<Discovery>,
    /// Taken whatever the client's method is, or only where the certificate is its proof.
    pub(super) aliases: Aliases,
    pub(super) given: Endpoints,
    /// For whom assertions are: the issuer where it is known, else the token URL (RFC 7523 §3).
    pub(super) audience: String,
}

impl Place {
    /// Says where it is, before anything is asked.
    pub(super) fn shown(&self) -> &str {
        match (&self.given.token, &self.discovery) {
            (Some(Ok(address)), _) => &address.shown,
            (_, discovery) => discovery.as_ref().map_or("", Discovery::shown),
        }
    }

    pub(super) async fn address(&self, endpoint: Endpoint, proof: Proof) -> Result<Address, Error> {
        if let Some(address) = endpoint.among(&self.given) {
            return address.clone();
        }
        let aliases = if proof == Proof::Certificate { Aliases::Taken } else { self.aliases };
        if let Some(discovery) = &self.discovery
            && let Some(address) = endpoint.among(discovery.metadata().await?.endpoints(aliases))
        {
            return address.clone();
        }
        Err(Error::new(ErrorKind::Configuration, "the server is not known to have such an endpoint")
            .with_subject(endpoint.name())
            .with_advice("give its URL, or do without: not every server has one"))
    }
}

impl Endpoint {
    /// Finds its address; that of the metadata is not among them.
    fn among(self, endpoints: &Endpoints) -> Option<&Result<Address, Error>> {
        match self {
            Self::DeviceAuthorization => endpoints.device_authorization.as_ref(),
            Self::Introspection => endpoints.introspection.as_ref(),
            Self::Metadata => None,
            Self::Revocation => endpoints.revocation.as_ref(),
            Self::Token => endpoints.token.as_ref(),
        }
    }

    /// As RFC 8414 §2 and RFC 8628 §4 name it.
    fn name(self) -> &'static str {
        match self {
            Self::DeviceAuthorization => "device_authorization_endpoint",
            Self::Introspection => "introspection_endpoint",
            Self::Metadata => "issuer",
            Self::Revocation => "revocation_endpoint",
            Self::Token => "token_endpoint",
        }
    }
}
