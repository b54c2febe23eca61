//! A million requests, with all that can go wrong: no request fails that need not have.

use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use tower_layer::Layer;
use tower_service::Service;

use super::*;
use crate::{
    BoxError, Origin, authorization::AuthorizationLayer, retry_unauthorized::RetryUnauthorizedLayer,
};

const REQUESTS: usize = 1_000_000;
const LIFE: Duration = Duration::from_secs(60);
/// So long that the count of rejections begins anew: what is young is then at most 10 s old.
const BETWEEN_REVOCATIONS: Duration = Duration::from_secs(300);
const TICK: Duration = Duration::from_millis(10);

/// Draws the same numbers each time.
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    fn one_in(&mut self, count: u64) -> bool {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(count)
    }
}

/// Takes every token but those that were revoked.
#[derive(Clone, Default)]
struct Api {
    oldest_good: Arc<AtomicUsize>,
}

impl Api {
    fn takes(&self, header: &str) -> bool {
        number(header) >= self.oldest_good.load(Ordering::Relaxed)
    }
}

fn number(header: &str) -> usize {
    header.trim_start_matches("Bearer token-").parse().unwrap()
}

impl Service<Request<()>> for Api {
    type Response = Response<()>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<()>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let is_good = self.takes(request.headers()[AUTHORIZATION].to_str().unwrap());
        let status = if is_good { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        let mut response = Response::new(());
        *response.status_mut() = status;
        std::future::ready(Ok(response))
    }
}

/// Takes a while, and fails one time in three.
fn moody() -> Source {
    let chance = Arc::new(Mutex::new(Chance(1)));
    Source::new(move |count| {
        let fails = chance.lock().unwrap().one_in(3);
        async move {
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            let down = Error::new(ErrorKind::Unavailable, "down");
            if fails { Err(down) } else { Ok(token(count).with_expires_in(LIFE)) }
        }
    })
}

/// Whether a request may fail: only where there was no token that the API takes, and none could be had.
#[derive(Debug, Default)]
struct Tally {
    served: usize,
    cancelled: usize,
    waited: usize,
    failed: usize,
    rejected: usize,
}

#[tokio::test(start_paused = true)]
async fn of_a_million_requests_none_fails_that_need_not_have() {
    let (source, clock, api) = (moody(), ManualClock::new(), Api::default());
    let cache = cache(&source, &clock);
    let layer = AuthorizationLayer::new(cache.clone(), Origin::https("https://api.example").unwrap());
    let mut service = RetryUnauthorizedLayer::cloned().layer(layer.layer(api.clone()));
    let (mut chance, mut tally) = (Chance(2), Tally::default());
    let (mut waiting, mut revoked) = (Vec::new(), clock.monotonic());
    for count in 0..REQUESTS {
        clock.advance(TICK);
        if chance.one_in(1_000) {
            clock.advance(Duration::from_secs(if chance.one_in(5) { 90 } else { 3 }));
        }
        if chance.one_in(2_000) && clock.monotonic() > revoked + BETWEEN_REVOCATIONS {
            // Whatever was handed out is worth nothing any more.
            revoked = clock.monotonic();
            api.oldest_good.store(source.fetches() + 1, Ordering::Relaxed);
        }
        let held = cache.ready();
        let was_good = held.is_some_and(|held| api.takes(held.value().to_str().unwrap()));
        let request = Request::get("https://api.example/").body(()).unwrap();
        let mut answer = Box::pin(service.call(request));
        match poll_once(answer.as_mut()).await {
            Poll::Ready(result) => judge(&result, was_good, &cache, &mut tally),
            Poll::Pending => {
                assert!(!was_good, "nobody waits who has a token");
                if chance.one_in(4) { tally.cancelled += 1 } else { waiting.push(answer) }
            }
        }
        if count % 20 == 0 {
            settle().await;
            for mut answer in waiting.drain(..) {
                let Poll::Ready(result) = poll_once(answer.as_mut()).await else { panic!("left waiting") };
                tally.waited += 1;
                judge(&result, false, &cache, &mut tally);
            }
        }
    }
    assert_eq!(tally.served + tally.failed + tally.rejected + tally.cancelled + waiting.len(), REQUESTS);
    // All that can happen did, and hardly any of it was seen by a caller.
    assert!(tally.cancelled > 0 && tally.waited > 100 && source.fetches() > 100, "{tally:?}");
    assert!(tally.served > REQUESTS / 100 * 95, "{tally:?}");
}

fn judge(
    result: &Result<Response<()>, BoxError>,
    was_good: bool,
    cache: &TokenCache<Source>,
    tally: &mut Tally,
) {
    match result {
        Ok(response) if response.status() == StatusCode::OK => tally.served += 1,
        Ok(_) => {
            // The token was revoked within its first seconds, or no other can be had yet.
            let state = cache.state();
            let life =
                state.remaining.map_or(Duration::ZERO, |remaining| Duration::from_secs(54) - remaining);
            let is_young = life <= Duration::from_secs(20);
            assert!(!was_good && (is_young || state.pause.is_some()), "{state:?}");
            tally.rejected += 1;
        }
        Err(error) => {
            assert_eq!(Error::find(&**error).unwrap().kind(), ErrorKind::Unavailable);
            assert!(!was_good, "there was a token");
            tally.failed += 1;
        }
    }
}
