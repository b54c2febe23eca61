//! A running sandbox, and our stacks for Clarify, Clarus and Clazar on top of it.

use std::time::Duration;

use claviger_auth_core::{BoxError, Error};
use claviger_clarify::Credentials;
use claviger_clarus::Subdomain;
use claviger_client::Proxies;
use claviger_mtls::Trust;
use claviger_sandbox::{Clarify, Clarus, Clazar, Options, Provider, Sandbox};
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower::util::BoxCloneSyncService;

use crate::clara_sandbox::{Full, send};

/// All providers, emulated, for one test.
pub(crate) struct Providers {
    pub(crate) sandbox: Sandbox,
}

/// A ready client of whichever provider.
pub(crate) type Client = BoxCloneSyncService<Request<Full>, Response<Incoming>, BoxError>;

impl Providers {
    pub(crate) async fn start() -> Self {
        Self { sandbox: Sandbox::start(Options::new()).await.unwrap() }
    }

    pub(crate) fn clarify(&self) -> &Clarify {
        self.sandbox.clarify()
    }

    pub(crate) fn clarus(&self) -> &Clarus {
        self.sandbox.clarus()
    }

    pub(crate) fn clazar(&self) -> &Clazar {
        self.sandbox.clazar()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::given([self.sandbox.ca_pem().as_bytes()]).unwrap()
    }

    /// The settings for OAuth 2.0 at Clarify.
    pub(crate) fn clarify_config(&self) -> claviger_clarify::Config {
        let clarify = self.clarify();
        let (id, secret) = (clarify.client_id(), clarify.client_secret().into());
        self.clarify_config_of(Credentials::client_credentials(clarify.integration(), id, secret))
    }

    /// The settings for HTTP Basic at Clarify.
    pub(crate) fn clarify_basic_config(&self) -> claviger_clarify::Config {
        let clarify = self.clarify();
        let password = clarify.basic_password().into();
        self.clarify_config_of(Credentials::basic_auth(clarify.integration(), password))
    }

    fn clarify_config_of(&self, credentials: Credentials) -> claviger_clarify::Config {
        let config = claviger_clarify::Config::new(credentials).with_trust(self.trust());
        config.with_api_url(&self.clarify().api_url()).unwrap()
    }

    /// The settings for client credentials at Clarus, for the first tenant.
    pub(crate) fn clarus_config(&self) -> claviger_clarus::Config {
        self.clarus_config_of("acme", self.clarus_credentials())
    }

    pub(crate) fn clarus_credentials(&self) -> claviger_clarus::Credentials {
        let clarus = self.clarus();
        claviger_clarus::Credentials::new(clarus.client_id(), clarus.client_secret().into())
    }

    /// The settings for one tenant at Clarus.
    pub(crate) fn clarus_config_of(
        &self,
        subdomain: &str,
        authentication: impl Into<claviger_clarus::Authentication>,
    ) -> claviger_clarus::Config {
        let config = claviger_clarus::Config::new(Subdomain::new(subdomain).unwrap(), authentication);
        config.with_trust(self.trust()).with_api_url(&self.clarus().api_url()).unwrap()
    }

    /// The settings at Clazar.
    pub(crate) fn clazar_config(&self) -> claviger_clazar::Config {
        let clazar = self.clazar();
        claviger_clazar::Config::new(clazar.client_id(), clazar.client_secret().into())
            .with_trust(self.trust())
            .with_api_url(&clazar.api_url())
            .unwrap()
    }
}

/// A stack, for tables of what is alike in all of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stack {
    Clarify,
    Clarus,
    Clazar,
}

impl Stack {
    pub(crate) const ALL: [Self; 3] = [Self::Clarify, Self::Clarus, Self::Clazar];

    pub(crate) fn provider(self, providers: &Providers) -> &Provider {
        match self {
            Self::Clarify => providers.clarify(),
            Self::Clarus => providers.clarus(),
            Self::Clazar => providers.clazar(),
        }
    }

    /// A client that waits as long as it does by default before it throws a token away.
    pub(crate) fn client(self, providers: &Providers) -> Client {
        self.client_of(providers, &self.provider(providers).client_secret(), None)
    }

    /// A client that throws a token away however young it is.
    pub(crate) fn hasty(self, providers: &Providers) -> Client {
        self.client_of(providers, &self.provider(providers).client_secret(), Some(Duration::ZERO))
    }

