//! The next token, fetched while the one before is still good.

use super::{
    entry::{Entry, Stage},
    *,
};

mod runtimes;

/// Before and after the point at which the next of tokens of 300 s is due: 70 to 85 % of 290 s.
const NOT_YET: Duration = Duration::from_millis(202_999);
const DUE: Duration = Duration::from_millis(246_501);

/// Hands out a token of 300 s each time that it is let go.
fn held(go: &Arc<Notify>) -> Source {
    let go = Arc::clone(go);
    Source::new(move |count| {
        let go = Arc::clone(&go);
        async move {
            if count > 1 {
                go.notified().await;
            }
            Ok(token(count).with_expires_in(Duration::from_secs(300)))
        }
    })
}

/// Hands out one token of 300 s, then `error` until `failures` are over.
fn failing(failures: usize, error: Error) -> Source {
    Source::new(move |count| {
        let error = error.clone();
        async move {
            let fails = (2..2 + failures).contains(&count);
            if fails { Err(error) } else { Ok(token(count).with_expires_in(Duration::from_secs(300))) }
        }
    })
}

async fn ready(cache: &TokenCache<Source>) -> Option<String> {
    let ready = cache.ready().map(|credential| credential.value().to_str().unwrap().to_owned());
    settle().await;
    ready
}

#[tokio::test]
async fn the_next_token_is_fetched_between_seventy_and_eighty_five_percent_of_its_life() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    value(&cache).await;
    clock.advance(NOT_YET);
    assert_eq!(ready(&cache).await.unwrap(), "Bearer token-1");
    assert_eq!(source.fetches(), 1);
    clock.advance(DUE - NOT_YET);
    assert_eq!(source.fetches(), 1, "nothing happens until a request comes");
    assert_eq!(ready(&cache).await.unwrap(), "Bearer token-1");
    assert_eq!(ready(&cache).await.unwrap(), "Bearer token-2");
    assert_eq!(source.whys(), ["cold", "early"]);
}

#[test]
fn the_point_is_drawn_once_per_token() {
    let clock = ManualClock::new();
    let settings = *TokenCache::new(Source::steady(Duration::ZERO)).shared.settings();
    let asked = clock.now();
    let is_due = |entry: &Entry, after: Duration| {
        let clock = ManualClock::new();
        clock.advance(after);
        entry.stage(clock.now()) == Stage::Due
    };
    let due = |entry: &Entry| {
        let (mut before, mut after) = (Duration::ZERO, Duration::from_secs(289));
        while after - before > Duration::from_millis(1) {
            let middle = (before + after) / 2;
            if is_due(entry, middle) { after = middle } else { before = middle }
        }
        after.as_millis()
    };
    let points: Vec<u128> = (0..20)
        .map(|count| {
            let token = token(count).with_expires_in(Duration::from_secs(300));
            let entry = Entry::new(token, asked, &clock, &settings);
            assert_eq!(due(&entry), due(&entry), "it does not move");
            due(&entry)
        })
        .collect();
    assert!(points.iter().all(|point| (203_000..=246_500).contains(point)), "{points:?}");
    let (least, most) = (points.iter().min().unwrap(), points.iter().max().unwrap());
    assert!(most - least > 4_000, "a fleet is spread: {points:?}");
}

#[tokio::test]
async fn requests_use_the_valid_token_while_one_fetch_is_under_way() {
    let (go, clock) = (Arc::new(Notify::new()), ManualClock::new());
    let source = held(&go);
    let cache = cache(&source, &clock);
    value(&cache).await;
    clock.advance(DUE);
    for _ in 0..1_000 {
        assert_eq!(cache.ready().unwrap().value(), "Bearer token-1");
        assert_eq!(value(&cache).await, "Bearer token-1");
        assert_eq!(cache.token().await.unwrap().expose_secret(), "token-1");
    }
    settle().await;
    assert_eq!(source.fetches(), 2);
    go.notify_one();
    settle().await;
    assert_eq!(ready(&cache).await.unwrap(), "Bearer token-2");
    assert_eq!(source.fetches(), 2);
}

#[tokio::test]
async fn a_failed_early_refresh_never_evicts_a_valid_token() {
    let source = failing(usize::MAX - 2, refused());
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    value(&cache).await;
    clock.advance(DUE);
    for _ in 247..=290 {
        assert_eq!(ready(&cache).await.unwrap(), "Bearer token-1");
        clock.advance(Duration::from_secs(1));
    }
    assert!(
        (3..=6).contains(&source.fetches()),
        "5, 10, 20 s between tries, give or take: {}",
        source.fetches()
    );
    assert!(cache.ready().is_none(), "it ends when it ends");
    assert_eq!(cache.obtain().await.unwrap_err().kind(), ErrorKind::CredentialsRefused);
}

