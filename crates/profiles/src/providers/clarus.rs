//! ClarusWMS: what the settings say of it, and its client.

use std::sync::Arc;

use bytes::Bytes;
use claviger_auth_core::Error;
use claviger_clarus::{Authentication, Client as ClarusClient, Config, Credentials, Subdomain};
use claviger_mtls::Tls;
use claviger_token_endpoint::{ClientAuthenticationMethod, Proof};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use http_body_util::Full;
use secrecy::SecretString;
use tower::util::BoxCloneService;

use super::{
    Probe, Provide, Service, TokenRequestFacts, TokenRequests, Tokens,
    requests::{LoopbackHttp, Requests, Usual},
};
use crate::{
    location::Base,
    settings::{Client, Names},
};

/// Holds Clarus's own configuration.
#[derive(Debug)]
struct Clarus {
    config: Config,
    scope: Option<String>,
    method: ClientAuthenticationMethod,
    client_secret: Option<SecretString>,
    /// The tenant's header, where token requests carry it too.
    tenant_of_token_requests: Option<HeaderValue>,
    /// Where tokens come of a login.
    login: Option<Requests>,
}

pub(super) fn read(client: &Client<'_>) -> Result<Box<dyn Provide>, Error> {
    let section = client.section;
    let authentication = authentication(client)?;
    let asks = matches!(authentication, Authentication::Credentials(_));
    let client_secret = if asks { client.secret()? } else { None };
    let tenant = client.tenant().ok_or_else(|| section.missing("tenant").with_advice(WRITE_TENANT))?;
    let subdomain = Subdomain::new(tenant).map_err(|error| client.bad_tenant(error))?;
    let mut config = Config::new(subdomain, authentication).with_proxies(client.proxies.clone());
    if let Some(changed) = section.parsed("api_url", |url| config.clone().with_api_url(url))? {
        config = changed;
    }
    if let Some(changed) = section.parsed("token_url", |url| config.clone().with_token_url(url))? {
        config = changed;
    }
    if let Some(trust) = client.trust()? {
        config = config.with_trust(trust);
    }
    let mut tenant_of_token_requests = None;
    if section.flag("tenant_on_token_requests") {
        config = config.with_subdomain_on_token_requests();
        tenant_of_token_requests = HeaderValue::from_str(&tenant.to_ascii_lowercase()).ok();
        tenant_of_token_requests.iter_mut().for_each(|value| value.set_sensitive(true));
    }
    let logs_in = matches!(config.authentication(), Authentication::Session);
    let login = logs_in.then(|| login(client, &config, tenant_of_token_requests.clone())).transpose()?;
    let scope = section.text("scope").map(ToOwned::to_owned);
    let method = client.authentication_method()?.unwrap_or(ClientAuthenticationMethod::ClientSecretBasic);
    Ok(Box::new(Clarus { config, scope, method, client_secret, tenant_of_token_requests, login }))
}

fn login(client: &Client<'_>, config: &Config, tenant: Option<HeaderValue>) -> Result<Requests, Error> {
    let endpoints = config.endpoints();
    let urls = [endpoints.token_url().to_owned(), endpoints.authorize_url()];
    let header = tenant.map(|tenant| (X_CLARUS_SUBDOMAIN, tenant));
    let usual = Usual { provider: "clarus", urls: Some(urls), header, loopback_http: LoopbackHttp::Refused };
    Requests::login(client, usual)
}

fn authentication(client: &Client<'_>) -> Result<Authentication, Error> {
    let section = client.section;
    match section.text("auth") {
        None | Some("client-credentials") => credentials(client).map(Into::into),
        Some("token") => client.given_token().map(Into::into),
        Some("authorization-code") => Ok(Authentication::Session),
        Some(_) => Err(section.error("auth", "Clarus knows no such way to authenticate").with_advice(WAYS)),
    }
}

fn credentials(client: &Client<'_>) -> Result<Credentials, Error> {
    let section = client.section;
    let mut credentials = Credentials::new(client.required_id()?, client.required_secret()?);
    match client.authentication_method()? {
        // RFC 6749 §4.4: this grant is for clients with a secret alone.
        Some(method) if method.proof() != Proof::Secret => {
            return Err(section
                .error("client_auth", "client credentials are nothing without the secret")
                .with_advice("use client_secret_basic or client_secret_post, or leave the line out"));
        }
        Some(method) => credentials = credentials.with_method(method),
        None => {}
    }
    Ok(match section.text("scope") {
        Some(scope) => credentials.with_scope(scope),
        None => credentials,
    })
}

impl Provide for Clarus {
    fn meaningful(&self) -> Vec<Names> {
        let is_given = matches!(self.config.authentication(), Authentication::Token(_));
        let mut names = match &self.login {
            Some(login) => login.meaningful(),
            None => vec![if is_given { &["token"] } else { OF_TOKEN_REQUESTS }],
        };
        names.push(SETTINGS);
        names
    }

    fn tls(&self) -> Result<Tls, Error> {
        self.config.tls()
    }

    /// None for a token that was given.
    fn token_requests(&self) -> Result<Option<TokenRequests>, Error> {
        if let Some(login) = &self.login {
            return login.over(self.config.transport()?, None).map(Some);
        }
        let Authentication::Credentials(credentials) = self.config.authentication() else { return Ok(None) };
        let Some(source) = self.config.token_source(self.config.transport()?)? else { return Ok(None) };
        let token_url = self.config.endpoints().token_url();
        let facts = TokenRequestFacts {
            scope: self.scope.clone(),
            tenant: self.tenant_of_token_requests.clone(),
            ..TokenRequestFacts::new("clarus", token_url, credentials.client_id())
        };
        let client_secret = self.client_secret.clone();
        let source = Arc::new(source);
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
            Some(tokens) => ClarusClient::<Full<Bytes>>::with_credentials(&self.config, tokens)?,
            None => ClarusClient::new(&self.config)?,
        };
        Ok(BoxCloneService::new(client))
    }

    fn base(&self) -> Base {
        let endpoints = self.config.endpoints().clone();
        Base::documented(self.config.endpoints().origin(), move |path| endpoints.url(path))
    }

    fn own_headers(&self) -> Vec<HeaderName> {
        vec![AUTHORIZATION, X_CLARUS_SUBDOMAIN]
    }

    /// The one query that every GraphQL server answers ("GraphQL", §4.3, type name introspection).
    fn probe(&self) -> Probe {
        Probe::post("/graphql", r#"{"query":"{ __typename }"}"#)
    }
}

const SETTINGS: Names = &["auth", "tenant"];
const OF_TOKEN_REQUESTS: Names =
    &["client_auth", "client_id", "client_secret", "scope", "tenant_on_token_requests", "token_url"];
const WAYS: &str =
    "write authorization-code, client-credentials or token, or leave the line out for client-credentials";
const WRITE_TENANT: &str =
    "write tenant = \"acme\" below the profile's name, where your address is https://acme.claruswms.co.uk";
/// Clarus's tenant header (Clarus's guide "API authentication", "The subdomain header").
const X_CLARUS_SUBDOMAIN: HeaderName = HeaderName::from_static("x-clarus-subdomain");
