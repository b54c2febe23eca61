//! A token that the API no longer takes.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use claviger_auth_core::{
    AccessToken, CredentialSource, Error, Fetch, ManualClock, Origin, TokenCache, TokenSource,
    authorization::{Authorization, AuthorizationLayer},
    retry_unauthorized::{ReplayCloned, RetryUnauthorized, RetryUnauthorizedLayer},
};
use claviger_clara::Client;
use claviger_oauth_cc::ClientCredentials;
use claviger_sandbox::Target;
use http::StatusCode;
use tokio::task::JoinSet;
use tower::ServiceBuilder;

use crate::clara_sandbox::{ACME, ClaraSandbox, Full, TRANSACTIONS, get, get_for, post, send};

const ALWAYS_UNAUTHORIZED: &str = "/api/v3/always-unauthorized";

/// A client that throws a token away however young it is.
fn hasty(sandbox: &ClaraSandbox) -> Client {
    Client::new(&sandbox.config().with_spacing(Duration::ZERO)).unwrap()
}

#[tokio::test]
async fn is_replaced_and_the_request_sent_once_more_with_body_and_tenant() {
    let sandbox = ClaraSandbox::start().await;
    let client = hasty(&sandbox);
    send(&client, get(TRANSACTIONS)).await.unwrap();
    sandbox.clara().revoke_all();
    sandbox.journal().clear();

    let mut request = post("/api/v3/users", r#"{"name":"Ana"}"#);
    request.extensions_mut().extend(get_for(TRANSACTIONS, ACME).extensions().clone());
    let (status, body) = send(&client, request).await.unwrap();
    assert_eq!((status, &body["received"]["name"]), (StatusCode::CREATED, &"Ana".into()));
    assert_eq!(body["company"]["taxIdentifier"], ACME);

    assert_eq!(sandbox.counts(), (1, 2));
    let [first, second] = &sandbox.journal().api_entries()[..] else { panic!("not two requests") };
    assert_eq!(first.status, Some(StatusCode::UNAUTHORIZED));
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("x-tax-identifier"), second.header("x-tax-identifier"));
    assert_ne!(first.header("authorization"), second.header("authorization"));
}

#[tokio::test]
async fn costs_forty_callers_one_token_request() {
    let sandbox = ClaraSandbox::start().await;
    let client = hasty(&sandbox);
    send(&client, get(TRANSACTIONS)).await.unwrap();
    sandbox.clara().revoke_all();
    sandbox.journal().clear();

    // All forty are sent with the revoked token before the first of them hears of it.
    let held = sandbox.clara().hold(Target::Api);
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let client = client.clone();
        tasks.spawn(async move { send(&client, get(TRANSACTIONS)).await });
    }
    sandbox.wait_for_api_requests(40).await;
    held.release();
    for result in tasks.join_all().await {
        assert_eq!(result.unwrap().0, StatusCode::OK);
    }
    assert_eq!(sandbox.counts(), (1, 80));
}

#[tokio::test]
async fn a_late_401_is_not_held_against_the_token_that_came_after() {
    let sandbox = ClaraSandbox::start().await;
    let client = hasty(&sandbox);
    send(&client, get(TRANSACTIONS)).await.unwrap();
    sandbox.clara().revoke_all();
    sandbox.journal().clear();

    let held = sandbox.clara().hold(Target::Api);
    let late = tokio::spawn({
        let client = client.clone();
        async move { send(&client, get(TRANSACTIONS)).await }
    });
    sandbox.wait_for_api_requests(1).await;
    // Somebody else has learnt of it before, and has the next token.
    let tokens = client.tokens().unwrap();
    tokens.invalidate(tokens.generation().unwrap());
    tokens.obtain().await.unwrap();
    let next = tokens.generation();
    held.release();
    assert_eq!(late.await.unwrap().unwrap().0, StatusCode::OK);
    assert_eq!(sandbox.counts(), (1, 2), "it went again with the token that was there");
    assert_eq!(client.tokens().unwrap().generation(), next);
}

#[tokio::test]
async fn one_route_that_always_says_401_disturbs_nobody() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    send(&client, get(TRANSACTIONS)).await.unwrap();
    for _ in 0..20 {
        let (status, _) = send(&client, get(ALWAYS_UNAUTHORIZED)).await.unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "it is passed on");
        let (status, _) = send(&client, get(TRANSACTIONS)).await.unwrap();
        assert_eq!(status, StatusCode::OK, "the token stays in use");
    }
    assert_eq!(sandbox.counts(), (1, 41), "one token, and no request was sent twice");
}

#[tokio::test]
async fn a_401_on_the_first_request_of_all_is_passed_on() {
    let sandbox = ClaraSandbox::start().await;
    let client = hasty(&sandbox);
    let (status, _) = send(&client, get(ALWAYS_UNAUTHORIZED)).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(sandbox.counts(), (1, 1), "its token was fetched for this very request");
}

