//! Clara: what the settings say of it, and its client.

use std::sync::Arc;

use bytes::Bytes;
use claviger_auth_core::Error;
use claviger_clara::{Client as ClaraClient, Config, Country, Credentials, Environment, TaxIdentifier};
use claviger_mtls::{Identity, Tls};
use claviger_token_endpoint::ClientAuthenticationMethod;
use http::{HeaderName, header::AUTHORIZATION};
use http_body_util::Full;
use secrecy::SecretString;
use tower::util::BoxCloneService;

use super::{Probe, Provide, Service, TokenRequestFacts, TokenRequests, Tokens};
use crate::{
    location::Base,
    settings::{Client, IDENTITY, Names},
};

/// Holds Clara's own configuration.
#[derive(Debug)]
struct Clara {
    config: Config,
    client_id: String,
    client_secret: SecretString,
    form: Form,
}

/// In what form the credentials are there.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// The folder that Clara sent.
    Folder,
    /// Its parts, by name.
    Parts,
}

pub(super) fn read(client: &Client<'_>) -> Result<Box<dyn Provide>, Error> {
    let section = client.section;
    let country: Country =
        section.parsed("country", str::parse)?.ok_or_else(|| section.missing("country"))?;
    let (credentials, form) = credentials(client)?;
    let mut client_id = credentials.client_id().to_owned();
    let mut client_secret = credentials.client_secret().clone();
    let mut config = Config::new(country, credentials).with_proxies(client.proxies.clone());
    if let Some((id, secret)) = client.instead(&client_id)? {
        config = config.with_client(id.as_str(), secret.clone());
        (client_id, client_secret) = (id, secret);
    }
    if let Some(environment) = section.parsed("environment", str::parse::<Environment>)? {
        config = config.with_environment(environment);
    }
    if let Some(changed) = section.parsed("api_url", |url| config.clone().with_api_url(url))? {
        config = changed;
    }
    if let Some(changed) = section.parsed("token_url", |url| config.clone().with_token_url(url))? {
        config = changed;
    }
    if let Some(trust) = client.trust()? {
        config = config.with_trust(trust);
    }
    if let Some(tenant) = client.tenant() {
        let identifier = TaxIdentifier::new(tenant, country).map_err(|error| client.bad_tenant(error))?;
        config = config.with_tax_identifier(identifier);
    }
    Ok(Box::new(Clara { config, client_id, client_secret, form }))
}

/// Takes the folder that Clara sent, or its parts by name.
fn credentials(client: &Client<'_>) -> Result<(Credentials, Form), Error> {
    let section = client.section;
    if let Some(folder) = section.path("credentials") {
        // The folder's own errors name the file and the field.
        return Ok((Credentials::from_dir(folder)?, Form::Folder));
    }
    let identity = client.identity()?.ok_or_else(|| section.missing("credentials"))?;
    Ok((Credentials::new(client.required_id()?, client.required_secret()?, identity), Form::Parts))
}

impl Provide for Clara {
    fn meaningful(&self) -> Vec<Names> {
        let parts: Names = match self.form {
            Form::Folder => &[],
            Form::Parts => IDENTITY,
        };
        vec![SETTINGS, parts]
    }

    fn identity(&self) -> Option<&Identity> {
        Some(self.config.identity())
    }

    fn tls(&self) -> Result<Tls, Error> {
        self.config.tls()
    }

    fn token_requests(&self) -> Result<Option<TokenRequests>, Error> {
        let source = Arc::new(self.config.token_source(self.config.transport()?)?);
        let method = ClientAuthenticationMethod::ClientSecretBasic;
        let facts = TokenRequestFacts {
            certificate: Some(self.config.identity().thumbprint()),
            ..TokenRequestFacts::new("clara", self.config.endpoints().token_url(), self.client_id.as_str())
        };
        Ok(Some(TokenRequests {
            source,
            facts,
            method,
            client_secret: Some(self.client_secret.clone()),
            endpoint: None,
            login: None,
        }))
    }

    fn service(&self, tokens: Option<Tokens>) -> Result<Service, Error> {
        let client = match tokens {
            Some(tokens) => ClaraClient::<Full<Bytes>>::with_credentials(&self.config, tokens)?,
            None => ClaraClient::new(&self.config)?,
        };
        Ok(BoxCloneService::new(client))
    }

    fn base(&self) -> Base {
        let endpoints = self.config.endpoints().clone();
        Base::documented(self.config.endpoints().origin(), move |path| endpoints.url(path))
    }

    fn own_headers(&self) -> Vec<HeaderName> {
        vec![AUTHORIZATION, X_TAX_IDENTIFIER]
    }

    /// Any project may read its users (Clara's help article, "Clara API"; v3 of its portal).
    fn probe(&self) -> Probe {
        Probe::get("/api/v3/users?page=0&size=1")
    }
}

const SETTINGS: Names =
    &["client_id", "client_secret", "country", "credentials", "environment", "tenant", "token_url"];
/// Clara's tenant header (Clara's guide, "Multi-Entity Project").
const X_TAX_IDENTIFIER: HeaderName = HeaderName::from_static("x-tax-identifier");
