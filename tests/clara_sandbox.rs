//! A running sandbox, and what our side needs to talk to it.

use std::time::Duration;

use claviger_auth_core::{BoxError, Error, set_tenant::Tenant};
use claviger_clara::{Client, Config, Country, Credentials, TaxIdentifier};
use claviger_mtls::{Identity, Tls, TlsBuilder, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_sandbox::{Clara, Journal, Options, Sandbox};
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, TokenEndpointBuilder,
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::time::timeout;
use tower::{Service, ServiceExt};

/// The body that most requests have here: it can be sent again.
pub(crate) type Full = http_body_util::Full<bytes::Bytes>;

/// Clara, emulated, for one test.
pub(crate) struct ClaraSandbox {
    pub(crate) sandbox: Sandbox,
}

impl ClaraSandbox {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::new()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        Self { sandbox: Sandbox::start(options).await.unwrap() }
    }

    pub(crate) fn clara(&self) -> &Clara {
        self.sandbox.clara()
    }

    pub(crate) fn journal(&self) -> &Journal {
        self.clara().journal()
    }

    /// The whole URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.clara().api_url())
    }

    pub(crate) fn identity(&self) -> Identity {
        identity(self.clara().identity())
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::given([self.sandbox.ca_pem().as_bytes()]).unwrap()
    }

    /// Our certificate, and trust in the sandbox's.
    pub(crate) fn tls(&self) -> TlsBuilder {
        Tls::builder(self.trust()).with_identity(self.identity())
    }

    /// Connections with our certificate.
    pub(crate) fn transport(&self) -> claviger_client::Client<Full> {
        transport(self.tls())
    }

    /// The settings for production, with no tenant.
    pub(crate) fn config(&self) -> Config {
        let clara = self.clara();
        self.config_of(clara.client_id(), clara.client_secret(), self.identity())
    }

    /// The settings for an account of one's choice.
    pub(crate) fn config_of(&self, id: &str, secret: String, identity: Identity) -> Config {
        Config::new(Country::Mexico, Credentials::new(id, secret.into(), identity))
            .with_api_url(&self.clara().api_url())
            .unwrap()
            .with_trust(self.trust())
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.config()).unwrap()
    }

    /// The token endpoint, with the right client.
    pub(crate) fn token_endpoint(&self) -> TokenEndpointBuilder {
        let clara = self.clara();
        let method = ClientAuthenticationMethod::ClientSecretBasic;
        let client =
            ClientAuthentication::new(method, clara.client_id()).with_secret(clara.client_secret().into());
        TokenEndpoint::builder(clara.token_url(), client)
    }

    /// Tokens, straight from the token endpoint.
    pub(crate) fn source(&self) -> ClientCredentials {
        ClientCredentials::new(self.token_endpoint().build(self.transport()).unwrap())
    }

    /// Waits until so many requests have come to the API, answered or not. Where none comes, the test fails.
    pub(crate) async fn wait_for_api_requests(&self, count: usize) {
        timeout(PATIENCE, self.journal().wait_for_api_requests(count)).await.expect("no such request came");
    }

    /// As [`wait_for_api_requests`](Self::wait_for_api_requests), for the token endpoint.
    pub(crate) async fn wait_for_token_requests(&self, count: usize) {
        timeout(PATIENCE, self.journal().wait_for_token_requests(count)).await.expect("no such request came");
    }

    /// Waits until a handshake has failed.
    pub(crate) async fn wait_for_failed_handshake(&self) {
        timeout(PATIENCE, self.journal().wait_for_failed_handshakes(1)).await.expect("no handshake failed");
    }

    /// How many requests came to the token endpoint and to the API.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.journal().token_requests(), self.journal().api_requests())
    }
}

/// Connections made with `tls`.
pub(crate) fn transport(tls: TlsBuilder) -> claviger_client::Client<Full> {
    claviger_client::Client::builder(tls.build().unwrap()).build()
}

/// What the sandbox issued, as our side holds it.
pub(crate) fn identity(issued: &claviger_sandbox::Identity) -> Identity {
    Identity::from_pem([issued.certificate_pem().as_bytes(), issued.key_pem().as_bytes()]).unwrap()
}

pub(crate) fn tax_identifier(number: &str) -> TaxIdentifier {
    TaxIdentifier::new(number, Country::Mexico).unwrap()
}

pub(crate) fn get(uri: &str) -> Request<Full> {
    Request::get(uri).body(Full::default()).unwrap()
}

/// A request that names its tenant.
pub(crate) fn get_for(uri: &str, tenant: &str) -> Request<Full> {
    let mut request = get(uri);
    request.extensions_mut().insert(Tenant::from(tax_identifier(tenant)));
    request
}

pub(crate) fn post(uri: &str, body: &'static str) -> Request<Full> {
    let request = Request::post(uri).header("content-type", "application/json");
    request.body(Full::from(body)).unwrap()
}

/// Sends a request and reads the whole answer as JSON; one that is not JSON is `null`.
pub(crate) async fn send<S>(service: &S, request: Request<Full>) -> Result<(StatusCode, Value), Error>
where
    S: Service<Request<Full>, Response = Response<Incoming>, Error = BoxError> + Clone,
{
    let response = service.clone().oneshot(request).await.map_err(ours)?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Ok((head.status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Our error, which every error of a stack of ours holds.
pub(crate) fn ours(error: BoxError) -> Error {
    Error::find(&*error).unwrap_or_else(|| panic!("no error of ours in {error:?}")).clone()
}

pub(crate) const TRANSACTIONS: &str = "/api/v3/transactions";
pub(crate) const ACME: &str = "ACME8001011H0";
pub(crate) const OTHER: &str = "TPR950612KL4";
const PATIENCE: Duration = Duration::from_secs(30);
