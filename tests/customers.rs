//! Many customers: in one stack with credentials of their own, or each with a certificate and a client.

use std::{
    collections::{BTreeMap, HashSet},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use claviger_auth_core::{
    BoxError, CredentialSource, Error, ErrorKind, ManualClock, Origin, PerRequest, TokenCache,
    UseCredentials, authorization::AuthorizationLayer,
};
use claviger_clara::{ClaraLayer, ClaraService, Config, Environment};
use claviger_mtls::{Tls, TlsBuilder, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_per_customer::{PerCustomer, PerCustomerBuilder};
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use http::{Request, StatusCode, Version, header::AUTHORIZATION};
use serde_json::json;
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt};
use wiremock::{Match, Mock, MockServer, Respond, ResponseTemplate, matchers::any};

use crate::clara_sandbox::{ClaraSandbox, Full, get, identity, ours, send, transport};

type Client = claviger_client::Client<Full>;

fn id(customer: usize) -> String {
    format!("customer-{customer}")
}

fn secret(customer: usize) -> String {
    format!("secret-of-{customer}")
}

/// Issues a token that tells whose it is, and counts how often each customer came.
#[derive(Clone, Default)]
struct Issuer(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    fetches: BTreeMap<String, usize>,
    down: HashSet<String>,
}

impl Issuer {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetches(&self, customer: usize) -> usize {
        self.counts().fetches.get(&id(customer)).copied().unwrap_or_default()
    }

    fn all_fetches(&self) -> usize {
        self.counts().fetches.values().sum()
    }
}

impl Respond for Issuer {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let basic = request.headers[AUTHORIZATION].to_str().unwrap().strip_prefix("Basic ").unwrap();
        let pair = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
        let (id, secret) = pair.split_once(':').unwrap();
        let mut counts = self.counts();
        *counts.fetches.entry(id.to_owned()).or_default() += 1;
        if counts.down.contains(id) {
            return ResponseTemplate::new(503);
        }
        let token = format!("{id}.{secret}");
        ResponseTemplate::new(200)
            .set_body_json(json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600}))
    }
}

/// Lets in whoever brings the token of the customer that the path names.
struct OfTheCustomer;

impl Match for OfTheCustomer {
    fn matches(&self, request: &wiremock::Request) -> bool {
        let customer = request.url.path().trim_start_matches('/').parse().unwrap();
        let expected = format!("Bearer {}.{}", id(customer), secret(customer));
        request.headers.get_all(AUTHORIZATION).iter().eq([&expected])
    }
}

/// An API and a token endpoint, and one service over both for all customers.
struct Stage {
    api: MockServer,
    issuer: Issuer,
    token_url: String,
    _auth: MockServer,
    client: Client,
    clock: ManualClock,
}

impl Stage {
    async fn start() -> Self {
        let (api, auth, issuer) = (MockServer::start().await, MockServer::start().await, Issuer::default());
        Mock::given(any()).respond_with(issuer.clone()).mount(&auth).await;
        Mock::given(OfTheCustomer).respond_with(ResponseTemplate::new(200)).mount(&api).await;
        let ca = ClaraSandbox::start().await.sandbox.ca_pem().to_owned();
        let tls = Tls::builder(Trust::given([ca.as_bytes()]).unwrap()).build().unwrap();
        let client = Client::builder(tls).with_loopback_http().build();
        Self { api, issuer, token_url: auth.uri(), _auth: auth, client, clock: ManualClock::new() }
    }

    fn customers(&self) -> PerCustomerBuilder<usize, UseCredentials> {
        let (url, client, clock) = (self.token_url.clone(), self.client.clone(), self.clock.clone());
        let builder = PerCustomer::builder(move |customer: &usize| {
            let method = ClientAuthenticationMethod::ClientSecretBasic;
            let authentication =
                ClientAuthentication::new(method, id(*customer)).with_secret(secret(*customer).into());
            let endpoint = TokenEndpoint::builder(&url, authentication).with_loopback_http();
            let source = ClientCredentials::new(endpoint.build(client.clone())?);
            let cache = TokenCache::builder(source).with_clock(clock.clone()).build();
            Ok(UseCredentials::new(Arc::new(cache)))
        });
        builder.with_clock(self.clock.clone())
    }

    /// Sends a request in the name of a customer, if one is given, through the one service.
    async fn send(
        &self,
        path: usize,
        credentials: Result<UseCredentials, Error>,
    ) -> Result<StatusCode, Error> {
        let mut request = get(&format!("{}/{path}", self.api.uri()));
        request.extensions_mut().insert(credentials?);
        self.send_as_it_is(request).await
    }

