//! What becomes of a fetch that fails.

use super::*;

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

#[tokio::test(start_paused = true)]
async fn all_who_wait_are_given_the_very_same_error() {
    let source = Source::new(|_| async {
        time::sleep(Duration::from_millis(50)).await;
        Err(refused().with_source(fmt::Error))
    });
    let cache = TokenCache::new(source.clone());
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let cache = cache.clone();
        callers.spawn(async move { cache.obtain().await.unwrap_err() });
    }
    let errors = callers.join_all().await;
    let cause = |error: &Error| std::ptr::from_ref(std::error::Error::source(error).unwrap()).cast::<()>();
    assert!(errors.iter().all(|error| cause(error) == cause(&errors[0])));
    assert_eq!(cause(&cache.obtain().await.unwrap_err()), cause(&errors[0]), "and so is whoever comes later");
    assert_eq!(source.fetches(), 1);
}
