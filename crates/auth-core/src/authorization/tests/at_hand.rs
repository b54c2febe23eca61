//! A service that is used again has a copy of the credential: what that costs, and that it is never stale.

use super::*;
use crate::Clock;

/// Remembers where in memory each header was, and what it said.
#[derive(Clone, Default)]
struct Noop {
    seen: Arc<Mutex<Vec<(usize, String)>>>,
}

impl Service<Request<()>> for Noop {
    type Response = Response<()>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<()>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        if let Ok(mut seen) = self.seen.try_lock()
            && seen.capacity() > seen.len()
        {
            let value = &request.headers()[AUTHORIZATION];
            seen.push((value.as_bytes().as_ptr() as usize, value.to_str().unwrap().to_owned()));
        }
        std::future::ready(Ok(Response::new(())))
    }
}

impl Noop {
    fn remembering() -> Self {
        Self { seen: Arc::new(Mutex::new(Vec::with_capacity(100))) }
    }

    fn last(&self) -> (usize, String) {
        self.seen.lock().unwrap().last().unwrap().clone()
    }
}

fn request() -> Request<()> {
    let mut request = get("https://api.example/");
    request.headers_mut().reserve(2);
    request
}

/// A service over a cache that has a token, and the cache.
async fn warm(
    noop: &Noop,
    clock: &ManualClock,
) -> (Authorization<Noop, TokenCache<Issuer>>, TokenCache<Issuer>) {
    let cache = TokenCache::builder(Issuer::default()).with_clock(clock.clone()).build();
    cache.obtain().await.unwrap();
    (AuthorizationLayer::new(cache.clone(), origin()).layer(noop.clone()), cache)
}

/// Asserts that a service which is used again and again, or cloned for each request, allocates nothing.
fn assert_allocates_nothing<T: CredentialSource + Clone + 'static>(mut service: Authorization<Noop, T>) {
    let count = |service: &mut Authorization<_, _>| {
        let request = request();
        allocation_counter::measure(|| {
            let answer = std::pin::pin!(service.call(request));
            assert!(answer.poll(&mut Context::from_waker(std::task::Waker::noop())).is_ready());
        })
        .count_total
    };
    // The first use of a thread sets up the list of its readers; the second takes the copy.
    assert!(count(&mut service) + count(&mut service) > 0, "it counts nothing");
    assert_eq!(count(&mut service), 0, "again and again");
    let mut clone = service.clone();
    assert_eq!(count(&mut clone), 0, "a clone for each request");
    assert_eq!(count(&mut service), 0, "and the other goes on");
}

#[tokio::test]
async fn a_request_whose_token_is_at_hand_costs_no_allocation() {
    assert_allocates_nothing(warm(&Noop::default(), &ManualClock::new()).await.0);
}

#[tokio::test]
async fn a_source_without_a_number_costs_no_allocation_either() {
    assert_allocates_nothing(AuthorizationLayer::new(static_token(), origin()).layer(Noop::default()));
}

#[tokio::test]
async fn who_is_used_again_counts_alone_and_a_clone_for_each_request_copies_nothing() {
    let noop = Noop::remembering();
    let (mut service, _cache) = warm(&noop, &ManualClock::new()).await;
    let where_of = async |service: &mut Authorization<_, _>| {
        service.call(request()).await.unwrap();
        noop.last().0
    };
    let shared = where_of(&mut service).await;
    assert_eq!(where_of(&mut service.clone()).await, shared);
    let own = where_of(&mut service).await;
    assert_ne!(own, shared);
    assert_eq!(where_of(&mut service).await, own);
    assert_eq!(where_of(&mut service.clone()).await, shared, "a clone begins anew");
    let mut other = service.clone();
    where_of(&mut other).await;
    let others = where_of(&mut other).await;
    assert!(others != own && others != shared);
}

#[tokio::test]
async fn a_copy_is_not_stamped_once_its_token_was_rejected_or_forgotten_or_has_ended() {
    let (noop, clock) = (Noop::remembering(), ManualClock::new());
    let (mut service, cache) = warm(&noop, &clock).await;
    let mut next = async || {
        for _ in 0..3 {
            service.call(request()).await.unwrap();
        }
        noop.last().1
    };
    assert_eq!(next().await, "Bearer token-1");
    clock.advance(Duration::from_secs(6)); // above the spacing
    cache.invalidate(cache.generation().unwrap());
    assert_eq!(next().await, "Bearer token-2");
    cache.forget();
    assert_eq!(next().await, "Bearer token-3");
    clock.advance(Duration::from_secs(301));
    assert_eq!(next().await, "Bearer token-4");
    clock.set_wall(clock.wall() + Duration::from_secs(301));
    assert_eq!(next().await, "Bearer token-5");
}

#[tokio::test(start_paused = true)]
async fn who_has_a_copy_has_the_next_token_fetched_ahead() {
    let (noop, clock) = (Noop::remembering(), ManualClock::new());
    let (mut service, cache) = warm(&noop, &clock).await;
    for _ in 0..3 {
        service.call(request()).await.unwrap();
    }
    let mut changes = cache.changes();
    clock.advance(Duration::from_secs(280)); // due, and not ended
    service.call(request()).await.unwrap();
    assert_eq!(noop.last().1, "Bearer token-1", "it goes on with the one that is good");
    tokio::time::timeout(Duration::from_secs(1), changes.next()).await.unwrap().unwrap();
    service.call(request()).await.unwrap();
    assert_eq!(noop.last().1, "Bearer token-2");
}
