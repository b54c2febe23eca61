//! Clara's steps. Each asserts what arrived at the sandbox; what we say we sent proves nothing.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use claviger_auth_core::{BoxError, ErrorKind, set_tenant::Tenant};
use claviger_clara::{Client, Config, Country, Credentials};
use claviger_mtls::{Identity, Tls, Trust};
use claviger_sandbox::{Clara, Entry, Provider, Sandbox, Target};
use http::{Request, StatusCode};
use http_body_util::Full;
use tower::ServiceExt;

use crate::{
    proof::{answer, bearer, built, prove, refusal, unproven},
    walk::{Step, Walk},
};

/// Goes through the steps with one client, so that one step's token is there in the next.
pub(crate) struct ClaraWalk {
    clara: Clara,
    trust: Trust,
    config: Config,
    client: Client,
}

impl ClaraWalk {
    /// Takes what a customer of Clara's would have: credentials, certificate, key, and whom to trust.
    pub(crate) fn new(sandbox: &Sandbox) -> Result<Self, BoxError> {
        let clara = sandbox.clara().clone();
        let key = clara.identity().key_pem();
        let identity = Identity::from_pem([clara.identity().certificate_pem().as_bytes(), key.as_bytes()])?;
        let trust = Trust::given([sandbox.ca_pem().as_bytes()])?;
        let credentials = Credentials::new(clara.client_id(), clara.client_secret().into(), identity);
        let config = Config::new(Country::Mexico, credentials)
            .with_api_url(&clara.api_url())?
            .with_token_url(&clara.token_url())?
            .with_trust(trust.clone())
            // A real token is older than this when it is revoked.
            .with_spacing(Duration::ZERO);
        let client = Client::new(&config)?;
        Ok(Self { clara, trust, config, client })
    }

    async fn first_request(&mut self) -> Result<Step, BoxError> {
        self.get(None).await?;
        let arrived = self.clara.journal().entries();
        let [token, api] = &*arrived else { return Err(unproven("one token request and one request")) };
        let basic = format!("{}:{}", self.clara.client_id(), self.clara.client_secret());
        let basic = format!("Basic {}", BASE64.encode(basic));
        prove(token.header("authorization") == Some(&basic), "id and secret in HTTP Basic")?;
        prove(token.body == b"grant_type=client_credentials", "the grant in the body, and no secret")?;
        prove([token, api].iter().all(|entry| self.has_certificate(entry)), "our certificate on both")?;
        prove(bearer(api).is_some(), "the token on the request")?;
        Ok(Step::new(
            "A token is fetched with the certificate, then the API called",
            "one token request; certificate on both; no secret in any body",
        ))
    }

    async fn second_request(&mut self) -> Result<Step, BoxError> {
        self.get(None).await?;
        let arrived = self.clara.journal().entries();
        let [api] = &*arrived else { return Err(unproven("one request and no token request")) };
        prove(api.target == Target::Api && bearer(api).is_some(), "the token on the request")?;
        Ok(Step::new("The next request goes with the same token", "no token request"))
    }

    async fn other_tenant(&mut self) -> Result<Step, BoxError> {
        let tenants = self.clara.tax_identifiers();
        for tenant in &tenants {
            let answer = self.get(Some(tenant)).await?;
            prove(answer.contains(&format!("\"taxIdentifier\":\"{tenant}\"")), "an answer for that company")?;
        }
        let arrived = self.clara.journal().entries();
        let named: Vec<_> = arrived.iter().filter_map(|entry| entry.header("x-tax-identifier")).collect();
        prove(named == tenants && arrived.len() == tenants.len(), "one request for each company")?;
        let tokens = arrived.iter().map(bearer);
        prove(tokens.collect::<BTreeSet<_>>().len() == 1, "the same token on each")?;
        Ok(Step::new(
            "The tenant is switched, request by request",
            "no token request: one token serves every company of the group",
        ))
    }

    async fn revoked_token(&mut self) -> Result<Step, BoxError> {
        self.clara.revoke_all();
        self.get(None).await?;
        let arrived = self.clara.journal().entries();
        let [refused, token, again] = &*arrived else { return Err(unproven("refused, renewed, sent again")) };
        prove(refused.status == Some(StatusCode::UNAUTHORIZED), "a 401 for the revoked token")?;
        prove(token.target == Target::Token, "one token request after it")?;
        prove(bearer(again).is_some() && bearer(again) != bearer(refused), "a different token after it")?;
        Ok(Step::new(
            "A token that was revoked is replaced, the request sent again",
            "one token request; a different token; the caller saw the 200",
        ))
    }

