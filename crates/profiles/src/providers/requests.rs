//! The token requests of a server that the settings describe.

use std::sync::Arc;

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind, Origin, Thumbprint, TokenSource};
use claviger_input_file::InputFile;
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod, Discovery, Proof, SigningKey, TokenEndpoint,
};
use http::{HeaderName, HeaderValue, Uri};
use http_body_util::Full;
use secrecy::SecretString;

use super::logins::{LoginSettings, Logins};
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
    usual: Usual,
    /// Where tokens come of a login.
    login: Option<LoginSettings>,
}

/// What a provider knows without the settings.
#[derive(Debug)]
pub(super) struct Usual {
    pub(super) provider: &'static str,
    /// Where tokens are issued, and where people log in.
    pub(super) urls: Option<[String; 2]>,
    /// The tenant's header, where token requests carry it too.
    pub(super) header: Option<(HeaderName, HeaderValue)>,
    pub(super) loopback_http: LoopbackHttp,
}

/// Tells whether plain `http` may be spoken to this very machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LoopbackHttp {
    Allowed,
    Refused,
}

impl LoopbackHttp {
    /// Takes an origin that a credential may go to.
    pub(super) fn origin(self, uri: &Uri) -> Result<Origin, Error> {
        match self {
            Self::Allowed => Origin::of_with_loopback(uri),
            Self::Refused => Origin::of(uri),
        }
    }
}

/// Where the endpoints are.
#[derive(Debug)]
enum Place {
    Issuer(String),
    /// The issuer beside it names what is not the token endpoint.
    TokenUrl(String, Option<String>),
}

impl Requests {
    /// Reads what client credentials take.
    pub(super) fn client_credentials(client: &Client<'_>, usual: Usual) -> Result<Self, Error> {
        Self::read(client, usual, None)
    }

    /// Reads what a login takes, and all the token requests after it.
    pub(super) fn login(client: &Client<'_>, usual: Usual) -> Result<Self, Error> {
        let login =
            LoginSettings::read(client, usual.urls.as_ref().map(|[_, authorize_url]| &**authorize_url))?;
        Self::read(client, usual, Some(login))
    }

    fn read(client: &Client<'_>, usual: Usual, login: Option<LoginSettings>) -> Result<Self, Error> {
        let section = client.section;
        let method = client.authentication_method()?;
        let method = method.unwrap_or(ClientAuthenticationMethod::ClientSecretBasic);
        let id = client.required_id()?;
        let mut authentication = ClientAuthentication::new(method, id);
        let mut client_secret = None;
        match method.proof() {
            Proof::Secret => {
                let secret = client.required_secret().map_err(|error| match login {
                    Some(_) => error.with_advice(PUBLIC),
                    None => error,
                })?;
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
        let place = place(section, &usual)?;
        let (Place::Issuer(url) | Place::TokenUrl(url, _)) = &place;
        let facts = TokenRequestFacts {
            scope: section.text("scope").map(ToOwned::to_owned),
            audience: section.text("audience").map(ToOwned::to_owned),
            resources: section.list("resource").to_vec(),
            parameters: parameters(section)?,
            tenant: usual.header.as_ref().map(|(_, value)| value.clone()),
            ..TokenRequestFacts::new(usual.provider, url, id)
        };
        Ok(Self { facts, place, client: authentication, method, client_secret, usual, login })
    }

    /// What has a meaning where tokens are asked for.
    pub(super) fn meaningful(&self) -> Vec<Names> {
        vec![SETTINGS, if self.login.is_some() { LoginSettings::NAMES } else { &[] }]
    }

    /// Sends them over a client that presents this certificate.
    pub(super) fn over(
        &self,
        client: claviger_client::Client<Full<Bytes>>,
        certificate: Option<Thumbprint>,
    ) -> Result<TokenRequests, Error> {
        let discovery = self.discovery(&client)?;
        let endpoint = self.endpoint(client, discovery.clone(), certificate)?;
        let facts = TokenRequestFacts { certificate, ..self.facts.clone() };
        let login = self.login.clone().map(|settings| Logins {
            settings,
            endpoint: endpoint.clone(),
            discovery,
            facts: facts.clone(),
            loopback_http: self.usual.loopback_http,
        });
        Ok(TokenRequests {
            source: match &login {
                Some(logins) => logins.nobody(),
                None => self.source(endpoint.clone()),
            },
            facts,
            method: self.method,
            client_secret: self.client_secret.clone(),
            endpoint: Some(endpoint),
            login,
        })
    }

    fn source(&self, endpoint: TokenEndpoint) -> Arc<dyn TokenSource> {
        let mut source = ClientCredentials::new(endpoint);
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
        Arc::new(source)
    }

    fn discovery(&self, client: &claviger_client::Client<Full<Bytes>>) -> Result<Option<Discovery>, Error> {
        let (Place::Issuer(issuer) | Place::TokenUrl(_, Some(issuer))) = &self.place else { return Ok(None) };
        let discovery = Discovery::builder(issuer);
        let discovery = match self.usual.loopback_http {
            LoopbackHttp::Allowed => discovery.with_loopback_http(),
            LoopbackHttp::Refused => discovery,
        };
        discovery.build(client.clone()).map(Some)
    }

    /// With the endpoints that are given, and those that the issuer names where they are not.
    fn endpoint(
        &self,
        client: claviger_client::Client<Full<Bytes>>,
        discovery: Option<Discovery>,
        certificate: Option<Thumbprint>,
    ) -> Result<TokenEndpoint, Error> {
        let mut endpoint = match (&self.place, discovery) {
            (Place::TokenUrl(url, _), None) => TokenEndpoint::builder(url, self.client.clone()),
            (Place::TokenUrl(url, _), Some(discovery)) => {
                TokenEndpoint::builder(url, self.client.clone()).with_discovery(discovery)
            }
            (Place::Issuer(_), Some(discovery)) => TokenEndpoint::discovered(discovery, self.client.clone()),
            // No issuer is without its discovery.
            (Place::Issuer(issuer), None) => TokenEndpoint::builder(issuer, self.client.clone()),
        };
        if self.usual.loopback_http == LoopbackHttp::Allowed {
            endpoint = endpoint.with_loopback_http();
        }
        if certificate.is_some() {
            endpoint = endpoint.with_mtls_aliases();
        }
        if let Some((name, value)) = &self.usual.header {
            endpoint = endpoint.with_header(name.clone(), value.clone());
        }
        endpoint.build(client)
    }
}

/// What is given stands above what an issuer names, and both above what is usual.
fn place(section: &Section, usual: &Usual) -> Result<Place, Error> {
    let issuer = section.text("issuer").map(str::to_owned);
    Ok(match (section.text("token_url"), issuer, &usual.urls) {
        (Some(url), issuer, _) => Place::TokenUrl(url.to_owned(), issuer),
        (None, Some(issuer), _) => Place::Issuer(issuer),
        (None, None, Some([token_url, _])) => Place::TokenUrl(token_url.clone(), None),
        (None, None, None) => {
            return Err(section.missing("token_url").with_advice(
                "write the token endpoint's URL, or the issuer, which names its endpoints itself",
            ));
        }
    })
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
const SETTINGS: Names = &[
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
const PUBLIC: &str = "write client_secret = { file = \"…\" }, or client_auth = \"none\" if the client was registered without a secret";
