//! Whatever happens in whatever order, the cache does what a simple model of it does.

use proptest::{prelude::*, test_runner::Config};

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Advance(Duration),
    /// From now on the endpoint fails, or works.
    Endpoint(bool),
    Obtain,
    Ready,
    Reject,
    RejectAnOlderOne,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..400_000_u64).prop_map(|ms| Step::Advance(Duration::from_millis(ms))),
        3 => (0..8_000_u64).prop_map(|ms| Step::Advance(Duration::from_millis(ms))),
        2 => any::<bool>().prop_map(Step::Endpoint),
        4 => Just(Step::Obtain),
        4 => Just(Step::Ready),
        3 => Just(Step::Reject),
        1 => Just(Step::RejectAnOlderOne),
    ]
}

const USABLE: Duration = Duration::from_secs(290);

#[derive(Clone, Copy)]
struct Held {
    number: usize,
    since: Duration,
}

impl Held {
    fn is_good(self, now: Duration) -> bool {
        now < self.since + USABLE
    }
}

/// What the cache holds. Where it draws by chance, the model knows the bounds.
#[derive(Default)]
struct Model {
    token: Option<Held>,
    rejected: Option<Held>,
    rejections: u32,
    failures: u32,
    failed: Option<Duration>,
    fetches: usize,
}

impl Model {
    fn good(&self, now: Duration) -> Option<Held> {
        self.token.filter(|token| token.is_good(now))
    }

    /// How much of the pause after a failure is over; more than 1.2 is all of it, less than 0.8 is not.
    fn pause(&self, now: Duration) -> f64 {
        let Some(failed) = self.failed else { return f64::INFINITY };
        let wait = (5.0 * 2_f64.powi(self.failures.min(7) as i32 - 1)).min(60.0);
        (now - failed).as_secs_f64() / wait
    }

    /// How much of its usable life a token has had.
    fn life(token: Held, now: Duration) -> f64 {
        (now - token.since).as_secs_f64() / USABLE.as_secs_f64()
    }

    fn fetched(&mut self, works: bool, now: Duration) {
        self.fetches += 1;
        if self.rejected.is_none() {
            self.rejections = 0;
        }
        if works {
            self.token = Some(Held { number: self.fetches, since: now });
            (self.rejected, self.failed, self.failures) = (None, None, 0);
        } else {
            self.token = self.rejected.or(self.token);
            (self.failed, self.failures) = (Some(now), self.failures + 1);
        }
    }
}

struct World {
    source: Source,
    works: Arc<Mutex<bool>>,
    clock: ManualClock,
    cache: TokenCache<Source>,
    model: Model,
    older: Vec<Generation>,
}

impl World {
    fn new() -> Self {
        let works = Arc::new(Mutex::new(true));
        let source = {
            let works = Arc::clone(&works);
            Source::new(move |count| {
                let works = *works.lock().unwrap();
                async move {
                    let token = token(count).with_expires_in(Duration::from_secs(300));
                    if works { Ok(token) } else { Err(refused()) }
                }
            })
        };
        let clock = ManualClock::new();
        let cache = cache(&source, &clock);
        Self { source, works, clock, cache, model: Model::default(), older: Vec::new() }
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Tells whether the cache fetched just now; then the model does.
    fn sees_fetch(&mut self) -> bool {
        let (now, works) = (self.now(), *self.works.lock().unwrap());
        let fetched = self.source.fetches() - self.model.fetches;
        assert!(fetched <= 1, "one at a time");
        if fetched == 1 {
            self.model.fetched(works, now);
        }
        fetched == 1
    }

    async fn request(&mut self, obtains: bool) {
        let now = self.now();
        let (good, pause) = (self.model.good(now), self.model.pause(now));
        let credential =
            if obtains { self.cache.obtain().await } else { self.cache.ready().ok_or_else(refused) };
        settle().await;
        let fetched = self.sees_fetch();
        let number = credential.as_ref().ok().map(|credential| {
            self.older.push(credential.generation());
            credential.value().to_str().unwrap().trim_start_matches("Bearer token-").parse::<usize>().unwrap()
        });
        if let Some(good) = good {
            assert_eq!(number, Some(good.number), "a good token is used on");
            let life = Model::life(good, now);
            assert!(!fetched || (life >= 0.7 && pause >= 0.8), "too early: {life}, {pause}");
            assert!(fetched || life < 0.85 || pause < 1.2, "too late: {life}, {pause}");
        } else if obtains {
            assert!(if fetched { pause >= 0.8 } else { pause < 1.2 }, "{pause}");
            let brought = self.model.good(now).filter(|_| fetched && *self.works.lock().unwrap());
            assert_eq!(number, brought.map(|token| token.number));
        } else {
            assert!(number.is_none() && !fetched, "a token that has ended is not used");
        }
    }

    fn reject(&mut self) {
        let now = self.now();
        let (Some(token), Some(generation)) = (self.model.good(now), self.cache.generation()) else { return };
        let spacing = Duration::from_secs(5) * 2_u32.pow(self.model.rejections.min(8));
        let is_again = self.model.rejected.is_some();
        let is_old = is_again || now - token.since >= spacing.min(Duration::from_secs(300));
        let pause = self.model.pause(now);
        self.cache.invalidate(generation);
        if self.cache.generation().is_some() {
            assert!(!is_old || pause < 1.2, "it had to go");
        } else {
            assert!(is_old && pause >= 0.8, "it had to stay");
            self.model.rejected = self.model.token.take();
            self.model.rejections += u32::from(!is_again);
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Advance(by) => self.clock.advance(by),
            Step::Endpoint(works) => *self.works.lock().unwrap() = works,
            Step::Obtain => self.request(true).await,
            Step::Ready => self.request(false).await,
            Step::Reject => self.reject(),
            Step::RejectAnOlderOne => {
                let current = self.cache.generation();
                self.older.iter().filter(|older| Some(**older) != current).for_each(|older| {
                    self.cache.invalidate(*older);
                });
                assert_eq!(self.cache.generation(), current, "it was held against another");
            }
        }
        let now = self.now();
        assert_eq!(self.cache.generation().is_some(), self.model.good(now).is_some());
    }
}

proptest! {
    #![proptest_config(Config { cases: 1_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn it_does_what_the_model_does(steps in prop::collection::vec(step(), 1..80)) {
        current_thread(true).block_on(async {
            let mut world = World::new();
            for step in steps {
                world.take(step).await;
            }
        });
    }
}
