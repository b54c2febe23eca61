//! Clarify: what the settings say of it, and its client.

use std::sync::Arc;

use bytes::Bytes;
use claviger_auth_core::Error;
use claviger_clarify::{
    ApiVersion, Client as ClarifyClient, Config, Credentials, CredentialsType, Endpoints, RpcClient,
    mqtt::{Broker, Publisher},
};
use claviger_mtls::Tls;
use claviger_token_endpoint::ClientAuthenticationMethod;
use http::{HeaderName, header::AUTHORIZATION};
use http_body_util::Full;
use secrecy::SecretString;
use tower::util::BoxCloneService;

use super::{Probe, Provide, Publishing, Service, TokenRequestFacts, TokenRequests, Tokens};
use crate::{
    location::Base,
    settings::{Client, Names},
};

/// Holds Clarify's own configuration.
#[derive(Debug)]
struct Clarify {
    config: Config,
    client_id: String,
    client_secret: SecretString,
    broker: Result<Broker, Error>,
}

pub(super) fn read(client: &Client<'_>) -> Result<Box<dyn Provide>, Error> {
    let section = client.section;
    client.refuse_tenant()?;
    let file = section.path("credentials").ok_or_else(|| section.missing("credentials"))?;
    // The file's own errors name it and the field; those of the URL name the setting.
    let credentials = match section.text("api_url") {
        Some(url) => {
            section.parsed("api_url", Endpoints::new)?;
            Credentials::from_file_with_api_url(file, url)?
        }
        None => Credentials::from_file(file)?,
    };
    let mut client_id = credentials.client_id().to_owned();
    let mut client_secret = credentials.client_secret().clone();
    let mut config = Config::new(credentials).with_proxies(client.proxies.clone());
    if let Some((id, secret)) = client.instead(&client_id)? {
        config = config.with_client(id.as_str(), secret.clone());
        (client_id, client_secret) = (id, secret);
    }
    if let Some(changed) = section.parsed("token_url", |url| config.clone().with_token_url(url))? {
        config = changed;
    }
    if let Some(version) = section.parsed("api_version", ApiVersion::new)? {
        config = config.with_api_version(version);
    }
    if let Some(trust) = client.trust()? {
        config = config.with_trust(trust);
    }
    let broker = match section.parsed("mqtt_url", Broker::new)? {
        Some(broker) => Ok(broker),
        // Another API's credentials are not for the production broker.
        None if config.endpoints().origin() != Endpoints::production().origin() => {
            Err(section.missing("mqtt_url"))
        }
        None => Ok(Broker::production()),
    };
    Ok(Box::new(Clarify { config, client_id, client_secret, broker }))
}

impl Provide for Clarify {
    fn meaningful(&self) -> Vec<Names> {
        let fetches_tokens =
            self.config.credentials().credentials_type() == CredentialsType::ClientCredentials;
        vec![SETTINGS, if fetches_tokens { &["token_url"] } else { &[] }]
    }

    fn tls(&self) -> Result<Tls, Error> {
        self.config.tls()
    }

    /// None for HTTP Basic.
    fn token_requests(&self) -> Result<Option<TokenRequests>, Error> {
        let Some(source) = self.config.token_source(self.config.transport()?)? else { return Ok(None) };
        let endpoints = self.config.endpoints();
        let facts = TokenRequestFacts {
            audience: Some(endpoints.api_url().to_owned()),
            ..TokenRequestFacts::new("clarify", endpoints.token_url(), self.client_id.as_str())
        };
        let client_secret = Some(self.client_secret.clone());
        let method = ClientAuthenticationMethod::ClientSecretPost;
        Ok(Some(TokenRequests {
            source: Arc::new(source),
            facts,
            method,
            client_secret,
            endpoint: None,
            login: None,
        }))
    }

    fn service(&self, tokens: Option<Tokens>) -> Result<Service, Error> {
        let client = match tokens {
            Some(tokens) => ClarifyClient::<Full<Bytes>>::with_credentials(&self.config, tokens)?,
            None => ClarifyClient::new(&self.config)?,
        };
        Ok(BoxCloneService::new(client))
    }

    fn rpc(&self, service: &Service) -> Option<RpcClient<Service>> {
        Some(RpcClient::new(&self.config, service.clone()))
    }

    fn base(&self) -> Base {
        let endpoints = self.config.endpoints().clone();
        Base::documented(self.config.endpoints().origin(), move |path| endpoints.url(path))
    }

    /// Not `X-API-Version`: which one a method wants, the caller knows better.
    fn own_headers(&self) -> Vec<HeaderName> {
        vec![AUTHORIZATION]
    }

    /// One URL for all methods (Clarify's documents, "JSON-RPC"). An integration to which the namespace was not
    /// granted is told so with status 200, and that too shows that its credentials are good.
    fn probe(&self) -> Probe {
        let body =
            r#"{"jsonrpc":"2.0","id":"1","method":"clarify.selectItems","params":{"query":{"limit":1}}}"#;
        Probe::post("/rpc", body)
    }

    fn publishing(&self) -> Option<Result<Publishing, Error>> {
        Some(self.broker.clone().map(|broker| Publishing {
            spool_name: file_name(&format!("{}@{}", self.client_id, broker.address())),
            publisher: Publisher::builder(&self.config, broker),
        }))
    }
}

/// Makes a name for a file that no other text has.
fn file_name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'@' | b'-' | b'.' => name.push(char::from(byte)),
            // Some file systems do not tell large letters from small ones.
            _ => name.push_str(&format!("_{byte:02x}")),
        }
    }
    name
}

const SETTINGS: Names = &["api_version", "client_id", "client_secret", "credentials", "mqtt_url"];
