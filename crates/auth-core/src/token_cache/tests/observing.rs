//! What the cache tells of itself, and that no secret is in it.

use super::*;

#[tokio::test]
async fn shows_no_token() {
    let source = Source::new(|_| async { AccessToken::bearer(&"swordfish".into()) });
    let cache = TokenCache::new(source);
    let changes = cache.changes();
    assert_eq!(value(&cache).await, "Bearer swordfish", "the secret was there to be found");
    let shown = format!("{cache:?} {:?} {:?} {changes:?}", cache.ready(), cache.token().await);
    assert!(!shown.contains("swordfish"), "{shown}");
}

/// Life 300 s; the second fetch fails.
fn eventful(clock: &ManualClock) -> TokenCache<Source> {
    let source = Source::new(|count| async move {
        if count == 2 {
            return Err(refused());
        }
        Ok(AccessToken::bearer(&"swordfish".into())?.with_expires_in(Duration::from_secs(300)))
    });
    TokenCache::builder(source).with_clock(clock.clone()).with_name("orders").build()
}

/// Fetched, rejected, refused, fetched again.
#[cfg(feature = "metrics")]
async fn go_through(cache: &TokenCache<Source>, clock: &ManualClock) {
    let first = cache.obtain().await.unwrap();
    assert_eq!(first.value(), "Bearer swordfish", "the secret was there to be found");
    clock.advance(Duration::from_secs(6));
    cache.invalidate(first.generation());
    cache.obtain().await.unwrap_err();
    clock.advance(Duration::from_secs(300));
    cache.obtain().await.unwrap();
}

#[cfg(feature = "metrics")]
#[test]
fn counts_fetches_rejections_waiters_and_the_life_that_is_left() {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    // Reading empties a recorder.
    let read = |recorder: &DebuggingRecorder| {
        let seen = recorder.snapshotter().snapshot().into_vec().into_iter();
        let mut seen: Vec<String> = seen
            .map(|(key, _, _, value)| {
                let (name, labels) = key.key().clone().into_parts();
                let labels: Vec<_> = labels.iter().map(|label| label.value().to_owned()).collect();
                let value = match value {
                    DebugValue::Counter(value) => value.to_string(),
                    DebugValue::Gauge(value) => value.to_string(),
                    DebugValue::Histogram(_) => "histogram".to_owned(),
                };
                format!("{} {} {value}", name.as_str(), labels.join(" "))
            })
            .collect();
        seen.sort();
        seen
    };
    let clock = ManualClock::new();

    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, || {
        current_thread(true).block_on(async {
            let cache = eventful(&clock);
            let mut waiters: Vec<_> = (0..3).map(|_| Box::pin(cache.obtain())).collect();
            for waiter in &mut waiters {
                assert!(poll_once(waiter.as_mut()).await.is_pending());
            }
            assert_eq!(read(&recorder), ["claviger_token_waiters orders 3"]);
            std::thread::scope(|scope| {
                let elsewhere = || {
                    metrics::with_local_recorder(&recorder, || {
                        let mut waiter = Box::pin(cache.obtain());
                        let polled = current_thread(true).block_on(poll_once(waiter.as_mut()));
                        assert!(polled.is_pending());
                        assert_eq!(
                            read(&recorder),
                            ["claviger_token_waiters orders 1"],
                            "one more, elsewhere"
                        );
                    });
                };
                scope.spawn(elsewhere).join().unwrap();
            });
            drop(waiters);
            let first = cache.obtain().await.unwrap().generation();
            clock.advance(Duration::from_secs(6));
            cache.invalidate(first);
            assert!(read(&recorder).contains(&"claviger_token_remaining_seconds orders 0".to_owned()));
        });
    });

    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, || {
        current_thread(true).block_on(go_through(&eventful(&clock), &clock));
    });
    assert_eq!(
        read(&recorder),
        [
            "claviger_token_fetches_total orders CredentialsRefused 1",
            "claviger_token_fetches_total orders ok 2",
            "claviger_token_invalidations_total orders 1",
            "claviger_token_remaining_seconds orders 290",
            "claviger_token_waiters orders 0",
        ]
    );
}

#[tokio::test]
async fn tells_how_it_stands() {
    let clock = ManualClock::new();
    let cache = eventful(&clock);
    assert_eq!(
        cache.state(),
        CacheState { remaining: None, is_fetching: false, pause: None, last_error: None },
        "nothing has happened yet"
    );
    assert!(poll_once(pin!(cache.obtain())).await.is_pending());
    assert!(cache.state().is_fetching);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(6));
    let state = cache.state();
    assert_eq!((state.remaining, state.is_fetching), (Some(Duration::from_secs(284)), false));
    cache.invalidate(first);
    assert_eq!(cache.state().remaining, None);
    cache.obtain().await.unwrap_err();
    clock.advance(Duration::from_secs(1));
    let state = cache.state();
    assert_eq!(state.last_error, Some(ErrorKind::CredentialsRefused));
    assert!((3.0..5.1).contains(&state.pause.unwrap().as_secs_f64()), "{state:?}");
    assert_eq!(state.remaining, Some(Duration::from_secs(283)), "the rejected one came back");
    clock.advance(Duration::from_secs(10));
    assert_eq!((cache.state().pause, cache.state().last_error.is_some()), (None, true));
    clock.advance(Duration::from_secs(300));
    cache.obtain().await.unwrap();
    assert_eq!(cache.state().last_error, None);
}

#[tokio::test]
async fn brings_each_new_token_to_those_who_want_to_know() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    value(&cache).await;
    let mut changes = cache.changes();
    assert!(poll_once(pin!(changes.next())).await.is_pending(), "only what comes after the call");
    for count in 2..4 {
        clock.advance(Duration::from_secs(300));
        value(&cache).await;
        assert_eq!(newest(&mut changes).await.unwrap(), format!("token-{count}"));
    }
    for _ in 4..6 {
        clock.advance(Duration::from_secs(300));
        value(&cache).await;
    }
    assert_eq!(newest(&mut changes).await.unwrap(), "token-5", "who is slow is given the newest");
    settle().await;
    drop(cache);
    assert!(newest(&mut changes).await.is_none());
}

/// What is there at once.
async fn newest(changes: &mut TokenChanges) -> Option<String> {
    let Poll::Ready(token) = poll_once(pin!(changes.next())).await else { panic!("nothing is there") };
    token.map(|token| token.expose_secret().to_owned())
}