#[tokio::test]
async fn a_failed_early_refresh_is_not_tried_again_before_its_backoff_is_over() {
    let busy = Error::new(ErrorKind::Unavailable, "busy").with_retry_after(Duration::from_secs(20));
    let source = failing(1, busy);
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    value(&cache).await;
    clock.advance(DUE);
    for _ in 0..20 {
        assert_eq!(ready(&cache).await.unwrap(), "Bearer token-1");
        assert_eq!(source.fetches(), 2, "the server asked for 20 s");
        clock.advance(Duration::from_secs(1));
    }
    ready(&cache).await;
    assert_eq!(ready(&cache).await.unwrap(), "Bearer token-3");
}

#[tokio::test]
async fn a_token_that_ends_during_its_refresh_is_waited_for_on_the_same_fetch() {
    let (go, clock) = (Arc::new(Notify::new()), ManualClock::new());
    let source = held(&go);
    let cache = cache(&source, &clock);
    value(&cache).await;
    clock.advance(DUE);
    ready(&cache).await;
    clock.advance(Duration::from_secs(300));
    let waiter = tokio::spawn({
        let cache = cache.clone();
        async move { value(&cache).await }
    });
    settle().await;
    go.notify_one();
    assert_eq!(waiter.await.unwrap(), "Bearer token-2");
    assert_eq!(source.fetches(), 2);
}

#[tokio::test]
async fn a_token_rejected_while_the_next_is_fetched_is_replaced_by_that() {
    let (go, clock) = (Arc::new(Notify::new()), ManualClock::new());
    let source = held(&go);
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(DUE);
    ready(&cache).await;
    cache.invalidate(first);
    assert!(cache.ready().is_none());
    go.notify_one();
    assert_eq!(value(&cache).await, "Bearer token-2");
    cache.invalidate(first);
    assert_eq!(value(&cache).await, "Bearer token-2", "a late rejection changes nothing");
    assert_eq!(source.fetches(), 2);
}

/// A source that keeps tokens may bring it back: it was not told.
#[tokio::test]
async fn a_token_rejected_while_the_next_is_fetched_is_not_brought_back_by_it() {
    let go = Arc::new(Notify::new());
    let source = {
        let go = Arc::clone(&go);
        Source::new(move |count| {
            let go = Arc::clone(&go);
            async move {
                if count == 2 {
                    go.notified().await;
                }
                Ok(token(if count == 2 { 1 } else { count }).with_expires_in(Duration::from_secs(300)))
            }
        })
    };
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(DUE);
    ready(&cache).await;
    cache.invalidate(first);
    go.notify_one();
    assert_eq!(value(&cache).await, "Bearer token-3");
    assert_eq!(source.whys(), ["cold", "early", "rejected token-1"]);
}

#[tokio::test]
async fn the_source_hears_of_a_rejection_when_it_fetches_ahead_too() {
    let source = failing(1, refused());
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(6));
    cache.invalidate(first);
    cache.obtain().await.unwrap_err();
    clock.advance(DUE);
    ready(&cache).await;
    assert_eq!(ready(&cache).await.unwrap(), "Bearer token-3");
    assert_eq!(source.whys(), ["cold", "rejected token-1", "rejected token-1"]);
}

#[tokio::test]
async fn a_token_that_came_to_its_refresh_point_ends_the_count_of_rejections() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(5));
    cache.invalidate(first);
    value(&cache).await;
    clock.advance(DUE);
    ready(&cache).await;
    let third = cache.generation().unwrap();
    clock.advance(Duration::from_secs(5));
    cache.invalidate(third);
    assert_eq!(cache.generation(), None, "5 s will do, not 10 s");
}

#[tokio::test]
async fn either_clock_makes_the_next_token_due() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    value(&cache).await;
    clock.set_wall(clock.wall() + DUE);
    ready(&cache).await;
    assert_eq!(source.fetches(), 2, "the machine was suspended");
    let wall = clock.wall() - Duration::from_secs(7200);
    clock.set_wall(wall);
    clock.advance(DUE);
    ready(&cache).await;
    assert_eq!(source.fetches(), 3, "the time of day was set back");
}
