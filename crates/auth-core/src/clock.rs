//! The one place that asks for the time.

use std::{
    fmt::Debug,
    time::{Duration, Instant, SystemTime},
};

/// Tells the time on two clocks.
///
/// A token counts as expired when *either* clock says so. The wall clock alone is fooled by a correction
/// that sets it back; the monotonic clock alone stands still while a machine is suspended.
///
/// It has no sleep: what is due is decided when a request comes.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the time since some fixed point; never less than an earlier answer.
    fn monotonic(&self) -> Duration;

    /// Returns the time of day, which may jump.
    fn wall(&self) -> SystemTime;
}

/// Asks the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Takes this moment as the fixed point of the monotonic clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Stands still until it is told to move, each of its two clocks apart.
///
/// Clones share the time.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use claviger_auth_core::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let (monotonic, wall) = (clock.monotonic(), clock.wall());
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.monotonic(), monotonic + Duration::from_secs(60));
/// clock.set_wall(wall); // somebody set the time of day back
/// assert_eq!(clock.wall(), wall);
/// ```
#[cfg(any(test, feature = "test-util"))]
#[derive(Clone, Debug)]
pub struct ManualClock {
    time: std::sync::Arc<std::sync::Mutex<(Duration, SystemTime)>>,
}

#[cfg(any(test, feature = "test-util"))]
impl ManualClock {
    /// Starts at one hour, on an arbitrary day.
    #[must_use]
    pub fn new() -> Self {
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Self { time: std::sync::Arc::new(std::sync::Mutex::new((Duration::from_secs(3600), day))) }
    }

    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        let mut time = self.lock();
        time.0 += by;
        time.1 += by;
    }

    /// Sets the wall clock alone, as a suspended machine or a time server does.
    pub fn set_wall(&self, wall: SystemTime) {
        self.lock().1 = wall;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Duration, SystemTime)> {
        self.time.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(any(test, feature = "test-util"))]
impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(any(test, feature = "test-util"))]
impl Clock for ManualClock {
    fn monotonic(&self) -> Duration {
        self.lock().0
    }

    fn wall(&self) -> SystemTime {
        self.lock().1
    }
}
