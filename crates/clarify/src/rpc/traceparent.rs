//! Which trace a call is a part of.

use std::fmt;

use claviger_auth_core::{Error, ErrorKind};
use http::{HeaderMap, HeaderValue};

/// Names a trace and a span in it, as the header `traceparent` does (W3C Trace Context, §3.2).
///
/// # Example
///
/// ```
/// use claviger_clarify::Traceparent;
///
/// let traceparent = Traceparent::new("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
/// assert_eq!(traceparent.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert!(Traceparent::new("4bf92f3577b34da6a3ce929d0e0e4736").is_err());
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Traceparent(String);

impl Traceparent {
    /// Takes the value of a header.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is not one of version 00.
    pub fn new(value: &str) -> Result<Self, Error> {
        let parts: Vec<&str> = value.split('-').collect();
        match parts[..] {
            ["00", trace, span, flags] if is_id(trace, 32) && is_id(span, 16) && is_hex(flags, 2) => {
                Ok(Self(value.to_owned()))
            }
            _ => {
                let error = Error::new(ErrorKind::Configuration, "this names no trace");
                Err(error
                    .with_subject("traceparent")
                    .with_advice("write it as the W3C has it: 00, trace id, span id, flags"))
            }
        }
    }

    /// Finds the one of an answer.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Self::new(headers.get("traceparent")?.to_str().ok()?).ok()
    }

    pub(super) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("it was checked to be digits and hyphens")
    }

    /// Returns the id of the whole trace, 32 hexadecimal digits: what to tell Clarify's support.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.0.split('-').nth(1).unwrap_or_default()
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All zeros are none (§3.2.2.3).
pub(super) fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_the_w3c_has_and_nothing_else() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        assert_eq!(Traceparent::new(good).unwrap().to_string(), good);
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-00",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-00",
            "00-swordfishswordfishswordfishswordf-00f067aa0ba902b7-00",
        ] {
            let error = Traceparent::new(bad).unwrap_err();
            assert_eq!(error.to_string(), "this names no trace (traceparent)", "{bad}");
        }
    }
}
