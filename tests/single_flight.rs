//! Many callers and one token.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use claviger_auth_core::{BoxError, Error, ErrorKind, ManualClock, TokenCache};
use claviger_clara::Client;
use claviger_sandbox::{Fault, Target, Times};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::Value;
use tokio::task::{JoinSet, yield_now};
use tower::Service;

use crate::clara_sandbox::{ClaraSandbox, Full, TRANSACTIONS, get, send};

/// Lets many callers come while the token is kept back, and gives it to them when all of them wait.
async fn crowd<S>(
    sandbox: &ClaraSandbox,
    client: &S,
    callers: usize,
) -> Vec<Result<(StatusCode, Value), Error>>
where
    S: Service<Request<Full>, Response = Response<Incoming>, Error = BoxError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let held = sandbox.clara().hold(Target::Token);
    let arrived = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (client, arrived) = (client.clone(), Arc::clone(&arrived));
        let logs = sandbox.url("/api/v1/logs?size=1");
        tasks.spawn(async move {
            arrived.fetch_add(1, Ordering::Relaxed);
            send(&client, get(&logs)).await
        });
    }
    // There is one thread: a task that was counted has run as far as it can, so it waits for the token.
    while arrived.load(Ordering::Relaxed) < callers {
        yield_now().await;
    }
    sandbox.wait_for_token_requests(1).await;
    assert_eq!(sandbox.counts(), (1, 0), "nobody goes on without a token");
    held.release();
    tasks.join_all().await
}

#[tokio::test]
async fn ten_thousand_callers_on_a_cold_cache_make_one_token_request() {
    let sandbox = ClaraSandbox::start().await;
    for result in crowd(&sandbox, &sandbox.client(), 10_000).await {
        assert_eq!(result.unwrap().0, StatusCode::OK);
    }
    assert_eq!(sandbox.counts(), (1, 10_000));
}

#[tokio::test]
async fn ten_thousand_callers_share_one_failure_and_one_who_comes_later_succeeds() {
    let sandbox = ClaraSandbox::start().await;
    sandbox.clara().play(Target::Token, Fault::Unavailable, Times::ONCE);
    let clock = ManualClock::new();
    let cache = TokenCache::builder(sandbox.source()).with_clock(clock.clone()).build();
    let client = Client::with_credentials(&sandbox.config(), cache).unwrap();
    let is_down = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    };
    for result in crowd(&sandbox, &client, 10_000).await {
        is_down(result.unwrap_err());
    }
    // Nobody tries again at once, or ten thousand would.
    is_down(send(&client, get(TRANSACTIONS)).await.unwrap_err());
    assert_eq!(sandbox.counts(), (1, 0));

    clock.advance(Duration::from_secs(2));
    let (status, _) = send(&client, get(TRANSACTIONS)).await.unwrap();
    assert_eq!(status, StatusCode::OK, "no failure is final");
    assert_eq!(sandbox.counts(), (2, 1));
}

#[tokio::test]
async fn a_caller_who_leaves_takes_nothing_with_them() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    let held = sandbox.clara().hold(Target::Token);
    let impatient = tokio::spawn({
        let client = client.clone();
        async move { send(&client, get(TRANSACTIONS)).await }
    });
    sandbox.wait_for_token_requests(1).await;
    impatient.abort();
    assert!(impatient.await.unwrap_err().is_cancelled());
    held.release();
    let (status, _) = send(&client, get(TRANSACTIONS)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(sandbox.counts(), (1, 1));
}

#[tokio::test]
async fn an_expired_token_is_replaced_once_for_all() {
    let sandbox = ClaraSandbox::start().await;
    sandbox.clara().set_token_life(Duration::ZERO);
    let client = sandbox.client();
    // A life of nothing: it serves those who wait, and nobody after them.
    send(&client, get(TRANSACTIONS)).await.unwrap();
    sandbox.clara().set_token_life(Duration::from_secs(300));
    sandbox.journal().clear();
    for result in crowd(&sandbox, &client, 100).await {
        assert_eq!(result.unwrap().0, StatusCode::OK);
    }
    assert_eq!(sandbox.counts(), (1, 100));
}
