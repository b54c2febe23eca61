//! Another client certificate, while there are tokens and requests.

use tokio::{sync::Semaphore, task::JoinSet};

use super::*;

/// Presents a certificate, and issues tokens that are bound to the one presented when they were asked for.
#[derive(Clone, Debug)]
struct Desk {
    presented: Arc<Mutex<Thumbprint>>,
    fetches: Arc<AtomicUsize>,
    /// One permit lets one fetch come to its end.
    gate: Arc<Semaphore>,
}

impl Desk {
    fn new() -> Self {
        Self {
            presented: Arc::new(Mutex::new(certificate(1))),
            fetches: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        }
    }

    fn present(&self, number: u8) {
        *self.presented.lock().unwrap() = certificate(number);
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl PublishIdentity for Desk {
    fn thumbprint(&self) -> Option<Thumbprint> {
        Some(*self.presented.lock().unwrap())
    }
}

#[async_trait]
impl TokenSource for Desk {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        let (bound, count) =
            (*self.presented.lock().unwrap(), self.fetches.fetch_add(1, Ordering::SeqCst) + 1);
        self.gate.acquire().await.unwrap().forget();
        Ok(AccessToken::bearer(&format!("token-{count}").into())?.with_binding(bound))
    }
}

fn certificate(number: u8) -> Thumbprint {
    Thumbprint::from_sha256([number; 32])
}

#[tokio::test]
async fn a_token_is_replaced_however_young_it_is() {
    let (desk, api, clock) = (Desk::new(), Api::default(), ManualClock::new());
    let cache = TokenCache::builder(desk.clone()).with_clock(clock).build();
    let service = AuthorizationLayer::new(cache, origin()).with_identity(desk.clone()).layer(api.service());
    for number in [1, 2, 3, 2, 3] {
        desk.present(number);
        service.clone().oneshot(get("https://api.example/")).await.unwrap();
    }
    let seen = api.seen();
    let tokens: Vec<_> = seen.iter().map(|seen| seen.as_deref().unwrap()).collect();
    assert_eq!(
        tokens,
        ["Bearer token-1", "Bearer token-2", "Bearer token-3", "Bearer token-4", "Bearer token-5"]
    );
}

#[tokio::test]
async fn a_service_with_a_copy_of_the_token_does_not_send_it_over_another_certificate() {
    let (desk, api, clock) = (Desk::new(), Api::default(), ManualClock::new());
    let cache = TokenCache::builder(desk.clone()).with_clock(clock).build();
    let layer = AuthorizationLayer::new(cache, origin()).with_identity(desk.clone());
    let mut service = layer.layer(api.service());
    for number in [1, 2] {
        desk.present(number);
        for _ in 0..4 {
            service.ready().await.unwrap().call(get("https://api.example/")).await.unwrap();
        }
        let expected = Some(format!("Bearer token-{number}"));
        assert_eq!(api.seen(), vec![expected; 4]);
    }
}

#[tokio::test]
async fn those_who_wait_for_a_token_while_the_certificate_changes_get_another() {
    let desk = Desk { gate: Arc::new(Semaphore::new(0)), ..Desk::new() };
    let api = Api::default();
    let cache = TokenCache::new(desk.clone());
    let service = AuthorizationLayer::new(cache, origin()).with_identity(desk.clone()).layer(api.service());
    let mut requests = JoinSet::new();
    let mut send = || requests.spawn(service.clone().oneshot(get("https://api.example/")));
    (0..10).for_each(|_| drop(send()));
    while desk.fetches() == 0 {
        tokio::task::yield_now().await;
    }
    desk.present(2);
    (0..10).for_each(|_| drop(send()));
    desk.gate.add_permits(2);
    while let Some(result) = requests.join_next().await {
        result.unwrap().unwrap();
    }
    assert_eq!(desk.fetches(), 2, "one for each certificate");
    assert!(api.seen().iter().all(|seen| seen.as_deref() == Some("Bearer token-2")), "{:?}", api.seen());
}

#[tokio::test]
async fn a_certificate_that_tokens_are_never_bound_to_costs_one_more_token_in_all() {
    let (api, clock) = (Api::default(), ManualClock::new());
    let issuer = Issuer { binding: Some(certificate(1)), ..Issuer::default() };
    let cache = TokenCache::builder(issuer.clone()).with_clock(clock).build();
    let desk = Desk::new();
    desk.present(2);
    let service = AuthorizationLayer::new(cache, origin()).with_identity(desk).layer(api.service());
    for _ in 0..10 {
        let error = service.clone().oneshot(get("https://api.example/")).await.unwrap_err();
        assert_eq!(kind(&error), ErrorKind::ClientCertificate);
    }
    assert_eq!((issuer.fetches.load(Ordering::SeqCst), api.seen().len()), (2, 0));
}
