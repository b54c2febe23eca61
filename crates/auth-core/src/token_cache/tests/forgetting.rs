//! What a cache does when the secret behind its tokens was replaced.

use super::*;

#[tokio::test]
async fn a_forgotten_token_is_not_used_again_however_young_it_is() {
    let source = Source::steady(Duration::ZERO);
    let cache = TokenCache::new(source.clone());
    assert_eq!(value(&cache).await, "Bearer token-1");
    cache.forget();
    assert!(cache.ready().is_none());
    assert_eq!(value(&cache).await, "Bearer token-2");
}

#[tokio::test]
async fn a_failure_is_forgotten_too() {
    let source =
        Source::new(|count| async move { if count == 1 { Err(refused()) } else { Ok(token(count)) } });
    let cache = cache(&source, &ManualClock::new());
    cache.obtain().await.unwrap_err();
    cache.forget();
    assert_eq!(value(&cache).await, "Bearer token-2");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_under_way_ends_for_those_who_wait_for_it_and_is_not_kept() {
    let source = Source::steady(Duration::from_millis(50));
    let cache = TokenCache::new(source.clone());
    let waiting = tokio::spawn({
        let cache = cache.clone();
        async move { value(&cache).await }
    });
    time::sleep(Duration::from_millis(10)).await;
    cache.forget();
    let (former, next) = tokio::join!(waiting, value(&cache));
    assert_eq!((former.unwrap().as_str(), next.as_str()), ("Bearer token-1", "Bearer token-2"));
    assert_eq!(value(&cache).await, "Bearer token-2");
    assert_eq!(source.fetches(), 2);
}
