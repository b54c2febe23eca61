//! The one place that asks for the time.

use std::{
    fmt::Debug,
    time::{Duration, SystemTime},
};

#[cfg(target_os = "linux")]
use rustix::time::ClockId;

/// Tells the time on two clocks.
///
/// A token counts as expired when *either* clock says so. The wall clock alone is fooled by a correction
/// that sets it back; the monotonic clock alone stands still while a machine is suspended.
///
/// It has no sleep: what is due is decided when a request comes.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the time since some fixed point of its own; never less than an earlier answer.
    fn monotonic(&self) -> Duration;

    /// Returns the time of day, which may jump.
    fn wall(&self) -> SystemTime;

    /// Returns both at once, as cheaply as it can: every request asks. It may be off by up to 10 ms.
    fn now(&self) -> Moment {
        Moment::new(self.monotonic(), self.wall())
    }
}

/// A moment on both clocks.
///
/// Before the year 1970 the wall clock counts as standing still, and after the year 2554.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    // In nanoseconds: one comparison each, on the path of every request.
    monotonic: u64,
    wall: u64,
}

impl Moment {
    /// Later than every other.
    pub(crate) const END: Self = Self { monotonic: u64::MAX, wall: u64::MAX };

    /// Takes what the two clocks say.
    #[must_use]
    pub fn new(monotonic: Duration, wall: SystemTime) -> Self {
        let wall = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { monotonic: nanoseconds(monotonic), wall: nanoseconds(wall) }
    }

    pub(crate) fn monotonic(self) -> Duration {
        Duration::from_nanos(self.monotonic)
    }

    /// At the end of time it stands still; what ends there has ended.
    pub(crate) fn after(self, life: Duration) -> Self {
        let life = nanoseconds(life);
        Self { monotonic: self.monotonic.saturating_add(life), wall: self.wall.saturating_add(life) }
    }

    /// By both clocks.
    #[inline]
    pub(crate) fn is_before(self, other: Self) -> bool {
        self.monotonic < other.monotonic && self.wall < other.wall
    }

    /// Returns how long it is until `other`, by whichever clock is further.
    pub(crate) fn until(self, other: Self) -> Duration {
        let monotonic = other.monotonic.saturating_sub(self.monotonic);
        Duration::from_nanos(monotonic.min(other.wall.saturating_sub(self.wall)))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Asks the operating system.
///
/// On Linux [`now`](Clock::now) reads the coarse clocks, which the kernel brings up to date a hundred times a second
/// or more often.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SystemClock {
    #[cfg(not(target_os = "linux"))]
    start: std::time::Instant,
}

impl SystemClock {
    /// Reads the clocks of this machine. The monotonic one counts from its start on Linux, from now elsewhere.
    #[must_use]
    #[cfg_attr(not(target_os = "linux"), expect(clippy::disallowed_methods, reason = "this is the Clock"))]
    pub fn new() -> Self {
        Self {
            #[cfg(not(target_os = "linux"))]
            start: std::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[cfg(target_os = "linux")]
    fn monotonic(&self) -> Duration {
        Duration::from_nanos(read(ClockId::Monotonic))
    }

    #[cfg(not(target_os = "linux"))]
    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    #[cfg(target_os = "linux")]
    fn now(&self) -> Moment {
        Moment { monotonic: read(ClockId::MonotonicCoarse), wall: read(ClockId::RealtimeCoarse) }
    }
}

/// Reads a clock, in nanoseconds.
#[cfg(target_os = "linux")]
fn read(clock: ClockId) -> u64 {
    let time = rustix::time::clock_gettime(clock);
    // Neither is negative on a machine whose clock was set after 1970. Their types differ by platform.
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
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

    fn now(&self) -> Moment {
        let (monotonic, wall) = *self.lock();
        Moment::new(monotonic, wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_is_what_the_two_clocks_say_give_or_take_ten_milliseconds() {
        let clock = SystemClock::new();
        for _ in 0..100 {
            let (now, exact) = (clock.now(), Moment::new(clock.monotonic(), clock.wall()));
            let most = 50_000_000; // a busy machine may stop us between the two
            assert!(now.monotonic.abs_diff(exact.monotonic) < most, "{now:?} {exact:?}");
            assert!(now.wall.abs_diff(exact.wall) < most, "{now:?} {exact:?}");
        }
    }

    #[test]
    fn the_ends_of_time_are_no_matter() {
        let clock = ManualClock::new();
        clock.set_wall(SystemTime::UNIX_EPOCH - Duration::from_secs(1));
        assert!(clock.now().is_before(clock.now().after(Duration::from_secs(1))));
        let end = Moment::new(Duration::MAX, SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40));
        assert!(!end.is_before(end.after(Duration::MAX)), "what ends there has ended");
        assert_eq!(end.until(end.after(Duration::from_secs(1))), Duration::ZERO);
    }
}