    async fn send_as_it_is(&self, request: Request<Full>) -> Result<StatusCode, Error> {
        let origin = Origin::loopback_http(&self.api.uri()).unwrap();
        let service = AuthorizationLayer::new(PerRequest::default(), origin).layer(self.client.clone());
        let (status, _) = send(&service, request).await?;
        Ok(status)
    }

    async fn api_requests(&self) -> usize {
        self.api.received_requests().await.unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_customers_each_get_their_own_header_and_fetch_one_token() {
    const CUSTOMERS: usize = 1_000;
    let stage = Arc::new(Stage::start().await);
    let customers = stage.customers().build();
    let origin = Origin::loopback_http(&stage.api.uri()).unwrap();
    let service = AuthorizationLayer::new(PerRequest::default(), origin).layer(stage.client.clone());
    for round in 1..=2 {
        // Two requests of each, and all at once.
        let mut tasks = JoinSet::new();
        for customer in (0..CUSTOMERS).chain(0..CUSTOMERS) {
            let (service, customers) = (service.clone(), customers.clone());
            let mut request = get(&format!("{}/{customer}", stage.api.uri()));
            tasks.spawn(async move {
                request.extensions_mut().insert(customers.of(&customer).unwrap());
                send(&service, request).await.unwrap().0
            });
        }
        for status in tasks.join_all().await {
            assert_eq!(status, StatusCode::OK, "it came with the header of the customer in its path");
        }
        assert_eq!(stage.api_requests().await, round * 2 * CUSTOMERS);
        assert_eq!(customers.len(), CUSTOMERS);
        assert!((0..CUSTOMERS).all(|customer| stage.issuer.fetches(customer) == 1), "round {round}");
    }
}

#[tokio::test]
async fn one_customer_s_failing_endpoint_is_nobody_else_s_business() {
    let stage = Stage::start().await;
    let customers = stage.customers().build();
    stage.issuer.counts().down.insert(id(3));
    for round in 1..=3 {
        for customer in 0..10 {
            let result = stage.send(customer, customers.of(&customer)).await;
            if customer == 3 {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::Unavailable);
            } else {
                assert_eq!(result.unwrap(), StatusCode::OK, "{customer} in round {round}");
            }
        }
        assert_eq!(stage.issuer.all_fetches(), 10, "and there is no storm on it, either");
    }
    stage.issuer.counts().down.clear();
    stage.clock.advance(Duration::from_secs(2));
    assert_eq!(stage.send(3, customers.of(&3)).await.unwrap(), StatusCode::OK, "no failure is final");
    assert_eq!(stage.issuer.all_fetches(), 11);
}

#[tokio::test]
async fn who_was_let_go_has_another_token_fetched_and_nobody_else_has() {
    let stage = Stage::start().await;
    let three = NonZeroUsize::new(3).unwrap();
    let customers = stage.customers().with_capacity(three).with_idle_time(Duration::from_secs(600)).build();
    let fetches = || (0..4).map(|customer| stage.issuer.fetches(customer)).collect::<Vec<_>>();
    for customer in [0, 1, 2, 0, 3] {
        stage.send(customer, customers.of(&customer)).await.unwrap();
    }
    let held = customers.of(&2).unwrap();
    for customer in [0, 1] {
        stage.send(customer, customers.of(&customer)).await.unwrap();
    }
    assert_eq!(fetches(), [1, 2, 1, 1], "1 had to make room for 3");

    stage.clock.advance(Duration::from_secs(600));
    customers.evict_idle();
    assert!(customers.is_empty());
    stage.send(2, Ok(held)).await.unwrap();
    assert_eq!(fetches(), [1, 2, 1, 1], "what somebody holds is as good as before");
    stage.send(2, customers.of(&2)).await.unwrap();
    assert_eq!(fetches(), [1, 2, 2, 1]);

    customers.forget(&2);
    stage.send(2, customers.of(&2)).await.unwrap();
    assert_eq!(fetches(), [1, 2, 3, 1], "as after a change of their secret");
}

#[tokio::test]
async fn a_request_that_lost_its_extensions_goes_out_as_nobody() {
    let stage = Stage::start().await;
    let customers = stage.customers().build();
    stage.send(1, customers.of(&1)).await.unwrap();
    let (fetches, requests) = (stage.issuer.all_fetches(), stage.api_requests().await);
    let lost = get(&format!("{}/1", stage.api.uri()));
    let error = stage.send_as_it_is(lost).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.advice().contains("UseCredentials"), "{}", error.advice());
    assert_eq!((stage.issuer.all_fetches(), stage.api_requests().await), (fetches, requests));
}

/// Two customers of Clara's, who have accounts, certificates and paths of their own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Account {
    Production,
    Test,
}

impl Account {
    fn issued(self, sandbox: &ClaraSandbox) -> &claviger_sandbox::Identity {
        match self {
            Self::Production => sandbox.clara().identity(),
            Self::Test => sandbox.clara().test_identity(),
        }
    }

