//! What a 401 does, and to which token.

use super::*;

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
    assert_eq!(source.whys(), ["cold", "rejected token-1"], "the source is told what was rejected");

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
    assert_eq!(source.whys(), ["cold", "rejected token-1", "rejected token-1"]);
}

#[tokio::test]
async fn a_token_that_came_back_is_rejected_again_as_soon_as_a_fetch_may_be_tried() {
    let source = Source::new(|count| async move {
        if (2..6).contains(&count) { Err(refused()) } else { Ok(token(count)) }
    });
    let clock = ManualClock::new();
    let cache = TokenCache::builder(source.clone())
        .with_clock(clock.clone())
        .with_default_life(Duration::from_secs(86_400))
        .build();
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(6));
    for fetches in 2..6 {
        cache.invalidate(first);
        cache.obtain().await.unwrap_err();
        assert_eq!(source.fetches(), fetches);
        assert_eq!(cache.generation(), Some(first));
        clock.advance(AFTER_FAILURE);
    }
    cache.invalidate(first);
    assert_eq!(value(&cache).await, "Bearer token-6");
    clock.advance(Duration::from_secs(10));
    cache.invalidate(cache.generation().unwrap());
    assert_eq!(cache.generation(), None, "it was one rejection: the next is held for 10 s, not for 160");
}

#[tokio::test]
async fn a_token_that_came_back_needs_not_be_older_still() {
    let source =
        Source::new(|count| async move { if count == 3 { Err(refused()) } else { Ok(token(count)) } });
    let clock = ManualClock::new();
    let cache = cache(&source, &clock);
    for spacing in [5, 10] {
        let generation = cache.obtain().await.unwrap().generation();
        clock.advance(Duration::from_secs(spacing));
        cache.invalidate(generation);
    }
    cache.obtain().await.unwrap_err();
    clock.advance(Duration::from_secs(6));
    cache.invalidate(cache.generation().unwrap());
    assert_eq!(value(&cache).await, "Bearer token-4", "16 s old, where the next would have to be 20 s");
}

#[tokio::test]
async fn a_late_rejection_of_a_token_that_has_ended_counts_for_nothing() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(300));
    cache.invalidate(first);
    let second = cache.obtain().await.unwrap().generation();
    clock.advance(Duration::from_secs(5));
    cache.invalidate(second);
    assert_eq!(cache.generation(), None, "5 s will do, not 10");
    assert_eq!(source.whys(), ["cold", "cold"]);
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
