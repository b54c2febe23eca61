//! Whoever issues the tokens: counts how often it is asked, and takes as long as it is told.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How a token endpoint behaves.
pub struct Issuer {
    token: String,
    delay_micros: AtomicU64,
    is_failing: AtomicBool,
    is_priming: AtomicBool,
    fetches: AtomicU64,
    took_micros: AtomicU64,
}

/// It said no.
#[derive(Clone, Copy, Debug)]
pub struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("503")
    }
}

impl std::error::Error for Refused {}

impl Issuer {
    /// Issues tokens of this length, at once.
    pub fn new(token_bytes: usize) -> Arc<Self> {
        let token: String = ('A'..='Z').chain('a'..='z').chain('0'..='9').cycle().take(token_bytes).collect();
        Arc::new(Self {
            token,
            delay_micros: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
            is_priming: AtomicBool::new(false),
            fetches: AtomicU64::new(0),
            took_micros: AtomicU64::new(0),
        })
    }

    /// Takes this long from now on.
    pub fn delay(&self, delay: Duration) {
        self.delay_micros.store(u64::try_from(delay.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Says no from now on.
    pub fn fail(&self) {
        self.is_failing.store(true, Ordering::Relaxed);
    }

    /// Neither counts nor waits, while a peer is built that wants a token for that; it is worth nothing.
    pub fn prime(&self, is_priming: bool) {
        self.is_priming.store(is_priming, Ordering::Relaxed);
    }

    /// Tells whether a peer is being built.
    pub fn is_priming(&self) -> bool {
        self.is_priming.load(Ordering::Relaxed)
    }

    /// Returns how often it was asked, and forgets it.
    pub fn take_fetches(&self) -> u64 {
        self.fetches.swap(0, Ordering::Relaxed)
    }

    /// How long the last fetch took: a timer is late by up to a millisecond.
    pub fn took(&self) -> Duration {
        Duration::from_micros(self.took_micros.load(Ordering::Relaxed))
    }

    /// The token, at once and uncounted.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// One token request.
    pub async fn issue(&self) -> Result<String, Refused> {
        if self.is_priming() {
            return Ok(self.token.clone());
        }
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let delay = Duration::from_micros(self.delay_micros.load(Ordering::Relaxed));
        if !delay.is_zero() {
            let start = Instant::now();
            // The timer alone would round up to a whole millisecond.
            tokio::time::sleep(delay.saturating_sub(Duration::from_millis(1))).await;
            tokio::time::sleep_until((start + delay).into()).await;
            let took = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.took_micros.store(took, Ordering::Relaxed);
        }
        if self.is_failing.load(Ordering::Relaxed) { Err(Refused) } else { Ok(self.token.clone()) }
    }
}
