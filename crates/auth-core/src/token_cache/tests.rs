//! What the cache promises, and the test that holds it. Paused time or the `ManualClock`; nothing sleeps.
//!
//! | promise | tests |
//! | --- | --- |
//! | one fetch for all who want a token, its error too | `single_flight::ten_thousand_callers_*`, `failures::ten_thousand_callers_*` |
//! | nobody's cancellation or deadline touches the fetch | `single_flight::{short_deadlines_make_progress, whoever_began_the_fetch_may_leave}` |
//! | the next token is fetched ahead | `refresh_ahead` |
//! | failures: backoff, `Retry-After`, the same error at once, none final | `failures`, `backoff` |
//! | a rejection is held against one token only | `rejections`, `refresh_ahead::{runtimes::a_late_*, a_token_rejected_*}`, `model` |
//! | no life is too absurd | `lives` |
//! | any runtime, none, one that ends or idles | `runtimes`, `refresh_ahead::runtimes` |
//! | the path of every request: no lock, no allocation | `lives::a_ready_token_*`, `authorization::tests::a_request_whose_*` |
//! | bounded; what was sent runs to its end | `single_flight::{a_request_under_way_*, a_thousand_tokens_*, *_last_handle}`, `waiting` |
//! | whatever comes in whatever order | `properties`, `soak`, `model` |
//!
//! What others test, and where it is tested here: a herd on success and on failure (`single_flight`, `failures`);
//! the old token until its end, then an error, then the new one (`refresh_ahead::a_failed_*`); threads while time
//! goes on (`lives::threads_*`); a source that hangs (`single_flight::a_fetch_ends_*`); a stale token at once, one
//! refresh (`refresh_ahead::requests_use_*`); a token that ends meanwhile (`refresh_ahead::a_token_that_ends_*`);
//! late callers join (`single_flight`); 401 and expiry, once, and not for a token that is new
//! (`authorization::tests`); a late result (`refresh_ahead::runtimes::a_late_*`); `Retry-After` (`backoff`, and
//! token-endpoint for its two forms). What nobody else tests: waves of short deadlines
//! (`single_flight::short_deadlines_*`); one request per backoff window (`failures::a_failed_fetch_*`); one source
//! that hangs beside another (`single_flight::one_cache_*`); a 400 that heals (`failures`); a runtime that is gone
//! (`runtimes`); a store below (`tests/revoked_token.rs`); both clocks (`lives`); no secret in any text
//! (`observing`, `crates/auth-core/tests/tracing.rs`, `tests/canary.rs`).

mod failures;
mod forgetting;
mod lives;
mod model;
mod observing;
mod properties;
mod refresh_ahead;
mod rejections;
mod runtimes;
mod single_flight;
mod soak;
mod waiting;

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use secrecy::ExposeSecret;
use tokio::{runtime, sync::Notify, task::JoinSet, time};

use super::*;
use crate::{Fetch, ManualClock};

type Fetching = Pin<Box<dyn Future<Output = Result<AccessToken, Error>> + Send>>;

/// Counts fetches, remembers why, and does with each what the test says.
#[derive(Clone)]
struct Source {
    fetches: Arc<AtomicUsize>,
    whys: Arc<Mutex<Vec<String>>>,
    script: Arc<dyn Fn(usize) -> Fetching + Send + Sync>,
}

impl Source {
    fn new<F>(script: impl Fn(usize) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<AccessToken, Error>> + Send + 'static,
    {
        Self {
            fetches: Arc::default(),
            whys: Arc::default(),
            script: Arc::new(move |count| Box::pin(script(count))),
        }
    }

    /// Hands out `token-1`, `token-2` … of 300 s each, after `delay`.
    fn steady(delay: Duration) -> Self {
        Self::new(move |count| async move {
            if !delay.is_zero() {
                time::sleep(delay).await;
            }
            Ok(token(count).with_expires_in(Duration::from_secs(300)))
        })
    }

    /// Why each token was wanted.
    fn whys(&self) -> Vec<String> {
        self.whys.lock().unwrap().clone()
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TokenSource for Source {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        self.whys.lock().unwrap().push(match why {
            Fetch::Cold => "cold".to_owned(),
            Fetch::Early => "early".to_owned(),
            Fetch::Rejected(token) => format!("rejected {}", token.expose_secret()),
        });
        (self.script)(self.fetches.fetch_add(1, Ordering::SeqCst) + 1).await
    }
}

/// Longer than what any test waits for after a failed fetch.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

fn token(count: usize) -> AccessToken {
    AccessToken::bearer(&format!("token-{count}").into()).unwrap()
}

fn refused() -> Error {
    Error::new(ErrorKind::CredentialsRefused, "refused")
}

fn cache(source: &Source, clock: &ManualClock) -> TokenCache<Source> {
    TokenCache::builder(source.clone()).with_clock(clock.clone()).build()
}

async fn value(cache: &TokenCache<Source>) -> String {
    cache.obtain().await.unwrap().value().to_str().unwrap().to_owned()
}

/// Lets the tasks that can go on do so.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// A runtime whose time runs by itself when it is idle, or one with real time.
fn current_thread(paused: bool) -> runtime::Runtime {
    runtime::Builder::new_current_thread().enable_all().start_paused(paused).build().unwrap()
}

/// A source whose first fetch never ends.
fn first_hangs() -> Source {
    Source::new(
        |count| async move { if count == 1 { std::future::pending().await } else { Ok(token(count)) } },
    )
}
