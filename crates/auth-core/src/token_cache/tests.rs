mod forgetting;

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

/// Counts fetches, remembers what was rejected, and does with each what the test says.
#[derive(Clone)]
struct Source {
    fetches: Arc<AtomicUsize>,
    rejected: Arc<Mutex<Vec<String>>>,
    script: Arc<dyn Fn(usize) -> Fetching + Send + Sync>,
}

impl Source {
    fn new<F>(script: impl Fn(usize) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<AccessToken, Error>> + Send + 'static,
    {
        Self {
            fetches: Arc::default(),
            rejected: Arc::default(),
            script: Arc::new(move |count| Box::pin(script(count))),
        }
    }

    /// Hands out `token-1`, `token-2` … of 300 s each, after `delay`.
    fn steady(delay: Duration) -> Self {
        Self::new(move |count| async move {
            time::sleep(delay).await;
            Ok(token(count).with_expires_in(Duration::from_secs(300)))
        })
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TokenSource for Source {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        if let Fetch::Rejected(token) = why {
            self.rejected.lock().unwrap().push(token.expose_secret().to_owned());
        }
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

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_make_one_fetch() {
    let source = Source::steady(Duration::from_millis(50));
    let cache = TokenCache::new(source.clone());
    let mut callers = JoinSet::new();
    for _ in 0..10_000 {
        let cache = cache.clone();
        callers.spawn(async move { cache.obtain().await.unwrap().generation() });
    }
    let generations = callers.join_all().await;
    assert_eq!(source.fetches(), 1);
    assert!(generations.iter().all(|generation| *generation == generations[0]));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_callers_share_one_error_and_it_is_not_final() {
    let source = Source::new(|count| async move {
        time::sleep(Duration::from_millis(50)).await;
        if count == 1 { Err(refused()) } else { Ok(token(count)) }
    });
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    let mut callers = JoinSet::new();
    for _ in 0..10_000 {
        let cache = cache.clone();
        callers.spawn(async move { cache.obtain().await.unwrap_err().kind() });
    }
    assert!(callers.join_all().await.iter().all(|kind| *kind == ErrorKind::CredentialsRefused));
    assert_eq!(source.fetches(), 1);
    clock.advance(AFTER_FAILURE);
    assert_eq!(value(&cache).await, "Bearer token-2");
}

#[tokio::test]
async fn a_failed_fetch_is_not_tried_again_at_once() {
    let source =
        Source::new(|count| async move { if count < 3 { Err(refused()) } else { Ok(token(count)) } });
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    for fetches in 1..=2 {
        for _ in 0..100 {
            assert_eq!(cache.obtain().await.unwrap_err().kind(), ErrorKind::CredentialsRefused);
        }
        assert_eq!(source.fetches(), fetches);
        clock.advance(AFTER_FAILURE);
    }
    assert_eq!(value(&cache).await, "Bearer token-3");
}

#[tokio::test(start_paused = true)]
async fn short_deadlines_make_progress() {
    let source = Source::steady(Duration::from_millis(300));
    let cache = TokenCache::new(source.clone());
    for wave in 1..=2 {
        let mut callers = JoinSet::new();
        for _ in 0..10 {
            let cache = cache.clone();
            callers.spawn(async move {
                time::timeout(Duration::from_millis(150), cache.obtain())
                    .await
                    .is_ok_and(|result| result.is_ok())
            });
        }
        let served = callers.join_all().await.into_iter().filter(|served| *served).count();
        assert_eq!(served, if wave == 1 { 0 } else { 10 }, "wave {wave}");
        time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_ends_at_its_deadline() {
    let source = Source::new(|count| async move {
        if count == 1 { std::future::pending().await } else { Ok(token(count)) }
    });
    let clock = ManualClock::new();
    let cache = TokenCache::builder(source.clone()).with_fetch_deadline(Duration::from_secs(7));
    let cache = cache.with_clock(clock.clone()).build();
    let begun = time::Instant::now();
    assert_eq!(cache.obtain().await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(begun.elapsed().as_secs(), 7);
    clock.advance(AFTER_FAILURE);
    assert_eq!(value(&cache).await, "Bearer token-2");
}

#[tokio::test]
async fn a_rejected_token_is_fetched_anew_once() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(6));

    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        let cache = cache.clone();
        callers.spawn(async move {
            cache.invalidate(first);
            cache.obtain().await.unwrap().generation()
        });
    }
    let generations = callers.join_all().await;
    assert!(generations.iter().all(|generation| *generation != first));
    assert_eq!(source.fetches(), 2);
    assert_eq!(*source.rejected.lock().unwrap(), ["token-1"], "the source is told what was rejected");

    clock.advance(Duration::from_secs(6));
    cache.invalidate(first);
    assert_eq!(value(&cache).await, "Bearer token-2", "a late rejection of an older token changes nothing");
}

#[tokio::test]
async fn a_young_token_survives_its_rejection() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_millis(4_999));
    cache.invalidate(first);
    assert_eq!(cache.generation(), Some(first));
    clock.advance(Duration::from_millis(1));
    cache.invalidate(first);
    assert_eq!(cache.generation(), None);
}

#[tokio::test]
async fn a_token_that_was_kept_is_as_old_as_it_is() {
    let source = Source::new(|count| async move {
        Ok(if count == 1 { token(count).with_age(Duration::from_secs(60)) } else { token(count) })
    });
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    let kept = cache.obtain().await.unwrap().generation();
    cache.invalidate(kept);
    assert_eq!(value(&cache).await, "Bearer token-2");
    cache.invalidate(cache.generation().unwrap());
    assert!(cache.ready().is_some(), "the new one is young");
}

#[tokio::test]
async fn the_source_hears_of_a_rejection_until_it_brings_another_token() {
    let source =
        Source::new(|count| async move { if count == 2 { Err(refused()) } else { Ok(token(count)) } });
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(6));
    cache.invalidate(first);
    cache.obtain().await.unwrap_err();
    clock.advance(AFTER_FAILURE);
    cache.invalidate(first);
    assert_eq!(value(&cache).await, "Bearer token-3");
    assert_eq!(*source.rejected.lock().unwrap(), ["token-1", "token-1"]);
}

/// One route rejects every token, and the endpoint is down: the others keep the token that they have.
#[tokio::test]
async fn a_rejected_token_comes_back_if_no_other_can_be_fetched() {
    let source =
        Source::new(|count| async move { if count == 1 { Ok(token(count)) } else { Err(refused()) } });
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(6));
    cache.invalidate(first);
    cache.obtain().await.unwrap_err();
    assert_eq!(value(&cache).await, "Bearer token-1");
    cache.invalidate(first);
    assert_eq!(cache.generation(), Some(first), "nothing else can be had yet");
    assert_eq!(source.fetches(), 2);
    clock.advance(Duration::from_secs(300));
    assert!(cache.ready().is_none(), "it ends when it ends");
}

#[tokio::test]
async fn the_spacing_doubles_while_one_token_after_the_other_is_rejected() {
    let source =
        Source::new(|count| async move { Ok(token(count).with_expires_in(Duration::from_secs(86_400))) });
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    for spacing in [5, 10, 20, 40, 80, 160, 300, 300] {
        let generation = cache.obtain().await.unwrap().generation();
        clock.advance(Duration::from_secs(spacing) - Duration::from_millis(1));
        cache.invalidate(generation);
        assert_eq!(cache.generation(), Some(generation), "{spacing}");
        clock.advance(Duration::from_millis(1));
        cache.invalidate(generation);
        assert_eq!(cache.generation(), None, "{spacing}");
    }
    // One that lived to its end begins the count anew.
    cache.obtain().await.unwrap();
    clock.advance(Duration::from_secs(86_400));
    let generation = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(5));
    cache.invalidate(generation);
    assert_eq!(cache.generation(), None);
}

