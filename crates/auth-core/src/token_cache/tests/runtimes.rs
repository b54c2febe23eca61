//! Runtimes that end, idle or are not there.

use super::*;

#[test]
fn outside_a_runtime_it_is_an_error() {
    let cache = TokenCache::new(Source::steady(Duration::ZERO));
    let polled = pin!(cache.obtain()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else { panic!("it does not wait") };
    assert_eq!(error.kind(), ErrorKind::Runtime);
    assert_eq!(current_thread(false).block_on(value(&cache)), "Bearer token-1", "built before any runtime");
}

#[test]
fn outlives_the_runtime_that_fetches() {
    let (source, clock) = (first_hangs(), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = current_thread(true);
    first.block_on(async {
        assert!(poll_once(pin!(cache.obtain())).await.is_pending());
        tokio::task::yield_now().await;
    });
    assert_eq!(source.fetches(), 1);

    let second = current_thread(true);
    second.block_on(async {
        let other = cache.clone();
        let waiter = tokio::spawn(async move { value(&other).await });
        tokio::task::yield_now().await;
        let begun = time::Instant::now();
        first.shutdown_background();
        assert_eq!(waiter.await.unwrap(), "Bearer token-2");
        assert!(begun.elapsed().is_zero(), "nobody waits for a flight that is known to be lost");
    });
    assert_eq!(source.fetches(), 2);
}

#[test]
fn a_fetch_that_never_began_is_known_to_be_lost() {
    let (source, clock) = (Source::steady(Duration::ZERO), ManualClock::new());
    let cache = cache(&source, &clock);
    let first = current_thread(true);
    // The task is spawned, and the runtime ends before it is polled.
    first.block_on(async { assert!(poll_once(pin!(cache.obtain())).await.is_pending()) });
    drop(first);
    assert_eq!(source.fetches(), 0);
    current_thread(true).block_on(async {
        let begun = time::Instant::now();
        assert_eq!(value(&cache).await, "Bearer token-1");
        assert!(begun.elapsed().is_zero(), "nobody waits for it");
    });
}

async fn ten_get_the_second_token(cache: &TokenCache<Source>) {
    let mut waiters = JoinSet::new();
    for _ in 0..10 {
        let cache = cache.clone();
        waiters.spawn(async move { value(&cache).await });
    }
    assert!(waiters.join_all().await.iter().all(|value| value == "Bearer token-2"));
}

#[test]
fn a_runtime_that_is_not_driven_stops_nobody() {
    let (source, clock) = (first_hangs(), ManualClock::new());
    let cache = cache(&source, &clock);
    let idle = current_thread(true);
    idle.block_on(async {
        assert!(poll_once(pin!(cache.obtain())).await.is_pending());
        tokio::task::yield_now().await;
    });

    // `idle` lives on, and nobody drives it.
    let awake = current_thread(true);
    awake.block_on(ten_get_the_second_token(&cache));
    assert_eq!(source.fetches(), 2, "the ten begin one flight anew");
    drop(idle);
    assert_eq!(awake.block_on(value(&cache)), "Bearer token-2", "the late flight changes nothing");
}

#[test]
fn a_source_that_blocks_its_thread_is_given_up() {
    let (blocking, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let source = Source::new(move |count| {
        if count == 1 {
            // What no source should do. It goes on when the test is over.
            let _ = blocked.lock().unwrap().recv();
        }
        async move { Ok(token(count)) }
    });
    let builder = TokenCache::builder(source.clone()).with_clock(ManualClock::new());
    let cache = builder.with_fetch_deadline(Duration::from_millis(1)).build();
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(ten_get_the_second_token(&cache));
    assert_eq!(source.fetches(), 2, "the ten begin one flight anew");
    drop(blocking);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_ends_no_flight() {
    let clock = ManualClock::new();
    let source = Source::new(|count| async move {
        tokio::task::yield_now().await;
        Ok(token(count))
    });
    let cache = cache(&source, &clock);
    let mut waiter = pin!(value(&cache));
    assert!(poll_once(waiter.as_mut()).await.is_pending());
    // Before anything that was spawned is polled.
    clock.advance(Duration::from_secs(90));
    settle().await;
    assert!(poll_once(waiter).await.is_ready());
    assert_eq!(source.fetches(), 1);
}
