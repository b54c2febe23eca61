//! The token requests of a custom provider.

use std::sync::Arc;

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind, Thumbprint};
use claviger_input_file::InputFile;
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod, Discovery, Proof, SigningKey, TokenEndpoint,
};
use http::{HeaderName, HeaderValue};
use http_body_util::Full;
use secrecy::SecretString;

use super::{LoopbackHttp, tenant::Tenancy};
use crate::{
    providers::{TokenRequestFacts, TokenRequests},
    settings::{Client, Names, Section},
};

/// Holds what it takes to ask for a token.
#[derive(Debug)]
pub(super) struct Requests {
    facts: TokenRequestFacts,
    place: Place,
    client: ClientAuthentication,
    method: ClientAuthenticationMethod,
    client_secret: Option<SecretString>,
    /// The tenant's header, where token requests carry it too.
    header: Option<(HeaderName, HeaderValue)>,
}

/// Where the endpoints are.
#[derive(Debug)]
enum Place {
    Issuer(String),
    /// The issuer beside it names what is not the token endpoint.
    TokenUrl(String, Option<String>),
}

impl Requests {
    pub(super) fn read(client: &Client<'_>, tenancy: Option<&Tenancy>) -> Result<Self, Error> {
        let section = client.section;
        let method = client.authentication_method()?;
        let method = method.unwrap_or(ClientAuthenticationMethod::ClientSecretBasic);
        let id = client.required_id()?;
        let mut authentication = ClientAuthentication::new(method, id);
        let mut client_secret = None;
        match method.proof() {
            Proof::Secret => {
                let secret = client.required_secret()?;
                authentication = authentication.with_secret(secret.clone());
                client_secret = Some(secret);
            }
            Proof::SigningKey => authentication = authentication.with_signing_key(signing_key(section)?),
            Proof::Certificate if !section.has("cert_file") => {
                return Err(section.missing("cert_file").with_advice(
                    "name the client certificate and its key: they are the proof that client_auth names",
                ));
            }
            Proof::Certificate | Proof::Nothing | _ => {}
        }
        let header = match tenancy {
            Some(Tenancy { header, value: Some(value), .. }) if section.flag("tenant_on_token_requests") => {
                Some((header.clone(), value.clone()))
            }
            _ => None,
        };
        let issuer = section.text("issuer").map(str::to_owned);
        let place = match (section.text("token_url"), issuer) {
            (Some(url), issuer) => Place::TokenUrl(url.to_owned(), issuer),
            (None, Some(issuer)) => Place::Issuer(issuer),
            (None, None) => {
                return Err(section.missing("token_url").with_advice(
                    "write the token endpoint's URL, or the issuer, which names its endpoints itself",
                ));
            }
        };
        let (Place::Issuer(url) | Place::TokenUrl(url, _)) = &place;
        let facts = TokenRequestFacts {
            scope: section.text("scope").map(ToOwned::to_owned),
            audience: section.text("audience").map(ToOwned::to_owned),
            resources: section.list("resource").to_vec(),
            parameters: parameters(section)?,
            tenant: header.as_ref().map(|(_, value)| value.clone()),
            ..TokenRequestFacts::new("custom", url, id)
        };
        Ok(Self { facts, place, client: authentication, method, client_secret, header })
    }

    /// Sends them over a client that presents this certificate.
    pub(super) fn over(
        &self,
        client: claviger_client::Client<Full<Bytes>>,
        certificate: Option<Thumbprint>,
        loopback_http: LoopbackHttp,
    ) -> Result<TokenRequests, Error> {
        let endpoint = self.endpoint(client, certificate, loopback_http)?;
        let mut source = ClientCredentials::new(endpoint.clone());
        if let Some(scope) = &self.facts.scope {
            source = source.with_scope(scope);
        }
        if let Some(audience) = &self.facts.audience {
            source = source.with_audience(audience.as_str());
        }
        for resource in &self.facts.resources {
            source = source.with_resource(resource.as_str());
        }
        for (name, value) in &self.facts.parameters {
            source = source.with_parameter(name.as_str(), value.as_str());
        }
        Ok(TokenRequests {
            source: Arc::new(source),
            facts: TokenRequestFacts { certificate, ..self.facts.clone() },
            method: self.method,
            client_secret: self.client_secret.clone(),
            endpoint: Some(endpoint),
        })
    }

    /// With the endpoints that are given, and those that the issuer names where they are not.
    fn endpoint(
        &self,
        client: claviger_client::Client<Full<Bytes>>,
        certificate: Option<Thumbprint>,
        loopback_http: LoopbackHttp,
    ) -> Result<TokenEndpoint, Error> {
        let allowed = loopback_http == LoopbackHttp::Allowed;
        let discovery = |issuer: &String| {
            let discovery = Discovery::builder(issuer);
            let discovery = if allowed { discovery.with_loopback_http() } else { discovery };
            discovery.build(client.clone())
        };
        let mut endpoint = match &self.place {
            Place::Issuer(issuer) => TokenEndpoint::discovered(discovery(issuer)?, self.client.clone()),
            Place::TokenUrl(url, None) => TokenEndpoint::builder(url, self.client.clone()),
            Place::TokenUrl(url, Some(issuer)) => {
                TokenEndpoint::builder(url, self.client.clone()).with_discovery(discovery(issuer)?)
            }
        };
        if allowed {
            endpoint = endpoint.with_loopback_http();
        }
        if certificate.is_some() {
            endpoint = endpoint.with_mtls_aliases();
        }
        if let Some((name, value)) = &self.header {
            endpoint = endpoint.with_header(name.clone(), value.clone());
        }
        endpoint.build(client)
    }
}

/// Reads the key that signs assertions.
fn signing_key(section: &Section) -> Result<SigningKey, Error> {
    let path = section.path("signing_key_file").ok_or_else(|| {
        section.missing("signing_key_file").with_advice("name the PEM file with the private key")
    })?;
    let pem = InputFile::read(&path, MAX_KEY_LENGTH).map_err(|error| {
        let unreadable = Error::new(ErrorKind::Configuration, "the signing key cannot be read");
        section.placed("signing_key_file", unreadable.with_source(error))
    })?;
    let key = SigningKey::from_pem(pem.bytes()).map_err(|error| section.placed("signing_key_file", error))?;
    match section.parsed("signing_alg", str::parse)? {
        Some(algorithm) => {
            key.with_algorithm(algorithm).map_err(|error| section.placed("signing_alg", error))
        }
        None => Ok(key),
    }
}

/// Reads `name=value` each.
fn parameters(section: &Section) -> Result<Vec<(String, String)>, Error> {
    let pairs = section.list("parameters").iter().map(|pair| {
        let (name, value) = pair.split_once('=').filter(|(name, _)| !name.is_empty())?;
        Some((name.to_owned(), value.to_owned()))
    });
    pairs.collect::<Option<_>>().ok_or_else(|| {
        section
            .error("parameters", "a parameter has no name")
            .with_advice("write each as \"name=value\", and no secret: it is part of what tokens are kept by")
    })
}

/// Much more than a key takes.
const MAX_KEY_LENGTH: usize = 1024 * 1024;
/// What has a meaning where tokens are asked for.
pub(super) const SETTINGS: Names = &[
    "audience",
    "client_auth",
    "client_id",
    "client_secret",
    "issuer",
    "parameters",
    "resource",
    "scope",
    "signing_alg",
    "signing_key_file",
    "tenant_on_token_requests",
    "token_url",
];
