//! A follower of redirects, outside and inside our layers: what it may carry to whom.
//!
//! `docs/redirects.md` says the same to users.

use claviger_auth_core::{
    BoxError, Error, ErrorKind, ForeignOrigin, Origin, PerRequest, StaticToken, UseCredentials,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_mtls::{Tls, Trust};
use claviger_sandbox::{Fault, Target, Times};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::LOCATION};
use hyper::body::Incoming;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_http::follow_redirect::{FollowRedirectLayer, policy::SameOrigin};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::{
    clara_sandbox::{ACME, ClaraSandbox, Full, TRANSACTIONS, get, tax_identifier},
    providers::Providers,
};

type Stack = BoxCloneSyncService<Request<Full>, Response<Incoming>, BoxError>;

const TENANT: HeaderName = HeaderName::from_static("x-tenant");

/// A client of no certificate that goes to this machine's plain ports, too.
async fn client() -> claviger_client::Client<Full> {
    let ca = ClaraSandbox::start().await.sandbox.ca_pem().to_owned();
    let tls = Tls::builder(Trust::given([ca.as_bytes()]).unwrap()).build().unwrap();
    claviger_client::Client::builder(tls).with_loopback_http().build()
}

/// Our own origin A and a foreign one, B. Each sends `/to?N` wherever the test says, and answers 200 elsewhere.
struct Origins {
    a: MockServer,
    b: MockServer,
}

/// What one origin received: a path, a credential, a tenant.
type Received = (String, Option<String>, Option<String>);

impl Origins {
    async fn start() -> Self {
        let (a, b) = (MockServer::start().await, MockServer::start().await);
        for server in [&a, &b] {
            Mock::given(path("/end")).respond_with(ResponseTemplate::new(200)).mount(server).await;
        }
        Self { a, b }
    }

    async fn lead(&self, from: &MockServer, place: &str, to: &MockServer, end: &str) {
        let location = format!("{}{end}", to.uri());
        let answer = ResponseTemplate::new(307).insert_header("location", location.as_str());
        Mock::given(path(place)).respond_with(answer).mount(from).await;
    }

    /// A→A, A→B, A→B→A and A→B→B, each at its own path of A.
    async fn lead_everywhere(&self) {
        let (a, b) = (&self.a, &self.b);
        self.lead(a, "/a", a, "/end").await;
        self.lead(a, "/ab", b, "/end").await;
        self.lead(a, "/aba", b, "/a").await;
        self.lead(b, "/a", a, "/end").await;
        self.lead(a, "/abb", b, "/b").await;
        self.lead(b, "/b", b, "/end").await;
    }

    fn origin(&self) -> Origin {
        Origin::loopback_http(&self.a.uri()).unwrap()
    }
}

async fn received(server: &MockServer) -> Vec<Received> {
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let requests = server.received_requests().await.unwrap().into_iter();
    requests
        .map(|request| {
            let header = |name: &str| request.headers.get(name).map(text);
            (request.url.path().to_owned(), header("authorization"), header(TENANT.as_str()))
        })
        .collect()
}

fn with_both(place: &str) -> Received {
    (place.to_owned(), Some("Bearer swordfish".to_owned()), Some("acme".to_owned()))
}

fn with_neither(place: &str) -> Received {
    (place.to_owned(), None, None)
}

/// Where the follower stands.
#[derive(Clone, Copy, Debug)]
enum Follower {
    Outermost,
    BelowTenant,
    Innermost,
}

/// Tenant, one more try and credential from the request's extensions, and a follower somewhere among them.
fn stack(follower: Follower, foreign: ForeignOrigin, origin: &Origin, client: Stack) -> Stack {
    let tenant = SetTenantLayer::required(TENANT, origin.clone()).with_foreign_origin(foreign);
    let authorization =
        AuthorizationLayer::new(PerRequest::default(), origin.clone()).with_foreign_origin(foreign);
    let (retry, follow) = (RetryUnauthorizedLayer::cloned(), FollowRedirectLayer::new());
    let builder = ServiceBuilder::new();
    match follower {
        Follower::Outermost => {
            let ours = builder.layer(tenant).layer(retry).layer(authorization).service(client);
            BoxCloneSyncService::new(follow.layer(ours))
        }
        Follower::BelowTenant => {
            let service = builder.layer(tenant).layer(follow).layer(retry).layer(authorization);
            BoxCloneSyncService::new(service.service(client))
        }
        Follower::Innermost => {
            let service = builder.layer(tenant).layer(retry).layer(authorization).layer(follow);
            BoxCloneSyncService::new(service.service(client))
        }
    }
}

