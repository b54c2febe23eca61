//! Clazar's steps.

use bytes::Bytes;
use claviger_auth_core::BoxError;
use claviger_clazar::{Client, Config};
use claviger_mtls::Trust;
use claviger_sandbox::{Clazar, Provider, Sandbox, Target};
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use tower::ServiceExt;

use crate::{
    proof::{answer, bearer, built, prove, unproven},
    walk::{Step, Walk},
};

/// Goes through the steps with one client.
pub(crate) struct ClazarWalk {
    clazar: Clazar,
    client: Client,
}

impl ClazarWalk {
    pub(crate) fn new(sandbox: &Sandbox) -> Result<Self, BoxError> {
        let clazar = sandbox.clazar().clone();
        let trust = Trust::given([sandbox.ca_pem().as_bytes()])?;
        let config = Config::new(clazar.client_id(), clazar.client_secret().into());
        let client = Client::new(&config.with_api_url(&clazar.api_url())?.with_trust(trust))?;
        Ok(Self { clazar, client })
    }

    async fn first_request(&mut self) -> Result<Step, BoxError> {
        let list = self.send(Request::get("/buyers/"), "", StatusCode::OK).await?;
        prove(list.contains("\"results\":"), "a list")?;
        let arrived = self.clazar.journal().entries();
        let [token, api] = &*arrived else { return Err(unproven("one token request and one request")) };
        prove(token.path == "/authenticate/", "the slash at the end of the token's path")?;
        let body: Value = serde_json::from_slice(&token.body).unwrap_or_default();
        let members: Vec<_> = body.as_object().into_iter().flatten().map(|(name, _)| &**name).collect();
        prove(members == ["client_id", "client_secret"], "id and secret in JSON, and nothing else")?;
        prove(bearer(api).is_some(), "the token on the request")?;
        Ok(Step::new(
            "A token is fetched with JSON, then a list",
            "no grant_type; the answer's bearer, in small letters, was understood",
        ))
    }

    async fn redirect(&mut self) -> Result<Step, BoxError> {
        for (path, status) in [("/metering", StatusCode::MOVED_PERMANENTLY), ("/metering/", StatusCode::OK)] {
            let request = Request::post(path).header("content-type", "application/json");
            self.send(request, r#"{"request":[]}"#, status).await?;
        }
        let arrived = self.clazar.journal().entries();
        let paths: Vec<_> = arrived.iter().map(|entry| &*entry.path).collect();
        prove(paths == ["/metering", "/metering/"], "two requests, as they were written")?;
        prove(arrived.iter().all(|entry| entry.target == Target::Api), "no token request")?;
        Ok(Step::new(
            "The slash at the end of a path stays as it was written",
            "no token request; the redirect was passed on and not followed",
        ))
    }

    async fn send(
        &self,
        request: http::request::Builder,
        body: &'static str,
        status: StatusCode,
    ) -> Result<String, BoxError> {
        let request: Request<Full<Bytes>> = built(request, body)?;
        answer(self.client.clone().oneshot(request).await, status).await
    }
}

impl Walk for ClazarWalk {
    const TITLE: &'static str = "Clazar: JSON without a grant type, and slashes that matter";
    const STEPS: usize = 2;

    fn provider(&self) -> &Provider {
        &self.clazar
    }

    async fn step(&mut self, number: usize) -> Result<Step, BoxError> {
        match number {
            1 => self.first_request().await,
            _ => self.redirect().await,
        }
    }
}
