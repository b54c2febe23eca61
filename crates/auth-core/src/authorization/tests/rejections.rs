//! What becomes of a credential that an API rejects.

use super::*;
use crate::{Credential, Generation};

#[tokio::test]
async fn replays_once_with_another_token() {
    let (issuer, api, clock) = (Issuer::default(), Api::default(), ManualClock::new());
    let cache = TokenCache::builder(issuer.clone()).with_clock(clock.clone()).build();
    let service = RetryUnauthorizedLayer::cloned()
        .layer(AuthorizationLayer::new(cache.clone(), origin()).layer(api.service()));
    service.clone().oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!(api.seen(), [Some("Bearer token-1".to_owned())]);

    clock.advance(Duration::from_secs(6));
    *api.refuses.lock().unwrap() = vec!["Bearer token-1"];
    let response = service.clone().oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(api.seen(), [Some("Bearer token-1".to_owned()), Some("Bearer token-2".to_owned())]);

    clock.advance(Duration::from_secs(60));
    *api.refuses.lock().unwrap() = vec!["Bearer token-2", "Bearer token-3"];
    let response = service.oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "the second 401 is passed on");
    assert_eq!(api.seen().len(), 2);
    assert_eq!(issuer.fetches.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_token_fetched_for_this_request_is_not_tried_twice() {
    let (issuer, api, clock) = (Issuer::default(), Api::default(), ManualClock::new());
    *api.refuses.lock().unwrap() = vec!["Bearer token-1"];
    // With no spacing at all, only the layer's own rule is left.
    let cache = TokenCache::builder(issuer).with_clock(clock).with_spacing(Duration::ZERO).build();
    let service =
        RetryUnauthorizedLayer::cloned().layer(AuthorizationLayer::new(cache, origin()).layer(api.service()));
    let response = service.oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(api.seen().len(), 1);
}

#[tokio::test]
async fn a_token_that_is_kept_in_spite_of_its_rejection_is_not_tried_twice() {
    let (api, cache) = (Api::default(), TokenCache::builder(Issuer::default()));
    let cache = cache.with_clock(ManualClock::new()).build();
    cache.obtain().await.unwrap();
    *api.refuses.lock().unwrap() = vec!["Bearer token-1"];
    let service = RetryUnauthorizedLayer::cloned()
        .layer(AuthorizationLayer::new(cache.clone(), origin()).layer(api.service()));
    let response = service.oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!((response.status(), api.seen().len()), (StatusCode::UNAUTHORIZED, 1));
    assert!(cache.ready().is_some(), "it is too young for another to be asked for");
}

#[tokio::test]
async fn a_static_token_is_never_sent_twice() {
    let api = Api::default();
    *api.refuses.lock().unwrap() = vec!["Bearer swordfish"];
    let service = RetryUnauthorizedLayer::cloned()
        .layer(AuthorizationLayer::new(static_token(), origin()).layer(api.service()));
    let mut response = service.oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!((response.status(), api.seen().len()), (StatusCode::UNAUTHORIZED, 1));
    assert!(response.extensions_mut().get::<CredentialSuperseded>().is_none());
}

#[tokio::test]
async fn forty_rejections_at_once_cost_one_fetch() {
    let (issuer, api, clock) = (Issuer::default(), Api::default(), ManualClock::new());
    let cache = TokenCache::builder(issuer.clone()).with_clock(clock.clone()).build();
    let service =
        RetryUnauthorizedLayer::cloned().layer(AuthorizationLayer::new(cache, origin()).layer(api.service()));
    service.clone().oneshot(get("https://api.example/")).await.unwrap();
    clock.advance(Duration::from_secs(6));
    *api.refuses.lock().unwrap() = vec!["Bearer token-1"];
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..40 {
        requests.spawn(service.clone().oneshot(get("https://api.example/")));
    }
    for response in requests.join_all().await {
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(issuer.fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_caller_says_what_a_rejection_is() {
    let (api, clock) = (Api::default(), ManualClock::new());
    let cache = TokenCache::builder(Issuer::default()).with_clock(clock.clone()).build();
    cache.obtain().await.unwrap();
    clock.advance(Duration::from_secs(6));
    let layer = AuthorizationLayer::new(cache.clone(), origin())
        .with_rejection(|status, headers| status == StatusCode::OK && headers.is_empty());
    let mut response = layer.layer(api.service()).oneshot(get("https://api.example/")).await.unwrap();
    assert!(response.extensions_mut().get::<CredentialSuperseded>().is_some());
    assert!(cache.ready().is_none());
}

#[tokio::test]
async fn a_rejection_after_the_head_is_held_against_the_credential_that_was_used() {
    let (issuer, api) = (Issuer::default(), Api::default());
    let cache = TokenCache::builder(issuer.clone()).with_spacing(Duration::ZERO).build();
    let layer = AuthorizationLayer::new(cache.clone(), origin());
    let watched = || {
        let watch = WatchCredential::new();
        let mut request = get("https://api.example/");
        request.extensions_mut().insert(watch.clone());
        (watch, request)
    };
    // The first waits for its token, the second finds it.
    let (slow, request) = watched();
    layer.layer(api.service()).oneshot(request).await.unwrap();
    let (fast, request) = watched();
    layer.layer(api.service()).oneshot(request).await.unwrap();
    assert!(cache.ready().is_some(), "nobody rejected it yet");
    fast.reject();
    assert!(cache.ready().is_none());
    layer.layer(api.service()).oneshot(get("https://api.example/")).await.unwrap();
    slow.reject();
    assert!(cache.ready().is_some(), "it was another that the first was sent with");
    assert_eq!(issuer.fetches.load(Ordering::SeqCst), 2);

    let (foreign, mut request) = watched();
    *request.uri_mut() = "https://evil.example/".parse().unwrap();
    let layer = layer.with_foreign_origin(ForeignOrigin::PassWithout);
    layer.layer(api.service()).oneshot(request).await.unwrap();
    foreign.reject();
    assert!(cache.ready().is_some(), "it was stamped with none");

    let own = TokenCache::builder(issuer).with_spacing(Duration::ZERO).build();
    let (watch, mut request) = watched();
    request.extensions_mut().insert(UseCredentials::new(Arc::new(own.clone())));
    layer.layer(api.service()).oneshot(request).await.unwrap();
    watch.reject();
    assert!(own.ready().is_none() && cache.ready().is_some(), "it was the customer's own");
}

#[tokio::test]
async fn a_late_rejection_reaches_the_cache_though_the_service_is_gone_and_nobody_if_the_cache_is() {
    for is_cache_gone in [false, true] {
        let clock = ManualClock::new();
        let cache = TokenCache::builder(Issuer::default()).with_clock(clock.clone()).build();
        cache.obtain().await.unwrap();
        clock.advance(Duration::from_secs(6));
        let (mock, mut handle) = mock::pair::<Request<()>, Response<()>>();
        let service = AuthorizationLayer::new(cache.clone(), origin()).layer(mock);
        let answer = tokio::spawn(service.oneshot(get("https://api.example/")));
        let (_, send) = handle.next_request().await.unwrap();
        let cache = (!is_cache_gone).then_some(cache);
        send.send_response(Response::builder().status(401).body(()).unwrap());
        let mut response = answer.await.unwrap().unwrap();
        let mark = response.extensions_mut().get::<CredentialSuperseded>();
        assert_eq!(mark.is_some(), !is_cache_gone);
        assert!(cache.is_none_or(|cache| cache.ready().is_none()));
    }
}

/// Has a cache's credentials, and counts the rejections itself.
#[derive(Clone, Debug)]
struct Counting {
    cache: TokenCache<Issuer>,
    rejections: Arc<AtomicUsize>,
}

#[async_trait]
impl CredentialSource for Counting {
    fn ready(&self) -> Option<Credential> {
        self.cache.ready()
    }

    async fn obtain(&self) -> Result<Credential, Error> {
        self.cache.obtain().await
    }

    fn generation(&self) -> Option<Generation> {
        self.cache.generation()
    }

    fn invalidate(&self, generation: Generation) {
        self.rejections.fetch_add(1, Ordering::SeqCst);
        self.cache.invalidate(generation);
    }
}

#[tokio::test]
async fn who_wraps_a_cache_is_told_of_rejections_and_so_is_the_source_that_a_request_names() {
    let api = Api::default();
    let cache = TokenCache::builder(Issuer::default()).with_spacing(Duration::ZERO).build();
    let source = Counting { cache, rejections: Arc::default() };
    let own = AuthorizationLayer::new(source.clone(), origin()).layer(api.service());
    let others = TokenCache::new(Issuer::default());
    others.obtain().await.unwrap();
    let given = AuthorizationLayer::new(others.clone(), origin()).layer(api.service());
    let mut named = get("https://api.example/");
    named.extensions_mut().insert(UseCredentials::new(Arc::new(source.clone())));
    *api.refuses.lock().unwrap() = vec!["Bearer token-1", "Bearer token-2"];

    source.cache.obtain().await.unwrap();
    let mut response = own.oneshot(get("https://api.example/")).await.unwrap();
    assert!(response.extensions_mut().get::<CredentialSuperseded>().is_some());
    assert_eq!((source.rejections.load(Ordering::SeqCst), source.cache.ready().is_none()), (1, true));

    source.cache.obtain().await.unwrap();
    let mut response = given.oneshot(named).await.unwrap();
    assert!(response.extensions_mut().get::<CredentialSuperseded>().is_some());
    assert_eq!((source.rejections.load(Ordering::SeqCst), source.cache.ready().is_none()), (2, true));
    assert!(others.ready().is_some(), "the layer's own was not used");
}
