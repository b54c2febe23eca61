use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use http::{Request, Response, header::AUTHORIZATION};
use tower::{ServiceExt, buffer::Buffer, limit::ConcurrencyLimit, service_fn, timeout::Timeout};
use tower_test::mock;

use super::*;
use crate::{
    AccessToken, Fetch, ManualClock, Origin, PerRequest, StaticToken, Thumbprint, TokenCache, TokenSource,
    retry_unauthorized::RetryUnauthorizedLayer,
};

mod at_hand;
mod rejections;
mod rotation;

/// Hands out `token-1`, `token-2` …
#[derive(Clone, Default)]
struct Issuer {
    fetches: Arc<AtomicUsize>,
    binding: Option<Thumbprint>,
    failures: usize,
}

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        let count = self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
        if count <= self.failures {
            return Err(Error::new(ErrorKind::Unavailable, "not yet"));
        }
        let token = AccessToken::bearer(&format!("token-{count}").into())?;
        Ok(match self.binding {
            Some(binding) => token.with_binding(binding),
            None => token,
        })
    }
}

/// Remembers the `Authorization` of each request and answers 401 to those on its list.
#[derive(Clone, Default)]
struct Api {
    seen: Arc<Mutex<Vec<Option<String>>>>,
    refuses: Arc<Mutex<Vec<&'static str>>>,
}

impl Api {
    fn seen(&self) -> Vec<Option<String>> {
        mem::take(&mut self.seen.lock().unwrap())
    }

