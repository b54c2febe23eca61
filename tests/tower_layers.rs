//! Our layers among those of tower and tower-http, on either side: certificate, token and tenant, and a token that is
//! revoked in mid-use.

use std::{future::ready, time::Duration};

use bytes::Bytes;
use claviger_auth_core::{
    BoxError, Error, ErrorKind, Origin, TokenCache,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_sandbox::{Fault, Target, Times};
use http::{HeaderName, Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Body;
use serde_json::Value;
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt,
    balance::p2c::Balance,
    buffer::{Buffer, BufferLayer},
    discover::ServiceList,
    limit::ConcurrencyLimitLayer,
    load::Constant,
    load_shed::LoadShedLayer,
    retry::{Policy, RetryLayer},
    timeout::TimeoutLayer,
    util::BoxCloneService,
};
use tower_http::{
    follow_redirect::FollowRedirectLayer,
    sensitive_headers::SetSensitiveHeadersLayer,
    trace::{DefaultMakeSpan, DefaultOnFailure, DefaultOnRequest, DefaultOnResponse, TraceLayer},
};
use tracing::Level;

use crate::{
    clara_sandbox::{ACME, ClaraSandbox, Full, TRANSACTIONS, get_for, post, tax_identifier},
    leaks::{Log, Secrets, elsewhere, run_here},
};

/// A service whose layers are nobody's business.
type Stack = BoxCloneService<Request<Full>, Response<Answer>, BoxError>;

type Answer = UnsyncBoxBody<Bytes, BoxError>;

fn stack<S, B>(service: S) -> Stack
where
    S: Service<Request<Full>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let service =
        service.map_response(|response| response.map(|body| body.map_err(Into::into).boxed_unsync()));
    BoxCloneService::new(service.map_err(Into::into))
}

const X_TAX_IDENTIFIER: HeaderName = HeaderName::from_static("x-tax-identifier");

/// Our layers, over whatever is inside; no token is too young to be replaced.
fn ours(sandbox: &ClaraSandbox, inside: Stack) -> Stack {
    let origin = || Origin::https(&sandbox.clara().api_url()).unwrap();
    let tokens = TokenCache::builder(sandbox.source()).with_spacing(Duration::ZERO).build();
    let service = ServiceBuilder::new()
        .layer(SetTenantLayer::required(X_TAX_IDENTIFIER, origin()))
        .layer(RetryUnauthorizedLayer::cloned())
        .layer(AuthorizationLayer::new(tokens, origin()))
        .service(inside);
    stack(service)
}

fn client(sandbox: &ClaraSandbox) -> Stack {
    stack(sandbox.transport())
}