/// A request that says who sends it, and for whom.
fn request(url: &str) -> Request<Full> {
    let mut request = get(url);
    let token = StaticToken::bearer("swordfish".into()).unwrap();
    request.extensions_mut().insert(UseCredentials::new(std::sync::Arc::new(token)));
    request.extensions_mut().insert(Tenant::new("acme").unwrap());
    request
}

async fn walk(
    origins: &Origins,
    follower: Follower,
    foreign: ForeignOrigin,
    place: &str,
) -> Result<StatusCode, BoxError> {
    let client = BoxCloneSyncService::new(client().await);
    let stack = stack(follower, foreign, &origins.origin(), client);
    let response = stack.oneshot(request(&format!("{}{place}", origins.a.uri()))).await?;
    Ok(response.status())
}

async fn start() -> Origins {
    let origins = Origins::start().await;
    origins.lead_everywhere().await;
    origins
}

#[tokio::test]
async fn outermost_a_redirect_within_the_origin_is_stamped_anew() {
    for foreign in [ForeignOrigin::Refuse, ForeignOrigin::PassWithout] {
        let origins = start().await;
        let status = walk(&origins, Follower::Outermost, foreign, "/a").await.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert_eq!(received(&origins.a).await, [with_both("/a"), with_both("/end")]);
    }
}

#[tokio::test]
async fn outermost_a_redirect_to_a_foreign_origin_is_refused() {
    for place in ["/ab", "/aba", "/abb"] {
        let origins = start().await;
        let error = walk(&origins, Follower::Outermost, ForeignOrigin::Refuse, place).await.unwrap_err();
        assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Origin, "{place}");
        assert_eq!(received(&origins.a).await, [with_both(place)]);
        assert_eq!(received(&origins.b).await, [], "nothing at all went there");
    }
}

#[tokio::test]
async fn outermost_a_foreign_origin_that_may_be_passed_to_gets_a_bare_request() {
    for (place, at_b) in [("/ab", vec!["/end"]), ("/abb", vec!["/b", "/end"])] {
        let origins = start().await;
        let passed = walk(&origins, Follower::Outermost, ForeignOrigin::PassWithout, place).await;
        assert_eq!(passed.unwrap(), StatusCode::OK);
        assert_eq!(received(&origins.a).await, [with_both(place)]);
        let bare: Vec<_> = at_b.into_iter().map(with_neither).collect();
        assert_eq!(received(&origins.b).await, bare);
    }
    // On the way back the follower has dropped the extensions: the request is nobody's, and is refused.
    let origins = start().await;
    let error = walk(&origins, Follower::Outermost, ForeignOrigin::PassWithout, "/aba").await.unwrap_err();
    assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Tenant);
    assert_eq!(received(&origins.a).await, [with_both("/aba")]);
    assert_eq!(received(&origins.b).await, [with_neither("/a")]);
}

/// What a follower does, not what ours do: it knows `authorization`, `cookie` and `proxy-authorization`, and takes
/// the tenant's header for any other.
#[tokio::test]
async fn below_the_tenant_a_follower_carries_the_tenant_away() {
    // It reads `acme` at B: this is why the follower goes outermost.
    let leaked = |place: &str| (place.to_owned(), None, Some("acme".to_owned()));
    for (place, at_a, at_b) in [
        ("/ab", vec![with_both("/ab")], vec![leaked("/end")]),
        ("/abb", vec![with_both("/abb")], vec![leaked("/b"), leaked("/end")]),
        // The credential does not come back once it was taken off.
        ("/aba", vec![with_both("/aba"), leaked("/end")], vec![leaked("/a")]),
    ] {
        let origins = start().await;
        let status = walk(&origins, Follower::Innermost, ForeignOrigin::Refuse, place).await.unwrap();
        assert_eq!(status, StatusCode::OK);
        assert_eq!((received(&origins.a).await, received(&origins.b).await), (at_a, at_b), "{place}");
    }
    // With Authorization below it, which refuses what is foreign, the tenant stays at home, too.
    for place in ["/ab", "/aba", "/abb"] {
        let origins = start().await;
        let error = walk(&origins, Follower::BelowTenant, ForeignOrigin::Refuse, place).await.unwrap_err();
        assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Origin, "{place}");
        assert_eq!(received(&origins.b).await, []);
    }
    let origins = start().await;
    walk(&origins, Follower::BelowTenant, ForeignOrigin::PassWithout, "/ab").await.unwrap();
    assert_eq!(received(&origins.b).await, [leaked("/end")], "unless it lets requests pass without");
}