/// The layers over a cache on a clock that the test turns, over any source of tokens.
fn stack<T: TokenSource>(
    sandbox: &ClaraSandbox,
    source: T,
    clock: &ManualClock,
) -> RetryUnauthorized<Authorization<claviger_client::Client<Full>, TokenCache<T>>, ReplayCloned> {
    let cache = TokenCache::builder(source).with_clock(clock.clone()).build();
    ServiceBuilder::new()
        .layer(RetryUnauthorizedLayer::cloned())
        .layer(AuthorizationLayer::new(cache, Origin::https(&sandbox.clara().api_url()).unwrap()))
        .service(sandbox.transport())
}

#[tokio::test]
async fn a_young_token_stays_and_an_older_one_is_replaced() {
    let sandbox = ClaraSandbox::start().await;
    let clock = ManualClock::new();
    let service = stack(&sandbox, sandbox.source(), &clock);
    let transactions = || get(&sandbox.url(TRANSACTIONS));
    send(&service, transactions()).await.unwrap();

    sandbox.clara().revoke_all();
    clock.advance(Duration::from_millis(4_900));
    let (status, _) = send(&service, transactions()).await.unwrap();
    assert_eq!((status, sandbox.counts()), (StatusCode::UNAUTHORIZED, (1, 2)));
    clock.advance(Duration::from_millis(200));
    let (status, _) = send(&service, transactions()).await.unwrap();
    assert_eq!((status, sandbox.counts()), (StatusCode::OK, (2, 4)));
}

#[tokio::test]
async fn the_always_401_route_costs_at_most_one_token_per_spacing() {
    let sandbox = ClaraSandbox::start().await;
    let clock = ManualClock::new();
    let service = stack(&sandbox, sandbox.source(), &clock);
    send(&service, get(&sandbox.url(TRANSACTIONS))).await.unwrap();
    // The spacing doubles while one token after the other is rejected.
    for (seconds, tokens) in [(6, 2), (6, 2), (6, 3), (6, 3), (6, 3), (6, 3), (6, 4)] {
        clock.advance(Duration::from_secs(seconds));
        for _ in 0..5 {
            let (status, _) = send(&service, get(&sandbox.url(ALWAYS_UNAUTHORIZED))).await.unwrap();
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            let (status, _) = send(&service, get(&sandbox.url(TRANSACTIONS))).await.unwrap();
            assert_eq!(status, StatusCode::OK);
        }
        assert_eq!(sandbox.counts().0, tokens);
    }
}

/// Keeps tokens below the cache, as a session file or a shared store does.
struct Store {
    kept: Mutex<Option<AccessToken>>,
    issuer: ClientCredentials,
    honesty: Honesty,
}

#[derive(Clone, Copy, PartialEq)]
enum Honesty {
    /// It never hands back what was rejected.
    DropsTheRejected,
    /// It breaks that rule.
    HandsOutWhatItHas,
}

impl Store {
    fn new(sandbox: &ClaraSandbox, honesty: Honesty) -> Self {
        Self { kept: Mutex::new(None), issuer: sandbox.source(), honesty }
    }
}

#[async_trait]
impl TokenSource for Store {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rejected = if let Fetch::Rejected(token) = why
            && self.honesty == Honesty::DropsTheRejected
        {
            Some(token.header())
        } else {
            None
        };
        if let Some(kept) = kept.filter(|kept| Some(kept.header()) != rejected) {
            return Ok(kept);
        }
        let token = self.issuer.fetch(why).await?;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }
}

#[tokio::test]
async fn under_a_cache_and_a_store_it_is_replaced_by_a_different_one() {
    let sandbox = ClaraSandbox::start().await;
    let clock = ManualClock::new();
    let service = stack(&sandbox, Store::new(&sandbox, Honesty::DropsTheRejected), &clock);
    let transactions = || get(&sandbox.url(TRANSACTIONS));
    send(&service, transactions()).await.unwrap();

    // The cache's token runs out; the store's copy of it is what the cache gets next.
    clock.advance(Duration::from_secs(400));
    send(&service, transactions()).await.unwrap();
    assert_eq!(sandbox.counts(), (1, 2), "the store has it still");

    sandbox.clara().revoke_all();
    clock.advance(Duration::from_secs(6));
    let (status, _) = send(&service, transactions()).await.unwrap();
    assert_eq!((status, sandbox.counts()), (StatusCode::OK, (2, 4)));
    let entries = sandbox.journal().api_entries();
    assert_ne!(entries[2].header("authorization"), entries[3].header("authorization"));
}

#[tokio::test]
async fn a_store_that_hands_back_the_rejected_one_causes_no_storm() {
    let sandbox = ClaraSandbox::start().await;
    let clock = ManualClock::new();
    let service = stack(&sandbox, Store::new(&sandbox, Honesty::HandsOutWhatItHas), &clock);
    let transactions = || get(&sandbox.url(TRANSACTIONS));
    send(&service, transactions()).await.unwrap();
    sandbox.clara().revoke_all();
    clock.advance(Duration::from_secs(6));
    sandbox.journal().clear();
    for _ in 0..10 {
        let (status, _) = send(&service, transactions()).await.unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "what the API says is passed on");
    }
    // The first was sent once more; after that the token counts as young.
    assert_eq!(sandbox.counts(), (0, 11));
}
