//! One fetch for everybody, whoever comes and goes.

use super::*;

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

#[tokio::test(start_paused = true)]
async fn whoever_began_the_fetch_may_leave() {
    let source = Source::steady(Duration::from_millis(300));
    let cache = TokenCache::new(source.clone());
    let begun = time::Instant::now();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { value(&cache).await }
    });
    time::sleep(Duration::from_millis(30)).await;
    let mut others = JoinSet::new();
    for _ in 0..100 {
        let cache = cache.clone();
        others.spawn(async move { value(&cache).await });
    }
    time::sleep(Duration::from_millis(70)).await;
    leader.abort();
    assert!(others.join_all().await.iter().all(|value| value == "Bearer token-1"));
    assert!(begun.elapsed() < Duration::from_millis(310), "{:?}", begun.elapsed());
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_cache_that_hangs_does_not_hold_up_another() {
    let hangs = TokenCache::new(first_hangs());
    let other = TokenCache::new(Source::steady(Duration::ZERO));
    value(&other).await;
    assert!(poll_once(pin!(hangs.obtain())).await.is_pending());
    settle().await;
    assert!(poll_once(pin!(other.obtain())).await.is_ready());
}

#[tokio::test]
async fn a_thousand_tokens_later_one_is_kept() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    let mut seen = Vec::new();
    for round in 0..1_000 {
        cache.obtain().await.unwrap();
        let entry = cache.shared.landed().borrow().clone().unwrap();
        if round % 2 == 0 {
            cache.invalidate(entry.credential().generation());
        }
        seen.push(Arc::downgrade(&entry));
        clock.advance(Duration::from_secs(301));
    }
    assert_eq!(source.fetches(), 1_000);
    assert!(seen.iter().filter(|entry| entry.upgrade().is_some()).count() <= 2);
}

#[tokio::test]
async fn nothing_is_left_after_the_last_handle() {
    let source = Source::steady(Duration::ZERO);
    let cache = TokenCache::new(source.clone());
    value(&cache).await;
    settle().await;
    assert_eq!(Arc::strong_count(&source.fetches), 2);
    drop(cache);
    assert_eq!(Arc::strong_count(&source.fetches), 1, "no task, no timer holds on to it");
}
