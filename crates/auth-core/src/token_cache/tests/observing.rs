use super::*;

#[tokio::test]
async fn shows_no_token() {
    let source = Source::new(|_| async { AccessToken::bearer(&"swordfish".into()) });
    let cache = TokenCache::new(source);
    assert_eq!(value(&cache).await, "Bearer swordfish", "the secret was there to be found");
    let shown = format!("{cache:?} {:?} {:?}", cache.ready(), cache.token().await);
    assert!(!shown.contains("swordfish"), "{shown}");
}
