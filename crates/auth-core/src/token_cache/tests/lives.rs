//! When a token ends, and what a ready one costs.

use super::*;

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

#[test]
fn threads_never_get_a_token_past_its_end_while_time_goes_on() {
    let clock = ManualClock::new();
    let ends = Arc::new(Mutex::new(Vec::new()));
    let source = {
        let (clock, ends) = (clock.clone(), Arc::clone(&ends));
        Source::new(move |count| {
            let mut ends = ends.lock().unwrap();
            assert_eq!(ends.len() + 1, count);
            ends.push(clock.monotonic() + Duration::from_secs(10));
            async move { Ok(token(count).with_expires_in(Duration::from_secs(10))) }
        })
    };
    let cache = cache(&source, &clock);
    let runtime = runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut callers = JoinSet::new();
        for _ in 0..16 {
            let (cache, clock, ends) = (cache.clone(), clock.clone(), Arc::clone(&ends));
            callers.spawn(async move {
                for _ in 0..200 {
                    let before = clock.monotonic();
                    let token = cache.token().await.unwrap();
                    let number: usize = token.expose_secret().trim_start_matches("token-").parse().unwrap();
                    assert!(before < ends.lock().unwrap()[number - 1], "{number}");
                    clock.advance(Duration::from_millis(100));
                }
            });
        }
        callers.join_all().await;
    });
    assert!(source.fetches() > 16);
}

#[tokio::test]
async fn a_ready_token_takes_no_lock_and_no_allocation() {
    let cache = TokenCache::new(Source::steady(Duration::ZERO));
    value(&cache).await;
    cache.ready().unwrap();
    let held = cache.shared.lock();
    let used = allocation_counter::measure(|| assert!(cache.ready().is_some()));
    drop(held);
    assert_eq!(used.count_total, 0);
    let control = allocation_counter::measure(|| drop(Box::new(1)));
    assert_eq!(control.count_total, 1, "allocations are counted");
}