    fn service(
        &self,
    ) -> impl Service<Request<()>, Response = Response<()>, Error = BoxError, Future: Send>
    + Clone
    + Send
    + Sync
    + use<> {
        let api = self.clone();
        service_fn(move |request: Request<()>| {
            let value = request.headers().get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
            let refused = value.as_deref().is_some_and(|value| api.refuses.lock().unwrap().contains(&value));
            api.seen.lock().unwrap().push(value);
            let status = if refused { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
            async move { Ok(Response::builder().status(status).body(()).unwrap()) }
        })
    }
}

fn origin() -> Origin {
    Origin::https("https://api.example").unwrap()
}

fn static_token() -> StaticToken {
    StaticToken::bearer("swordfish".into()).unwrap()
}

fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

fn kind(error: &BoxError) -> ErrorKind {
    Error::find(&**error).unwrap().kind()
}

#[tokio::test]
async fn stamps_a_sensitive_header() {
    let (mock, mut handle) = mock::pair::<Request<()>, Response<()>>();
    let service = AuthorizationLayer::new(static_token(), origin()).layer(mock);
    let answer = tokio::spawn(service.oneshot(get("https://api.example/x")));
    let (request, send) = handle.next_request().await.unwrap();
    assert_eq!(request.headers()[AUTHORIZATION], "Bearer swordfish");
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
    send.send_response(Response::new(()));
    answer.await.unwrap().unwrap();
}

/// The fetch of a token goes over the same limited client as the requests that wait for it.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_holds_nothing_that_the_fetch_needs() {
    #[derive(Clone, Debug)]
    struct Same<S>(S);
    #[async_trait]
    impl<S> TokenSource for Same<S>
    where
        S: Service<Request<()>, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static,
    {
        async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
            let sent = self.0.clone().oneshot(get("https://auth.example/")).await;
            sent.map_err(|_| Error::new(ErrorKind::Connect, "not sent"))?;
            AccessToken::bearer(&"token-1".into())
        }
    }
    let limited = ConcurrencyLimit::new(Api::default().service(), 1);
    let service = AuthorizationLayer::new(TokenCache::new(Same(limited.clone())), origin()).layer(limited);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..3 {
        requests.spawn(service.clone().oneshot(get("https://api.example/")));
    }
    for response in requests.join_all().await {
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn refuses_a_foreign_origin_before_anything_is_fetched_or_sent() {
    let (issuer, api) = (Issuer::default(), Api::default());
    let service = AuthorizationLayer::new(TokenCache::new(issuer.clone()), origin()).layer(api.service());
    for foreign in ["https://evil.example/", "http://api.example/", "/relative"] {
        let error = service.clone().oneshot(get(foreign)).await.unwrap_err();
        assert_eq!(kind(&error), ErrorKind::Origin, "{foreign}");
    }
    assert_eq!((api.seen(), issuer.fetches.load(Ordering::SeqCst)), (vec![], 0));
}

#[tokio::test]
async fn lets_a_foreign_origin_pass_without_when_told_to() {
    let api = Api::default();
    let layer =
        AuthorizationLayer::new(static_token(), origin()).with_foreign_origin(ForeignOrigin::PassWithout);
    layer.layer(api.service()).oneshot(get("https://other.example/")).await.unwrap();
    assert_eq!(api.seen(), [None]);
}

#[tokio::test]
async fn never_keeps_a_callers_own_header() {
    let api = Api::default();
    let layer = AuthorizationLayer::new(static_token(), origin());
    let mut request = get("https://api.example/");
    request.headers_mut().append(AUTHORIZATION, "Bearer mine".parse().unwrap());
    request.headers_mut().append(AUTHORIZATION, "Bearer mine too".parse().unwrap());
    let error = layer.layer(api.service()).oneshot(request.clone()).await.unwrap_err();
    assert_eq!(kind(&error), ErrorKind::Configuration);

    let layer = layer.with_existing_header(ExistingHeader::Replace);
    let (mock, mut handle) = mock::pair::<Request<()>, Response<()>>();
    let answer = tokio::spawn(layer.layer(mock).oneshot(request));
    let (request, send) = handle.next_request().await.unwrap();
    let values: Vec<_> = request.headers().get_all(AUTHORIZATION).iter().collect();
    assert_eq!(values, ["Bearer swordfish"]);
    send.send_response(Response::new(()));
    answer.await.unwrap().unwrap();
}

#[tokio::test]
async fn fetches_nothing_for_a_request_that_is_refused() {
    let issuer = Issuer::default();
    let service =
        AuthorizationLayer::new(TokenCache::new(issuer.clone()), origin()).layer(Api::default().service());
    let mut request = get("https://api.example/");
    request.headers_mut().insert(AUTHORIZATION, "Bearer mine".parse().unwrap());
    let error = service.oneshot(request).await.unwrap_err();
    assert_eq!((kind(&error), issuer.fetches.load(Ordering::SeqCst)), (ErrorKind::Configuration, 0));
}

#[tokio::test]
async fn the_credentials_of_a_request_stand_above_the_layers() {
    let api = Api::default();
    let service = AuthorizationLayer::new(static_token(), origin()).layer(api.service());
    let customer = StaticToken::bearer("customer".into()).unwrap();
    let mut request = get("https://api.example/");
    request.extensions_mut().insert(UseCredentials::new(Arc::new(customer)));
    service.oneshot(request).await.unwrap();
    assert_eq!(api.seen(), [Some("Bearer customer".to_owned())]);
}

#[tokio::test]
async fn a_bound_token_goes_over_its_own_certificate_only() {
    #[derive(Debug)]
    struct Presents(Option<Thumbprint>);
    impl PublishIdentity for Presents {
        fn thumbprint(&self) -> Option<Thumbprint> {
            self.0
        }
    }
    let (own, other) = (Thumbprint::from_sha256([1; 32]), Thumbprint::from_sha256([2; 32]));
    let issuer = Issuer { binding: Some(own), ..Issuer::default() };
    let layer = AuthorizationLayer::new(TokenCache::new(issuer), origin());
    let cases = [
        (layer.clone().with_identity(Presents(Some(own))), None),
        (layer.clone().with_identity(Presents(Some(other))), Some(ErrorKind::ClientCertificate)),
        (layer.clone().with_identity(Presents(None)), Some(ErrorKind::ClientCertificate)),
        (layer, Some(ErrorKind::ClientCertificate)),
    ];
    for (layer, refused) in cases {
        let api = Api::default();
        let result = layer.layer(api.service()).oneshot(get("https://api.example/")).await;
        assert_eq!(result.as_ref().err().map(kind), refused);
        let advice = result.as_ref().err().and_then(|error| Error::find(&**error)).map(Error::advice);
        assert!(advice.is_none_or(|advice| advice.contains("with_identity")), "{advice:?}");
        assert_eq!(api.seen().len(), usize::from(refused.is_none()));
    }
}

/// Rotation: a new certificate makes new tokens, and the old ones are thrown away.
#[tokio::test]
async fn a_changed_certificate_heals() {
    #[derive(Clone, Debug)]
    struct Presents(Arc<Mutex<Thumbprint>>);
    impl PublishIdentity for Presents {
        fn thumbprint(&self) -> Option<Thumbprint> {
            Some(*self.0.lock().unwrap())
        }
    }
    #[async_trait]
    impl TokenSource for Presents {
        async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
            Ok(AccessToken::bearer(&"bound".into())?.with_binding(*self.0.lock().unwrap()))
        }
    }
    let identity = Presents(Arc::new(Mutex::new(Thumbprint::from_sha256([1; 32]))));
    let clock = ManualClock::new();
    let cache = TokenCache::builder(identity.clone()).with_clock(clock.clone()).build();
    let api = Api::default();
    let service =
        AuthorizationLayer::new(cache, origin()).with_identity(identity.clone()).layer(api.service());
    service.clone().oneshot(get("https://api.example/")).await.unwrap();

    clock.advance(Duration::from_secs(60));
    *identity.0.lock().unwrap() = Thumbprint::from_sha256([2; 32]);
    service.oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!(api.seen().len(), 2);
}