#[tokio::test]
async fn innermost_a_follower_that_keeps_to_the_origin_carries_nothing_away() {
    for (place, status) in [("/a", StatusCode::OK), ("/ab", StatusCode::TEMPORARY_REDIRECT)] {
        let origins = start().await;
        let origin = origins.origin();
        let stack = ServiceBuilder::new()
            .layer(SetTenantLayer::required(TENANT, origin.clone()))
            .layer(RetryUnauthorizedLayer::cloned())
            .layer(AuthorizationLayer::new(PerRequest::default(), origin))
            .layer(FollowRedirectLayer::with_policy(SameOrigin::new()))
            .service(client().await);
        let response = stack.oneshot(request(&format!("{}{place}", origins.a.uri()))).await.unwrap();
        assert_eq!(response.status(), status, "{place}");
        assert_eq!(received(&origins.b).await, []);
    }
}

/// The sandbox over TLS, whose redirects lead wherever the test says.
fn leading_to(location: String, sandbox: &ClaraSandbox) -> Stack {
    let location = HeaderValue::try_from(location).unwrap();
    let tls = sandbox.tls().build().unwrap();
    let client = claviger_client::Client::<Full>::builder(tls).with_loopback_http().build();
    BoxCloneSyncService::new(service_fn(move |request| {
        let (mut client, location) = (client.clone(), location.clone());
        async move {
            let mut response = client.call(request).await?;
            if let Some(value) = response.headers_mut().get_mut(LOCATION) {
                *value = location;
            }
            Ok(response)
        }
    }))
}

#[tokio::test]
async fn from_https_to_http_of_the_same_host_no_credential_goes() {
    let sandbox = ClaraSandbox::start().await;
    let plain = MockServer::start().await;
    let origin = Origin::https(&sandbox.clara().api_url()).unwrap();
    assert!(plain.uri().starts_with("http://127.0.0.1:") && origin.to_string().contains("127.0.0.1"));
    for (follower, foreign, count) in [
        (Follower::Outermost, ForeignOrigin::Refuse, 0),
        (Follower::BelowTenant, ForeignOrigin::Refuse, 0),
        (Follower::Outermost, ForeignOrigin::PassWithout, 1),
        (Follower::Innermost, ForeignOrigin::Refuse, 2),
    ] {
        sandbox.clara().play(Target::Api, Fault::Redirect, Times::ONCE);
        let client = leading_to(format!("{}/end", plain.uri()), &sandbox);
        let stack = stack(follower, foreign, &origin, client);
        let result = stack.oneshot(request(&sandbox.url(TRANSACTIONS))).await;
        assert_eq!(result.is_err(), foreign == ForeignOrigin::Refuse && count == 0, "{follower:?}");
        let received = received(&plain).await;
        assert_eq!(received.len(), count, "{follower:?}");
        assert!(received.iter().all(|(_, credential, _)| credential.is_none()), "{received:?}");
    }
    let entries = sandbox.journal().api_entries();
    assert_eq!(entries.len(), 4);
    assert!(entries.iter().all(|entry| entry.header("authorization") == Some("Bearer swordfish")));
}

#[tokio::test]
async fn no_ready_client_follows_also_where_the_redirect_stays_at_home() {
    let sandbox = ClaraSandbox::start().await;
    let config = sandbox.config().with_tax_identifier(tax_identifier(ACME));
    let clara = claviger_clara::Client::<Full>::new(&config).unwrap();
    sandbox.clara().play(Target::Api, Fault::Redirect, Times::ONCE);
    let response = clara.oneshot(get(TRANSACTIONS)).await.unwrap();
    assert_eq!((response.status(), sandbox.counts()), (StatusCode::TEMPORARY_REDIRECT, (1, 1)));

    let providers = Providers::start().await;
    let stacks: [(&claviger_sandbox::Provider, Stack, &str); 3] = [
        (
            providers.clarify(),
            BoxCloneSyncService::new(
                claviger_clarify::Client::<Full>::new(&providers.clarify_config()).unwrap(),
            ),
            "/v2/clarify/rpc",
        ),
        (
            providers.clarus(),
            BoxCloneSyncService::new(
                claviger_clarus::Client::<Full>::new(&providers.clarus_config()).unwrap(),
            ),
            "/v1/products",
        ),
        (
            providers.clazar(),
            BoxCloneSyncService::new(
                claviger_clazar::Client::<Full>::new(&providers.clazar_config()).unwrap(),
            ),
            "/contracts",
        ),
    ];
    for (provider, stack, place) in stacks {
        provider.play(Target::Api, Fault::Redirect, Times::ONCE);
        let response = stack.oneshot(get(place)).await.unwrap();
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT, "{place}");
        assert_eq!(provider.journal().api_requests(), 1, "{place}");
    }

    // Fault::Redirect leads to another origin; the client of which all are made follows none at all.
    let origins = start().await;
    let url = format!("{}/a", origins.a.uri());
    let response = client().await.oneshot(get(&url)).await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(received(&origins.a).await.len(), 1);
}