#[tokio::test]
async fn a_token_ends_a_tenth_early_and_at_most_ten_seconds() {
    for (life, usable) in [(300, 290), (50, 45), (10, 9)] {
        let source =
            Source::new(
                move |count| async move { Ok(token(count).with_expires_in(Duration::from_secs(life))) },
            );
        let clock = ManualClock::new();
        let cache = cache(&source, &clock);
        cache.obtain().await.unwrap();
        clock.advance(Duration::from_secs(usable) - Duration::from_millis(1));
        assert!(cache.ready().is_some(), "{life}");
        clock.advance(Duration::from_millis(1));
        assert!(cache.ready().is_none(), "{life}");
        assert_eq!(value(&cache).await, "Bearer token-2");
    }
}

#[tokio::test]
async fn a_token_ends_when_either_clock_says_so() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);

    cache.obtain().await.unwrap();
    clock.set_wall(clock.wall() + Duration::from_secs(7200));
    assert!(cache.ready().is_none(), "the machine was suspended for two hours");

    cache.obtain().await.unwrap();
    clock.set_wall(clock.wall() - Duration::from_secs(7200));
    assert!(cache.ready().is_some());
    clock.advance(Duration::from_secs(300));
    assert!(cache.ready().is_none(), "the time of day was set back by two hours");
}

