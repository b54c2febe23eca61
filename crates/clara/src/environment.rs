//! The real thing, and Clara's test environment.

use std::str::FromStr;

use claviger_auth_core::{Error, ErrorKind};

/// Tells the real thing from Clara's test environment, which has the same hosts, credentials of its own, and
/// the path prefix `/api-test/` in the place of `/api/` (Clara's developer portal, "Sandbox").
///
/// Nothing but the path keeps the two apart. So in the test environment a path is refused that does not begin
/// with one of the two, or that a server may put in order, whatever would come of it: one with `.` or `..` for
/// a segment, percent-encoded or not, or with an empty segment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Environment {
    /// Real companies and real money.
    #[default]
    Production,
    /// Data that is set back from time to time.
    Test,
}

impl Environment {
    /// Puts a path, which is below the API's URL and has no slash before it, into the environment.
    ///
    /// # Errors
    ///
    /// `Configuration` if the path is not surely one of the environment's.
    pub(crate) fn path(self, written: &str) -> Result<String, Error> {
        match self {
            Self::Production => Ok(written.to_owned()),
            Self::Test => {
                let rest = ["api/", "api-test/"].into_iter().find_map(|prefix| written.strip_prefix(prefix));
                let rest = rest.ok_or_else(|| refused("the path is none of Clara's test environment"))?;
                if !is_plain(rest) {
                    return Err(refused("the path may lead out of Clara's test environment"));
                }
                Ok(format!("api-test/{rest}"))
            }
        }
    }
}

impl FromStr for Environment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "production" => Ok(Self::Production),
            "test" => Ok(Self::Test),
            _ => Err(Error::new(ErrorKind::Configuration, "there is no such environment at Clara")
                .with_advice("write production or test")),
        }
    }
}

/// Tells whether a path stays what it is, however often it is decoded and put in order (RFC 3986 §5.2.4).
fn is_plain(path: &str) -> bool {
    let decoded = decoded(path.as_bytes());
    // Some servers take a backslash for a slash, and some take off what stands behind a semicolon first.
    let mut segments = decoded
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .map(|segment| segment.split(|byte| *byte == b';').next().unwrap_or_default())
        .rev();
    // A slash at the end leaves an empty segment behind it, and is in order.
    let last = segments.next().unwrap_or_default();
    !is_dots(last) && segments.all(|segment| !segment.is_empty() && !is_dots(segment))
}

fn is_dots(segment: &[u8]) -> bool {
    matches!(segment, b"." | b"..")
}

/// Decodes until nothing is left to decode: `%252e` too, since more than one server may do it on the way.
fn decoded(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    for byte in path {
        decoded.push(*byte);
        while let [.., b'%', high, low] = decoded.as_slice() {
            let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { break };
            decoded.truncate(decoded.len() - 3);
            decoded.push(high << 4 | low);
        }
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn refused(what: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_advice(
        "write the path as Clara documents it, beginning with /api/ (it becomes /api-test/), with no . or .. \
         and no empty segment in it",
    )
}