#[tokio::test]
async fn a_kept_token_that_was_revoked_is_replaced_for_the_request_that_waited_for_it() {
    #[derive(Debug)]
    struct Kept;
    #[async_trait]
    impl TokenSource for Kept {
        async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
            match why {
                Fetch::Rejected(_) => AccessToken::bearer(&"new".into()),
                Fetch::Cold | Fetch::Early => {
                    Ok(AccessToken::bearer(&"kept".into())?.with_age(Duration::from_secs(3600)))
                }
            }
        }
    }
    let api = Api::default();
    *api.refuses.lock().unwrap() = vec!["Bearer kept"];
    let service = RetryUnauthorizedLayer::cloned()
        .layer(AuthorizationLayer::new(TokenCache::new(Kept), origin()).layer(api.service()));
    let response = service.oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(api.seen(), [Some("Bearer kept".to_owned()), Some("Bearer new".to_owned())]);
}

#[tokio::test]
async fn without_credentials_of_its_own_a_request_is_refused() {
    let api = Api::default();
    let service = AuthorizationLayer::new(PerRequest, origin()).layer(api.service());
    let error = service.clone().oneshot(get("https://api.example/")).await.unwrap_err();
    assert_eq!(kind(&error), ErrorKind::Configuration);
    let mut request = get("https://api.example/");
    request.extensions_mut().insert(UseCredentials::new(Arc::new(static_token())));
    service.oneshot(request).await.unwrap();
    assert_eq!(api.seen(), [Some("Bearer swordfish".to_owned())]);
}

#[tokio::test]
async fn nests_between_timeouts_and_survives_a_failed_fetch_behind_a_buffer() {
    let (issuer, api) = (Issuer { failures: 1, ..Issuer::default() }, Api::default());
    let inner = Timeout::new(api.service(), Duration::from_secs(1));
    let clock = ManualClock::new();
    let cache = TokenCache::builder(issuer).with_clock(clock.clone()).build();
    let stack = AuthorizationLayer::new(cache, origin()).layer(inner);
    let service = Buffer::new(Timeout::new(stack, Duration::from_secs(1)), 1);
    let error = service.clone().oneshot(get("https://api.example/")).await.unwrap_err();
    assert_eq!(kind(&error), ErrorKind::Unavailable);
    clock.advance(Duration::from_secs(2));
    service.oneshot(get("https://api.example/")).await.unwrap();
}

#[tokio::test]
async fn shows_no_secret() {
    let api = Api::default();
    let layer = AuthorizationLayer::new(static_token(), origin());
    let service = layer.layer(());
    let shown = format!("{layer:?} {service:?}");
    layer.layer(api.service()).oneshot(get("https://api.example/")).await.unwrap();
    assert_eq!(api.seen(), [Some("Bearer swordfish".to_owned())], "the secret was there to be found");
    assert!(!shown.contains("swordfish"), "{shown}");
}

/// No `Send` bound is asked for, and `Send` is kept where the parts have it.
#[tokio::test]
async fn serves_bodies_that_cannot_cross_threads() {
    let inner = service_fn(|_: Request<std::rc::Rc<()>>| async { Ok::<_, BoxError>(Response::new(())) });
    let service = AuthorizationLayer::new(TokenCache::new(Issuer::default()), origin()).layer(inner);
    let request = Request::get("https://api.example/").body(std::rc::Rc::new(())).unwrap();
    service.oneshot(request).await.unwrap();

    fn is_send<T: Send>(_: &T) {}
    let service = AuthorizationLayer::new(static_token(), origin()).layer(Api::default().service());
    is_send(&service.oneshot(get("https://api.example/")));
}
