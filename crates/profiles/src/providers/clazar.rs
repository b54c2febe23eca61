//! Clazar: what the settings say of it, and its client.

use std::sync::Arc;

use bytes::Bytes;
use claviger_auth_core::Error;
use claviger_clazar::{Client as ClazarClient, Config};
use claviger_mtls::Tls;
use claviger_token_endpoint::ClientAuthenticationMethod;
use http::{HeaderName, header::AUTHORIZATION};
use http_body_util::Full;
use secrecy::SecretString;
use tower::util::BoxCloneService;

use super::{Probe, Provide, Service, TokenRequestFacts, TokenRequests, Tokens};
use crate::{
    location::Base,
    settings::{Client, Names},
};

/// Holds Clazar's own configuration.
#[derive(Debug)]
struct Clazar {
    config: Config,
    method: ClientAuthenticationMethod,
    client_secret: SecretString,
}

pub(super) fn read(client: &Client<'_>) -> Result<Box<dyn Provide>, Error> {
    let section = client.section;
    client.refuse_tenant()?;
    let client_secret = client.required_secret()?;
    let config = Config::new(client.required_id()?, client_secret.clone());
    let mut config = config.with_proxies(client.proxies.clone());
    let method = match section.text("client_auth") {
        // The one that Clazar documents.
        None | Some("json") => ClientAuthenticationMethod::Json,
        Some("client_secret_post") => {
            config = config.with_form_encoding();
            ClientAuthenticationMethod::ClientSecretPost
        }
        Some(_) => {
            return Err(section
                .error("client_auth", "Clazar takes no such client authentication method")
                .with_advice("write json or client_secret_post, or leave the line out for json"));
        }
    };
    if let Some(changed) = section.parsed("api_url", |url| config.clone().with_api_url(url))? {
        config = changed;
    }
    if let Some(changed) = section.parsed("token_url", |url| config.clone().with_token_url(url))? {
        config = changed;
    }
    if let Some(trust) = client.trust()? {
        config = config.with_trust(trust);
    }
    Ok(Box::new(Clazar { config, method, client_secret }))
}

impl Provide for Clazar {
    fn meaningful(&self) -> Vec<Names> {
        vec![&["client_auth", "client_id", "client_secret", "token_url"]]
    }

    fn tls(&self) -> Result<Tls, Error> {
        self.config.tls()
    }

    fn token_requests(&self) -> Result<Option<TokenRequests>, Error> {
        let source = Arc::new(self.config.token_source(self.config.transport()?)?);
        let token_url = self.config.endpoints().token_url();
        let facts = TokenRequestFacts::new("clazar", token_url, self.config.client_id());
        let client_secret = Some(self.client_secret.clone());
        Ok(Some(TokenRequests {
            source,
            facts,
            method: self.method,
            client_secret,
            endpoint: None,
            login: None,
        }))
    }

    fn service(&self, tokens: Option<Tokens>) -> Result<Service, Error> {
        let client = match tokens {
            Some(tokens) => ClazarClient::<Full<Bytes>>::with_credentials(&self.config, tokens)?,
            None => ClazarClient::new(&self.config)?,
        };
        Ok(BoxCloneService::new(client))
    }

    fn base(&self) -> Base {
        let endpoints = self.config.endpoints().clone();
        Base::documented(self.config.endpoints().origin(), move |path| endpoints.url(path))
    }

    fn own_headers(&self) -> Vec<HeaderName> {
        vec![AUTHORIZATION]
    }

    /// One page of the buyers (Clazar's API reference; the connector that Airbyte publishes).
    fn probe(&self) -> Probe {
        Probe::get("/buyers/?page=1&page_size=1")
    }
}
