//! `Retry-After`: seconds or a date (RFC 9110 §10.2.3).

use std::time::{Duration, SystemTime};

use claviger_auth_core::Error;
use http::HeaderValue;

/// How long a server asks to be left alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wait(Duration);

impl Wait {
    /// Puts it on an error: at most five minutes, so that no server can shut a client up for good; and if it asked
    /// for more, that is told.
    pub(crate) fn told_with(self, error: Error) -> Error {
        let told = error.with_retry_after(self.0.min(LONGEST));
        if self.0 <= LONGEST {
            return told;
        }
        told.with_advice(
            "it asks to be left alone for more than five minutes, and is asked again after five: ask the provider why",
        )
    }
}

/// Reads how long to wait.
pub(crate) fn parse(value: &HeaderValue, now: SystemTime) -> Option<Wait> {
    let text = value.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        // A date in the past means now.
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(Wait(wait))
}

const LONGEST: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use claviger_auth_core::ErrorKind;

    use super::*;

    /// Those that are longer than five minutes.
    const CAPPED: [&str; 4] =
        ["301", "864000", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"];

    fn parsed(text: &'static str) -> Option<u64> {
        // Sun, 06 Nov 1994 08:49:37 GMT, the date of the RFC.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        parse(&HeaderValue::from_static(text), now).map(|wait| {
            let error = wait.told_with(Error::new(ErrorKind::Unavailable, "it is down"));
            let wait = error.retry_after().unwrap().as_secs();
            assert_eq!(error.advice().contains("more than five minutes"), CAPPED.contains(&text), "{text}");
            wait
        })
    }

    #[test]
    fn reads_seconds_and_dates() {
        for (text, wait) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("300", Some(300)),
            ("301", Some(300)),
            ("864000", Some(300)),
            ("99999999999999999999999999", Some(300)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun Nov  6 08:50:37 1994", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(300)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(parsed(text), wait, "{text:?}");
        }
    }
}
