//! The token requests of a custom provider.

use std::sync::Arc;

use bytes::Bytes;
use claviger_auth_core::{Error, Thumbprint};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use http::{HeaderName, HeaderValue};
use http_body_util::Full;
use secrecy::SecretString;

use super::{LoopbackHttp, tenant::Tenancy};
use crate::{
    providers::{TokenRequestFacts, TokenRequests},
    settings::{Client, Names},
};

/// Holds what it takes to ask for a token.
#[derive(Debug)]
pub(super) struct Requests {
    facts: TokenRequestFacts,
    client: ClientAuthentication,
    method: ClientAuthenticationMethod,
    client_secret: Option<SecretString>,
    /// The tenant's header, where token requests carry it too.
    header: Option<(HeaderName, HeaderValue)>,
}

impl Requests {
    pub(super) fn read(client: &Client<'_>, tenancy: Option<&Tenancy>) -> Result<Self, Error> {
        let section = client.section;
        section.refuse(&["signing_key_file", "signing_alg"])?;
        if !section.has("token_url") {
            section.refuse(&["issuer"])?;
        }
        let method = client.authentication_method()?;
        let method = method.unwrap_or(ClientAuthenticationMethod::ClientSecretBasic);
        let id = client.required_id()?;
        let mut authentication = ClientAuthentication::new(method, id);
        let mut client_secret = None;
        if method != ClientAuthenticationMethod::None {
            let secret = client.required_secret()?;
            authentication = authentication.with_secret(secret.clone());
            client_secret = Some(secret);
        }
        let header = match tenancy {
            Some(Tenancy { header, value: Some(value), .. }) if section.flag("tenant_on_token_requests") => {
                Some((header.clone(), value.clone()))
            }
            _ => None,
        };
        let facts = TokenRequestFacts {
            scope: section.text("scope").map(ToOwned::to_owned),
            audience: section.text("audience").map(ToOwned::to_owned),
            resources: section.list("resource").to_vec(),
            tenant: header.as_ref().map(|(_, value)| value.clone()),
            ..TokenRequestFacts::new("custom", section.required("token_url")?, id)
        };
        Ok(Self { facts, client: authentication, method, client_secret, header })
    }

    /// Sends them over a client that presents this certificate.
    pub(super) fn over(
        &self,
        client: claviger_client::Client<Full<Bytes>>,
        certificate: Option<Thumbprint>,
        loopback_http: LoopbackHttp,
    ) -> Result<TokenRequests, Error> {
        let mut endpoint = TokenEndpoint::builder(self.facts.token_url.as_str(), self.client.clone());
        if loopback_http == LoopbackHttp::Allowed {
            endpoint = endpoint.with_loopback_http();
        }
        if let Some((name, value)) = &self.header {
            endpoint = endpoint.with_header(name.clone(), value.clone());
        }
        let mut source = ClientCredentials::new(endpoint.build(client)?);
        if let Some(scope) = &self.facts.scope {
            source = source.with_scope(scope);
        }
        if let Some(audience) = &self.facts.audience {
            source = source.with_audience(audience.as_str());
        }
        for resource in &self.facts.resources {
            source = source.with_resource(resource.as_str());
        }
        Ok(TokenRequests {
            source: Arc::new(source),
            facts: TokenRequestFacts { certificate, ..self.facts.clone() },
            method: self.method,
            client_secret: self.client_secret.clone(),
        })
    }
}

/// What has a meaning where tokens are asked for.
pub(super) const SETTINGS: Names = &[
    "audience",
    "client_auth",
    "client_id",
    "client_secret",
    "issuer",
    "resource",
    "scope",
    "tenant_on_token_requests",
    "token_url",
];