    fn config(self, sandbox: &ClaraSandbox) -> Config {
        let clara = sandbox.clara();
        let identity = identity(self.issued(sandbox));
        match self {
            Self::Production => sandbox.config_of(clara.client_id(), clara.client_secret(), identity),
            Self::Test => sandbox
                .config_of(clara.test_client_id(), clara.test_client_secret(), identity)
                .with_environment(Environment::Test),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Production => "/api/v3/transactions",
            Self::Test => "/api-test/v3/transactions",
        }
    }
}

type Stack = ClaraService<Client>;

/// A whole client for each, with a certificate of its own.
fn clients(sandbox: &Arc<ClaraSandbox>, edit: fn(TlsBuilder) -> TlsBuilder) -> PerCustomer<Account, Stack> {
    let sandbox = Arc::clone(sandbox);
    PerCustomer::builder(move |account: &Account| {
        let identity = identity(account.issued(&sandbox));
        let client = transport(edit(Tls::builder(sandbox.trust()).with_identity(identity)));
        Ok(ClaraLayer::new(&account.config(&sandbox), client.clone())?.layer(client))
    })
    .build()
}

async fn call(
    sandbox: &ClaraSandbox,
    clients: &PerCustomer<Account, Stack>,
    account: Account,
) -> Result<StatusCode, BoxError> {
    let client = clients.of(&account)?;
    let response = client.oneshot(get(&sandbox.url(account.path()))).await?;
    Ok(response.status())
}

/// Sends many requests of both customers at once, and looks at whose certificate each came with.
async fn many_at_once(edit: fn(TlsBuilder) -> TlsBuilder, version: Version) {
    let sandbox = Arc::new(ClaraSandbox::start().await);
    let clients = clients(&sandbox, edit);
    let mut tasks = JoinSet::new();
    for number in 0..60 {
        let account = if number % 2 == 0 { Account::Production } else { Account::Test };
        let (sandbox, clients) = (Arc::clone(&sandbox), clients.clone());
        tasks.spawn(async move { call(&sandbox, &clients, account).await.map_err(ours).unwrap() });
    }
    for status in tasks.join_all().await {
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(sandbox.counts(), (2, 60));
    let thumbprint = |account: Account| identity(account.issued(&sandbox)).thumbprint().to_string();
    let (production, test) = (thumbprint(Account::Production), thumbprint(Account::Test));
    assert_ne!(production, test);
    let entries = sandbox.journal().entries();
    for entry in &entries {
        assert_eq!(entry.version, version);
    }
    for entry in sandbox.journal().api_entries() {
        let expected = if entry.path.starts_with("/api-test/") { &test } else { &production };
        assert_eq!(entry.peer.thumbprint.as_ref(), Some(expected), "{}", entry.path);
    }
    for entry in sandbox.journal().token_entries() {
        let pair = entry.header("authorization").and_then(|value| value.strip_prefix("Basic "));
        let pair = String::from_utf8(STANDARD.decode(pair.unwrap()).unwrap()).unwrap();
        let is_test = pair.starts_with(&format!("{}:", sandbox.clara().test_client_id()));
        let expected = if is_test { &test } else { &production };
        assert_eq!(entry.peer.thumbprint.as_ref(), Some(expected), "a token request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_with_certificates_share_no_connection_over_http_2() {
    many_at_once(|tls| tls, Version::HTTP_2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_with_certificates_share_no_connection_over_http_1() {
    many_at_once(TlsBuilder::with_http1_only, Version::HTTP_11).await;
}

#[tokio::test]
async fn a_customer_whose_files_are_bad_is_refused_and_the_other_served() {
    let sandbox = Arc::new(ClaraSandbox::start().await);
    let clients = {
        let sandbox = Arc::clone(&sandbox);
        PerCustomer::builder(move |account: &Account| match account {
            Account::Production => claviger_clara::Client::<Full>::new(&account.config(&sandbox)),
            Account::Test => {
                let certificate = account.issued(&sandbox).certificate_pem();
                let key = sandbox.clara().identity().key_pem();
                claviger_mtls::Identity::from_pem([certificate.as_bytes(), key.as_bytes()])?;
                claviger_clara::Client::new(&account.config(&sandbox))
            }
        })
        .build()
    };
    for _ in 0..2 {
        let error = clients.of(&Account::Test).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        let client = clients.of(&Account::Production).unwrap();
        assert!(client.tokens().unwrap().ready().is_some() || sandbox.counts() == (0, 0));
        let (status, _) = send(&client, get(Account::Production.path())).await.unwrap();
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!((clients.len(), sandbox.counts()), (1, (1, 2)));
}
