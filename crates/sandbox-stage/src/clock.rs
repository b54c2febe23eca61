//! Asks the time: the one place of the sandbox that does.
//!
//! ```
//! use claviger_sandbox_stage::clock;
//!
//! assert!(clock::wall().as_secs() > 1_700_000_000);
//! assert!(clock::timestamp().ends_with('Z'));
//! ```

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the monotonic time, by which token life and the journal count.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox emulates somebody else's clock; this is where it asks"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Tells the wall clock as time since 1970, by which certificates are dated.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox emulates somebody else's clock; this is where it asks"
)]
pub fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Writes the wall clock as RFC 3339 in UTC, to the second.
pub fn timestamp() -> String {
    let time = rcgen::date_time_ymd(1970, 1, 1) + wall();
    let (hour, minute, second) = time.to_hms();
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