async fn exchange(service: &Stack, request: Request<Full>) -> Result<(StatusCode, Value), BoxError> {
    let (head, body) = service.clone().oneshot(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok((head.status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// A call, a revoked token, and a call with a body: all with certificate and tenant, and each token fetched once.
async fn all_arrives(name: &str, sandbox: &ClaraSandbox, service: &Stack) {
    let (status, body) = exchange(service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap();
    assert_eq!((status, &body["company"]["taxIdentifier"]), (StatusCode::OK, &ACME.into()), "{name}");

    sandbox.clara().revoke_all();
    let mut request = post(&sandbox.url("/api/v3/upload"), "what must arrive twice");
    request.extensions_mut().insert(Tenant::from(tax_identifier(ACME)));
    let (status, body) = exchange(service, request).await.unwrap();
    assert_eq!((status, &body["length"]), (StatusCode::CREATED, &22.into()), "{name}");

    assert_eq!(sandbox.counts(), (2, 3), "{name}");
    let entries = sandbox.journal().api_entries();
    let statuses: Vec<_> = entries.iter().map(|entry| entry.status.unwrap().as_u16()).collect();
    assert_eq!(statuses, [200, 401, 201], "{name}");
    let thumbprint = sandbox.identity().thumbprint().to_string();
    for entry in &entries {
        assert_eq!(entry.header(X_TAX_IDENTIFIER.as_str()), Some(ACME), "{name}");
        assert!(entry.header("authorization").unwrap().starts_with("Bearer sandbox-"), "{name}");
        assert_eq!(entry.peer.thumbprint.as_deref(), Some(&*thumbprint), "{name}");
    }

    // Our errors are found behind whatever is around them.
    let error = exchange(service, get_for("https://evil.example/", ACME)).await.unwrap_err();
    assert_eq!(Error::find(&*error).map(Error::kind), Some(ErrorKind::Origin), "{name}: {error:?}");
}

/// Puts a layer outside ours, inside, and on both sides.
async fn on_either_side(name: &str, layer: impl Fn(Stack) -> Stack) {
    let sandbox = ClaraSandbox::start().await;
    let service = layer(ours(&sandbox, client(&sandbox)));
    all_arrives(&format!("{name} outside"), &sandbox, &service).await;

    let sandbox = ClaraSandbox::start().await;
    let service = ours(&sandbox, layer(client(&sandbox)));
    all_arrives(&format!("{name} inside"), &sandbox, &service).await;

    let sandbox = ClaraSandbox::start().await;
    let service = layer(ours(&sandbox, layer(client(&sandbox))));
    all_arrives(&format!("{name} on both sides"), &sandbox, &service).await;
}

/// Puts a stack together.
type Make<'a> = dyn Fn(&ClaraSandbox) -> Stack + 'a;

#[tokio::test]
async fn buffer_and_timeout() {
    on_either_side("Buffer", |inner| stack(BufferLayer::new(1).layer(inner))).await;
    on_either_side("Timeout", |inner| stack(TimeoutLayer::new(Duration::from_secs(20)).layer(inner))).await;
}

#[tokio::test]
async fn a_concurrency_limit_of_one_that_sheds_what_is_above_it() {
    on_either_side("ConcurrencyLimit", |inner| stack(ConcurrencyLimitLayer::new(1).layer(inner))).await;
    on_either_side("LoadShed", |inner| {
        stack(ServiceBuilder::new().layer(LoadShedLayer::new()).concurrency_limit(1).service(inner))
    })
    .await;
}

#[tokio::test]
async fn balance_over_two_of_a_kind() {
    on_either_side("Balance", |inner| {
        let services = vec![Constant::new(inner.clone(), 1), Constant::new(inner, 1)];
        let balance = Balance::new(ServiceList::new(services));
        // Balance keeps all it has ready. Each holds a place in a buffer that they share below, and with fewer places
        // than services nothing would move any more: with our layers between or without.
        stack(Buffer::new(balance, 8))
    })
    .await;
}

#[tokio::test]
async fn tower_http_s_sensitive_headers_trace_and_redirects() {
    on_either_side("SetSensitiveHeaders", |inner| {
        stack(SetSensitiveHeadersLayer::new([AUTHORIZATION, X_TAX_IDENTIFIER]).layer(inner))
    })
    .await;
    on_either_side("Trace", |inner| stack(TraceLayer::new_for_http().layer(inner))).await;
    on_either_side("FollowRedirect", |inner| stack(FollowRedirectLayer::new().layer(inner))).await;
}

/// Sends again what an overloaded server did not do, at most twice.
#[derive(Clone)]
struct WhileUnavailable(u8);

impl<E> Policy<Request<Full>, Response<Answer>, E> for WhileUnavailable {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _request: &mut Request<Full>,
        result: &mut Result<Response<Answer>, E>,
    ) -> Option<Self::Future> {
        let is_unavailable =
            result.as_ref().is_ok_and(|response| response.status() == StatusCode::SERVICE_UNAVAILABLE);
        self.0 = self.0.checked_sub(1).filter(|_| is_unavailable)?;
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full>) -> Option<Request<Full>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn retry_for_what_is_its_own_to_send_again() {
    let layer = |inner| stack(RetryLayer::new(WhileUnavailable(2)).layer(inner));
    on_either_side("Retry", layer).await;

    // A 503, then a 401: each is sent again by its own, and with the tenant and a credential every time.
    let outside = |sandbox: &ClaraSandbox| layer(ours(sandbox, client(sandbox)));
    let inside = |sandbox: &ClaraSandbox| ours(sandbox, layer(client(sandbox)));
    let stacks: [(&str, &Make<'_>); 2] = [("outside", &outside), ("inside", &inside)];
    for (name, stack) in stacks {
        let sandbox = ClaraSandbox::start().await;
        let service = stack(&sandbox);
        exchange(&service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap();
        sandbox.clara().play(Target::Api, Fault::Unavailable, Times::ONCE);
        sandbox.clara().revoke_all();
        let (status, _) = exchange(&service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap();
        assert_eq!((status, sandbox.counts()), (StatusCode::OK, (2, 4)), "{name}");
        let entries = sandbox.journal().api_entries();
        let statuses: Vec<_> = entries.iter().map(|entry| entry.status.unwrap().as_u16()).collect();
        assert_eq!(statuses, [200, 503, 401, 200], "{name}");
        assert!(entries.iter().all(|entry| entry.header(X_TAX_IDENTIFIER.as_str()) == Some(ACME)), "{name}");
    }
}

#[tokio::test]
async fn an_overloaded_stack_sheds_a_request_and_not_the_fetch_of_another() {
    let sandbox = ClaraSandbox::start().await;
    let inside =
        ServiceBuilder::new().layer(LoadShedLayer::new()).concurrency_limit(1).service(client(&sandbox));
    let service = ours(&sandbox, stack(inside));
    exchange(&service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap();
    let held = sandbox.clara().hold(Target::Api);
    let first = tokio::spawn(service.clone().oneshot(get_for(&sandbox.url(TRANSACTIONS), ACME)));
    sandbox.wait_for_api_requests(2).await;
    let error = exchange(&service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap_err();
    assert!(error.is::<tower::load_shed::error::Overloaded>(), "{error:?}");
    held.release();
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(sandbox.counts(), (1, 2));
}

/// Trace at its most talkative, headers included.
fn traced(inner: Stack) -> Stack {
    let layer = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO).include_headers(true))
        .on_request(DefaultOnRequest::new().level(Level::INFO))
        .on_response(DefaultOnResponse::new().level(Level::INFO).include_headers(true))
        .on_failure(DefaultOnFailure::new().level(Level::INFO));
    stack(layer.layer(inner))
}

#[test]
fn trace_shows_that_there_is_a_credential_and_a_tenant_and_neither_of_them() {
    let runtime = elsewhere();
    let sandbox = runtime.block_on(runtime.spawn(ClaraSandbox::start())).unwrap();
    let log = Log::default();
    {
        let _on = log.turn_on();
        run_here(async {
            let service = traced(ours(&sandbox, traced(client(&sandbox))));
            let with_plain = |mut request: Request<Full>| {
                request.headers_mut().insert("x-plain", "in-the-clear".parse().unwrap());
                request
            };
            exchange(&service, with_plain(get_for(&sandbox.url(TRANSACTIONS), ACME))).await.unwrap();
            sandbox.clara().revoke_all();
            exchange(&service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap();
            sandbox.clara().play(Target::Api, Fault::HangUp, Times::ONCE);
            exchange(&service, get_for(&sandbox.url(TRANSACTIONS), ACME)).await.unwrap_err();
        });
    }
    let log = log.text();
    // The controls: Trace does write headers down, those of ours among them, and what is looked for was sent.
    assert!(log.contains("in-the-clear"), "{log}");
    for name in ["authorization", X_TAX_IDENTIFIER.as_str()] {
        assert!(log.contains(&format!("\"{name}\": Sensitive")), "no {name} in {log}");
    }
    let entries = sandbox.journal().api_entries();
    let mut secrets = vec![("tenant", ACME.to_owned()), ("client secret", sandbox.clara().client_secret())];
    for entry in &entries {
        let token = entry.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        secrets.push(("access token", token.unwrap().to_owned()));
        assert_eq!(entry.header(X_TAX_IDENTIFIER.as_str()), Some(ACME));
    }
    assert!(entries.len() >= 4 && secrets.iter().all(|(_, value)| value.len() > 10));
    Secrets(secrets).absent_in("what Trace wrote", &log);
}
