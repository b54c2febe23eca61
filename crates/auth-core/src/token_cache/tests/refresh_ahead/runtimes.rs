//! Fetches ahead, and runtimes that are not there, end or idle; and a result that comes late.

use super::*;

#[test]
fn outside_a_runtime_the_token_is_used_on_and_nothing_else_happens() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    let runtime = current_thread(true);
    runtime.block_on(value(&cache));
    clock.advance(DUE);
    for _ in 0..10 {
        assert_eq!(cache.ready().unwrap().value(), "Bearer token-1");
    }
    assert_eq!(source.fetches(), 1);
    runtime.block_on(ready(&cache));
    assert_eq!(source.fetches(), 2, "the next request on a runtime begins it");
}

#[test]
fn a_late_older_result_never_overwrites_a_newer_token() {
    let go = Arc::new(Notify::new());
    let (source, clock) = (held(&go), ManualClock::new());
    let cache = cache(&source, &clock);
    let idle = current_thread(true);
    idle.block_on(async {
        value(&cache).await;
        clock.advance(DUE);
        ready(&cache).await;
    });
    // It is driven no longer, and its token ends: another runtime goes on alone.
    clock.advance(Duration::from_secs(300));
    go.notify_one();
    current_thread(true).block_on(async {
        go.notify_one();
        assert_eq!(value(&cache).await, "Bearer token-3");
    });
    assert_eq!(source.fetches(), 3);
    go.notify_one();
    idle.block_on(settle());
    assert_eq!(idle.block_on(value(&cache)), "Bearer token-3");
}

#[test]
fn an_early_fetch_on_an_idle_runtime_is_begun_anew_while_the_token_is_good() {
    let go = Arc::new(Notify::new());
    let source = held(&go);
    let clock = ManualClock::new();
    let cache = TokenCache::builder(source.clone())
        .with_clock(clock.clone())
        .with_fetch_deadline(Duration::from_secs(8))
        .build();
    let (idle, awake) = (current_thread(true), current_thread(true));
    idle.block_on(value(&cache));
    clock.advance(DUE);
    idle.block_on(async { assert!(cache.ready().is_some()) });
    for _ in 0..9 {
        clock.advance(Duration::from_secs(1));
        awake.block_on(ready(&cache));
        assert_eq!(source.fetches(), 1, "it may still come");
    }
    clock.advance(Duration::from_secs(1));
    awake.block_on(ready(&cache));
    assert_eq!(source.whys(), ["cold", "early"]);
}

#[test]
fn an_early_fetch_whose_runtime_ended_is_begun_anew_after_a_second() {
    let go = Arc::new(Notify::new());
    let (source, clock) = (held(&go), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = current_thread(true);
    first.block_on(value(&cache));
    clock.advance(DUE);
    first.block_on(ready(&cache));
    drop(first);
    assert_eq!(source.fetches(), 2);
    let second = current_thread(true);
    second.block_on(async {
        for (after, fetches) in [(0, 2), (999, 2), (1, 3)] {
            clock.advance(Duration::from_millis(after));
            assert_eq!(ready(&cache).await.unwrap(), "Bearer token-1");
            assert_eq!(source.fetches(), fetches);
        }
    });
}