#[tokio::test]
async fn absurd_lives_are_no_matter() {
    for (life, stays) in [(Some(Duration::ZERO), false), (Some(Duration::MAX), true), (None, true)] {
        let source = Source::new(move |count| async move {
            Ok(life.map_or(token(count), |life| token(count).with_expires_in(life)))
        });
        let clock = ManualClock::new();
        let cache = cache(&source, &clock);
        assert_eq!(value(&cache).await, "Bearer token-1", "whoever waits is served");
        assert_eq!(cache.ready().is_some(), stays, "{life:?}");
    }
}

#[tokio::test]
async fn a_panic_in_the_source_is_an_error_and_heals() {
    let source = Source::new(|count| async move {
        assert_ne!(count, 1, "the first fetch panics");
        Ok(token(count))
    });
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    assert_eq!(cache.obtain().await.unwrap_err().kind(), ErrorKind::Runtime);
    clock.advance(AFTER_FAILURE);
    assert_eq!(value(&cache).await, "Bearer token-2");
}

#[test]
fn outside_a_runtime_it_is_an_error() {
    let cache = TokenCache::new(Source::steady(Duration::ZERO));
    let polled = pin!(cache.obtain()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else { panic!("it does not wait") };
    assert_eq!(error.kind(), ErrorKind::Runtime);
    assert_eq!(current_thread(false).block_on(value(&cache)), "Bearer token-1", "built before any runtime");
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

#[test]
fn outlives_the_runtime_that_fetches() {
    let (source, clock) = (first_hangs(), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = current_thread(true);
    first.block_on(async {
        assert!(poll_once(pin!(cache.obtain())).await.is_pending());
        tokio::task::yield_now().await;
    });
    assert_eq!(source.fetches(), 1);

    let second = current_thread(true);
    second.block_on(async {
        let other = cache.clone();
        let waiter = tokio::spawn(async move { value(&other).await });
        tokio::task::yield_now().await;
        let begun = time::Instant::now();
        first.shutdown_background();
        assert_eq!(waiter.await.unwrap(), "Bearer token-2");
        assert!(begun.elapsed().is_zero(), "nobody waits for a flight that is known to be lost");
    });
    assert_eq!(source.fetches(), 2);
}

#[test]
fn a_fetch_that_never_began_is_known_to_be_lost() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = current_thread(true);
    // The task is spawned, and the runtime ends before it is polled.
    first.block_on(async { assert!(poll_once(pin!(cache.obtain())).await.is_pending()) });
    drop(first);
    assert_eq!(source.fetches(), 0);
    current_thread(true).block_on(async {
        let begun = time::Instant::now();
        assert_eq!(value(&cache).await, "Bearer token-1");
        assert!(begun.elapsed().is_zero(), "nobody waits for it");
    });
}

#[test]
fn a_runtime_that_is_not_driven_stops_nobody() {
    let (source, clock) = (first_hangs(), ManualClock::new());
    let cache = cache(&source, &clock);
    let idle = current_thread(true);
    idle.block_on(async {
        assert!(poll_once(pin!(cache.obtain())).await.is_pending());
        tokio::task::yield_now().await;
    });

    // `idle` lives on, and nobody drives it.
    let awake = current_thread(true);
    awake.block_on(async {
        let mut waiters = JoinSet::new();
        for _ in 0..10 {
            let cache = cache.clone();
            waiters.spawn(async move { value(&cache).await });
        }
        assert!(waiters.join_all().await.iter().all(|value| value == "Bearer token-2"));
    });
    assert_eq!(source.fetches(), 2, "the ten begin one flight anew");
    drop(idle);
    assert_eq!(awake.block_on(value(&cache)), "Bearer token-2", "the late flight changes nothing");
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[tokio::test]
async fn a_request_under_way_ends_though_nobody_is_left() {
    let done = Arc::new(Notify::new());
    let go = Arc::new(Notify::new());
    let source = {
        let (done, go) = (Arc::clone(&done), Arc::clone(&go));
        Source::new(move |count| {
            let (done, go) = (Arc::clone(&done), Arc::clone(&go));
            async move {
                go.notified().await;
                done.notify_one();
                Ok(token(count))
            }
        })
    };
    let cache = TokenCache::new(source);
    assert!(poll_once(pin!(cache.obtain())).await.is_pending());
    drop(cache);
    go.notify_one();
    done.notified().await;
}

#[tokio::test]
async fn shows_no_token() {
    let source = Source::new(|_| async { AccessToken::bearer(&"swordfish".into()) });
    let cache = TokenCache::new(source);
    assert_eq!(value(&cache).await, "Bearer swordfish", "the secret was there to be found");
    let shown = format!("{cache:?} {:?} {:?}", cache.ready(), cache.token().await);
    assert!(!shown.contains("swordfish"), "{shown}");
}
