//! Clarify's steps.

use bytes::Bytes;
use claviger_auth_core::BoxError;
use claviger_clarify::{Client, Config, Credentials};
use claviger_mtls::Trust;
use claviger_sandbox::{Clarify, Entry, Provider, Sandbox, Target};
use http::{Request, StatusCode};
use http_body_util::Full;
use tower::ServiceExt;

use crate::{
    proof::{answer, bearer, built, prove, unproven},
    walk::{Step, Walk},
};

/// Goes through the steps with a client for OAuth 2.0 and one for HTTP Basic.
pub(crate) struct ClarifyWalk {
    clarify: Clarify,
    oauth: Client,
    basic: Client,
}

impl ClarifyWalk {
    pub(crate) fn new(sandbox: &Sandbox) -> Result<Self, BoxError> {
        let clarify = sandbox.clarify().clone();
        let trust = Trust::given([sandbox.ca_pem().as_bytes()])?;
        let client = |credentials| {
            let config = Config::new(credentials).with_api_url(&clarify.api_url())?;
            Client::new(&config.with_trust(trust.clone()))
        };
        let (id, secret) = (clarify.client_id(), clarify.client_secret().into());
        let oauth = client(Credentials::client_credentials(clarify.integration(), id, secret))?;
        let password = clarify.basic_password().into();
        let basic = client(Credentials::basic_auth(clarify.integration(), password))?;
        Ok(Self { clarify, oauth, basic })
    }

    async fn first_request(&mut self) -> Result<Step, BoxError> {
        call(&self.oauth, None).await?;
        let arrived = self.clarify.journal().entries();
        let [token, api] = &*arrived else { return Err(unproven("one token request and one request")) };
        let form: Vec<_> = form_urlencoded::parse(&token.body).collect();
        let audience = self.clarify.api_url();
        let names: Vec<_> = form.iter().map(|(name, _)| &**name).collect();
        let expected = ["audience", "client_id", "client_secret", "grant_type"];
        prove(expected.iter().all(|name| names.contains(name)) && names.len() == 4, "four members")?;
        prove(form.contains(&("audience".into(), audience.into())), "the API's URL as the audience")?;
        prove(token.header("authorization").is_none(), "id and secret in the form alone")?;
        prove(bearer(api).is_some() && api.header("x-api-version") == Some("1.1"), "token and version")?;
        prove(api.header("content-type") == Some("application/json"), "the content type")?;
        Ok(Step::new(
            "A token is fetched by a form with the audience, then a method called",
            "audience with its slash; X-API-Version and Content-Type were put on",
        ))
    }

    async fn own_version(&mut self) -> Result<Step, BoxError> {
        call(&self.oauth, Some("1.2")).await?;
        let arrived = self.clarify.journal().entries();
        let [api] = &*arrived else { return Err(unproven("one request and no token request")) };
        prove(api.header("x-api-version") == Some("1.2"), "the caller's own version")?;
        prove(is_api(api) && bearer(api).is_some(), "the token on the request")?;
        Ok(Step::new("A caller's own X-API-Version is kept", "no token request; 1.2 arrived, not 1.1"))
    }

    async fn basic(&mut self) -> Result<Step, BoxError> {
        call(&self.basic, None).await?;
        let arrived = self.clarify.journal().entries();
        let [api] = &*arrived else { return Err(unproven("one request and no token request")) };
        let is_basic = api.header("authorization").is_some_and(|value| value.starts_with("Basic "));
        prove(is_api(api) && is_basic, "user name and password on the request")?;
        Ok(Step::new(
            "With an API key, the integration and its password go by HTTP Basic",
            "no token request; the same method at the same URL",
        ))
    }
}

impl Walk for ClarifyWalk {
    const TITLE: &'static str = "Clarify: a form with an audience, or HTTP Basic; all methods at one URL";
    const STEPS: usize = 3;

    fn provider(&self) -> &Provider {
        &self.clarify
    }

    async fn step(&mut self, number: usize) -> Result<Step, BoxError> {
        match number {
            1 => self.first_request().await,
            2 => self.own_version().await,
            _ => self.basic().await,
        }
    }
}

async fn call(client: &Client, version: Option<&str>) -> Result<(), BoxError> {
    let mut request: Request<Full<Bytes>> = built(Request::post("/rpc"), CALL)?;
    if let Some(version) = version.and_then(|version| version.parse().ok()) {
        request.headers_mut().insert("x-api-version", version);
    }
    let answer = answer(client.clone().oneshot(request).await, StatusCode::OK).await?;
    prove(answer.contains("\"result\":"), "a result")
}

fn is_api(entry: &Entry) -> bool {
    entry.target == Target::Api
}

const CALL: &str = r#"{"method":"clarify.selectItems","id":1,"jsonrpc":"2.0"}"#;