    async fn no_certificate(&mut self) -> Result<Step, BoxError> {
        let tls = Tls::builder(self.trust.clone()).build()?;
        let bare = claviger_client::Client::<Full<Bytes>>::builder(tls).build();
        let refusal = refusal(bare.oneshot(request(&self.clara.api_url(), None)?).await)?;
        prove(refusal.kind() == ErrorKind::ClientCertificate, "an error about the certificate")?;
        let handshake = self.clara.journal().wait_for_failed_handshakes(1);
        let failed = tokio::time::timeout(Duration::from_secs(5), handshake).await;
        prove(failed.is_ok(), "a handshake that failed")?;
        self.nothing_arrived()?;
        Ok(Step {
            stopped: Some((self.clara.api_url() + PATH, "no TLS")),
            refusal: Some(refusal),
            ..Step::new(
                "Without the client certificate there is no way in",
                "the TLS handshake failed; no HTTP request arrived",
            )
        })
    }

    async fn wrong_secret(&mut self) -> Result<Step, BoxError> {
        let config = self.config.clone().with_client(self.clara.client_id(), "not the secret".into());
        let client = Client::new(&config)?;
        let refusal = refusal(client.oneshot(request("", None)?).await)?;
        prove(refusal.kind() == ErrorKind::CredentialsRefused, "an error about the credentials")?;
        let arrived = self.clara.journal().entries();
        let [token] = &*arrived else { return Err(unproven("one token request and no other")) };
        prove(token.status == Some(StatusCode::UNAUTHORIZED), "a 401 of the token endpoint")?;
        Ok(Step {
            refusal: Some(refusal),
            ..Step::new(
                "A wrong client secret is refused, with words",
                "one token request; the API was not called",
            )
        })
    }

    async fn foreign_origin(&mut self) -> Result<Step, BoxError> {
        // The very same server under another name: it would answer.
        let foreign = format!("https://localhost:{}", self.clara.address().port());
        let refusal = refusal(self.client.clone().oneshot(request(&foreign, None)?).await)?;
        prove(refusal.kind() == ErrorKind::Origin, "an error about the origin")?;
        self.nothing_arrived()?;
        Ok(Step {
            stopped: Some((foreign + PATH, "not sent")),
            refusal: Some(refusal),
            ..Step::new(
                "A request to another origin is not sent",
                "no request arrived, though it is the same server by another name",
            )
        })
    }

    /// Calls the API, for one company or for the group, and gives the answer's body.
    async fn get(&self, tenant: Option<&str>) -> Result<String, BoxError> {
        answer(self.client.clone().oneshot(request("", tenant)?).await, StatusCode::OK).await
    }

    fn has_certificate(&self, entry: &Entry) -> bool {
        entry.peer.thumbprint.as_deref() == Some(&*self.clara.identity().thumbprint())
    }

    fn nothing_arrived(&self) -> Result<(), BoxError> {
        prove(self.clara.journal().entries().is_empty(), "that no request arrived")
    }
}

impl Walk for ClaraWalk {
    const TITLE: &'static str = "Clara: a client certificate, HTTP Basic for the token, a tenant by request";
    const STEPS: usize = 7;

    fn provider(&self) -> &Provider {
        &self.clara
    }

    async fn step(&mut self, number: usize) -> Result<Step, BoxError> {
        match number {
            1 => self.first_request().await,
            2 => self.second_request().await,
            3 => self.other_tenant().await,
            4 => self.revoked_token().await,
            5 => self.no_certificate().await,
            6 => self.wrong_secret().await,
            _ => self.foreign_origin().await,
        }
    }
}

fn request(base: &str, tenant: Option<&str>) -> Result<Request<Full<Bytes>>, BoxError> {
    let mut request = built(Request::get(format!("{base}{PATH}")), "")?;
    if let Some(tenant) = tenant {
        request.extensions_mut().insert(Tenant::new(tenant)?);
    }
    Ok(request)
}

const PATH: &str = "/api/v3/transactions";