    pub(crate) fn client_with_secret(self, providers: &Providers, secret: &str) -> Client {
        self.client_of(providers, secret, None)
    }

    /// A client of the API at `api_url`, with a proxy before it.
    pub(crate) fn client_through(self, providers: &Providers, api_url: &str, proxies: Proxies) -> Client {
        match self {
            Self::Clarify => {
                let config = providers.clarify_config().with_proxies(proxies).with_api_url(api_url).unwrap();
                BoxCloneSyncService::new(claviger_clarify::Client::new(&config).unwrap())
            }
            Self::Clarus => {
                let config = providers.clarus_config().with_proxies(proxies).with_api_url(api_url).unwrap();
                BoxCloneSyncService::new(claviger_clarus::Client::new(&config).unwrap())
            }
            Self::Clazar => {
                let config = providers.clazar_config().with_proxies(proxies).with_api_url(api_url).unwrap();
                BoxCloneSyncService::new(claviger_clazar::Client::new(&config).unwrap())
            }
        }
    }

    fn client_of(self, providers: &Providers, secret: &str, spacing: Option<Duration>) -> Client {
        let id = self.provider(providers).client_id();
        match self {
            Self::Clarify => {
                let config = providers.clarify_config().with_client(id, secret.into());
                let config = spacing.into_iter().fold(config, claviger_clarify::Config::with_spacing);
                BoxCloneSyncService::new(claviger_clarify::Client::new(&config).unwrap())
            }
            Self::Clarus => {
                let credentials = claviger_clarus::Credentials::new(id, secret.into());
                let config = providers.clarus_config_of("acme", credentials);
                let config = spacing.into_iter().fold(config, claviger_clarus::Config::with_spacing);
                BoxCloneSyncService::new(claviger_clarus::Client::new(&config).unwrap())
            }
            Self::Clazar => {
                let config = claviger_clazar::Config::new(id, secret.into())
                    .with_trust(providers.trust())
                    .with_api_url(&providers.clazar().api_url())
                    .unwrap();
                let config = spacing.into_iter().fold(config, claviger_clazar::Config::with_spacing);
                BoxCloneSyncService::new(claviger_clazar::Client::new(&config).unwrap())
            }
        }
    }

    /// A request with a body, which the API takes.
    pub(crate) fn request(self) -> Request<Full> {
        let (path, body) = match self {
            Self::Clarify => ("/rpc", rpc("clarify.selectItems", json!({}))),
            Self::Clarus => ("/api/orders", record("A-7")),
            Self::Clazar => ("/metering/", json!({ "request": [] })),
        };
        sending("POST", path, &body)
    }

    /// Sends it, and tells the status.
    pub(crate) async fn call(self, client: &Client) -> Result<StatusCode, Error> {
        send(client, self.request()).await.map(|(status, _)| status)
    }

    /// How many requests came to the token endpoint and to the API.
    pub(crate) fn counts(self, providers: &Providers) -> (usize, usize) {
        counts(self.provider(providers))
    }
}

/// Waits until a token is asked for. Where nobody asks, the test fails.
pub(crate) async fn wait_for_token_request(provider: &Provider) {
    timeout(PATIENCE, provider.journal().wait_for_token_requests(1)).await.expect("no such request came");
}

/// How many requests came to the token endpoint and to the API.
pub(crate) fn counts(provider: &Provider) -> (usize, usize) {
    (provider.journal().token_requests(), provider.journal().api_requests())
}

/// A call of a method of Clarify's.
pub(crate) fn rpc(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })
}

/// A record, as Clarus takes them.
pub(crate) fn record(code: &str) -> Value {
    json!({ "data": { "type": "orders", "attributes": { "code": code } } })
}

pub(crate) fn sending(method: &str, uri: &str, body: &Value) -> Request<Full> {
    let request = Request::builder().method(method).uri(uri);
    request.body(Full::from(body.to_string())).unwrap()
}

/// The same, with a content type of the caller's own.
pub(crate) fn with_type(mut request: Request<Full>, content_type: &'static str) -> Request<Full> {
    request.headers_mut().insert(CONTENT_TYPE, content_type.parse().unwrap());
    request
}

const PATIENCE: Duration = Duration::from_secs(30);
