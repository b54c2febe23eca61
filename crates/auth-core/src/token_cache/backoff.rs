//! How long to wait after a fetch that failed.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use crate::Error;

/// The last failure, and until when nobody tries again.
#[derive(Default)]
pub(super) struct Backoff {
    failures: u32,
    last: Option<(Error, Duration)>,
}

impl Backoff {
    /// Returns the last error, while it is too early for another try.
    pub(super) fn error_at(&self, now: Duration) -> Option<&Error> {
        self.last.as_ref().filter(|(_, until)| now < *until).map(|(error, _)| error)
    }

    /// Returns the last error, and until when nobody tries again.
    pub(super) fn last(&self) -> Option<(&Error, Duration)> {
        self.last.as_ref().map(|(error, until)| (error, *until))
    }

    /// Takes note of a failure; returns until when nobody tries again.
    pub(super) fn fail(&mut self, error: &Error, now: Duration) -> Duration {
        let first = if error.is_transient() { FIRST } else { FIRST_PERMANENT };
        let wait = first.saturating_mul(1 << self.failures.min(MOST_DOUBLINGS)).min(LONGEST);
        // The fleet that failed together does not come back together.
        let wait = wait.mul_f64(0.8 + 0.4 * random_fraction());
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_RETRY_AFTER);
        self.failures = self.failures.saturating_add(1);
        let until = now.saturating_add(wait.max(asked));
        self.last = Some((error.clone(), until));
        until
    }
}

/// Draws from 0 to 1. It spreads tries over time, no more: the hasher's random keys are good enough for that.
pub(super) fn random_fraction() -> f64 {
    f64::from((RandomState::new().hash_one(()) >> 32) as u32) / f64::from(u32::MAX)
}

const FIRST: Duration = Duration::from_secs(1);
const FIRST_PERMANENT: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);
const MOST_DOUBLINGS: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn wait_after(failures: u32, error: &Error) -> Duration {
        let mut backoff = Backoff::default();
        (0..failures).map(|_| backoff.fail(error, Duration::ZERO)).last().unwrap()
    }

    #[test]
    fn doubles_up_to_a_minute_give_or_take_a_fifth() {
        let down = Error::new(ErrorKind::Unavailable, "down");
        let refused = Error::new(ErrorKind::CredentialsRefused, "refused");
        for (failures, error, seconds) in [
            (1, &down, 1),
            (2, &down, 2),
            (5, &down, 16),
            (9, &down, 60),
            (1, &refused, 5),
            (2, &refused, 10),
        ] {
            let wait = wait_after(failures, error).as_secs_f64();
            let range = f64::from(seconds) * 0.8..=f64::from(seconds) * 1.2;
            assert!(range.contains(&wait), "{failures}: {wait}");
        }
    }

    #[test]
    fn waits_as_long_as_the_server_asks_within_reason() {
        let busy = Error::new(ErrorKind::Unavailable, "busy");
        let asked = |seconds| wait_after(1, &busy.clone().with_retry_after(Duration::from_secs(seconds)));
        assert_eq!(asked(30), Duration::from_secs(30));
        assert_eq!(asked(86_400), Duration::from_secs(300));
        assert!(asked(0) >= Duration::from_millis(800));
    }

    #[test]
    fn no_two_waits_are_the_same() {
        let down = Error::new(ErrorKind::Unavailable, "down");
        let waits: std::collections::HashSet<_> = (0..50).map(|_| wait_after(3, &down)).collect();
        assert!(waits.len() > 10);
    }
}
