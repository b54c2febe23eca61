//! Clarus's steps.

use std::time::Duration;

use bytes::Bytes;
use claviger_auth_core::{BoxError, StaticToken, set_tenant::Tenant};
use claviger_clarus::{Authentication, Client, Config, Credentials, Subdomain};
use claviger_mtls::Trust;
use claviger_sandbox::{Clarus, Entry, Provider, Sandbox, Target};
use http::{Request, StatusCode};
use http_body_util::Full;
use tower::ServiceExt;

use crate::{
    proof::{answer, bearer, built, prove, unproven},
    walk::{Step, Walk},
};

/// Goes through the steps with a client whose requests name their tenants, and one with a given token.
pub(crate) struct ClarusWalk {
    clarus: Clarus,
    client: Client,
    given: Client,
}

impl ClarusWalk {
    pub(crate) fn new(sandbox: &Sandbox) -> Result<Self, BoxError> {
        let clarus = sandbox.clarus().clone();
        let trust = Trust::given([sandbox.ca_pem().as_bytes()])?;
        let client = |authentication: Authentication| {
            let config = Config::per_request(authentication).with_api_url(&clarus.api_url())?;
            // So that nothing but the status keeps another token from being fetched.
            Client::new(&config.with_trust(trust.clone()).with_spacing(Duration::ZERO))
        };
        let oauth = client(Credentials::new(clarus.client_id(), clarus.client_secret().into()).into())?;
        let given = client(StaticToken::bearer(clarus.static_token().into())?.into())?;
        Ok(Self { client: oauth, given, clarus })
    }

    async fn rest(&mut self) -> Result<Step, BoxError> {
        let tenant = self.own()?;
        let body = self.send(&self.client, "/api/orders", None, tenant, StatusCode::OK).await?;
        prove(body.contains(&format!("\"subdomain\":\"{tenant}\"")), "an answer for that tenant")?;
        let arrived = self.clarus.journal().entries();
        let [token, api] = &*arrived else { return Err(unproven("one token request and one request")) };
        prove(subdomain(token).is_none() && subdomain(api) == Some(tenant), "the tenant on the API alone")?;
        prove(bearer(api).is_some(), "the token on the request")?;
        Ok(Step::new(
            "A token is fetched, then REST asked, and the tenant named",
            "the tenant is named to the API, and not to the token endpoint",
        ))
    }

    async fn graphql(&mut self) -> Result<Step, BoxError> {
        let tenant = self.own()?;
        let body = self.send(&self.client, "/graphql", Some(QUERY), tenant, StatusCode::OK).await?;
        prove(body.contains("\"totalCount\""), "a connection")?;
        let api = self.only_request()?;
        prove(subdomain(&api) == Some(tenant) && bearer(&api).is_some(), "tenant and token on it")?;
        prove(api.header("content-type") == Some("application/json"), "the content type")?;
        Ok(Step::new("GraphQL goes the same way", "no token request; the content type was put on"))
    }

    async fn foreign_tenant(&mut self) -> Result<Step, BoxError> {
        let tenant = self.clarus.foreign_subdomain();
        self.send(&self.client, "/api/orders", None, tenant, StatusCode::FORBIDDEN).await?;
        let api = self.only_request()?;
        prove(subdomain(&api) == Some(tenant), "that tenant on it")?;
        Ok(Step::new(
            "Somebody else's tenant is refused by the server, and that is that",
            "a 403 is no reason to fetch a token or to send anything again",
        ))
    }

    async fn given_token(&mut self) -> Result<Step, BoxError> {
        let tenant = self.own()?;
        self.send(&self.given, "/api/products", None, tenant, StatusCode::OK).await?;
        let api = self.only_request()?;
        prove(bearer(&api) == Some(self.clarus.static_token()), "the given token on it")?;
        Ok(Step::new("A token that was given is used as it is", "no token request"))
    }

    fn own(&self) -> Result<&'static str, BoxError> {
        self.clarus.subdomains().first().copied().ok_or_else(|| unproven("a tenant"))
    }

    async fn send(
        &self,
        client: &Client,
        path: &str,
        body: Option<&'static str>,
        tenant: &str,
        status: StatusCode,
    ) -> Result<String, BoxError> {
        let request = if body.is_some() { Request::post(path) } else { Request::get(path) };
        let mut request: Request<Full<Bytes>> = built(request, body.unwrap_or_default())?;
        request.extensions_mut().insert(Tenant::from(Subdomain::new(tenant)?));
        answer(client.clone().oneshot(request).await, status).await
    }

    fn only_request(&self) -> Result<Entry, BoxError> {
        match &*self.clarus.journal().entries() {
            [api] if api.target == Target::Api => Ok(api.clone()),
            _ => Err(unproven("one request and no token request")),
        }
    }
}

impl Walk for ClarusWalk {
    const TITLE: &'static str = "ClarusWMS: a tenant on every request, by REST and by GraphQL";
    const STEPS: usize = 4;

    fn provider(&self) -> &Provider {
        &self.clarus
    }

    async fn step(&mut self, number: usize) -> Result<Step, BoxError> {
        match number {
            1 => self.rest().await,
            2 => self.graphql().await,
            3 => self.foreign_tenant().await,
            _ => self.given_token().await,
        }
    }
}

fn subdomain(entry: &Entry) -> Option<&str> {
    entry.header("x-clarus-subdomain")
}

const QUERY: &str = r#"{"query":"{ orders { totalCount } }"}"#;
