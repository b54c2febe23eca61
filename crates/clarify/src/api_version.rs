//! Which version of the API is asked for.

use std::{fmt, str::FromStr};

use claviger_auth_core::{Error, ErrorKind};
use http::HeaderValue;

/// Selects a version of Clarify's API, as `X-API-Version` names it: `1.1`, `1.2alpha1`.
///
/// It is a release line (`MAJOR.MINOR`), or a preview of one (`alphaN`, `betaN` or `rcN` behind it); Clarify
/// serves the newest patch of it (Clarify's documentation, API 1.1beta2, "Versioning"). Which ones there are
/// is for Clarify to say: another one is answered with status 400.
///
/// # Example
///
/// ```
/// use claviger_clarify::ApiVersion;
///
/// assert_eq!(ApiVersion::default().to_string(), "1.1");
/// assert_eq!(ApiVersion::new("1.2alpha1")?.to_string(), "1.2alpha1");
/// assert!(ApiVersion::new("v1.1").is_err());
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ApiVersion(String);

impl ApiVersion {
    /// Takes a version's name.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is not of the form above.
    pub fn new(name: &str) -> Result<Self, Error> {
        if !is_selector(name) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "this does not name a version of Clarify's API",
            )
            .with_subject("X-API-Version")
            .with_advice("write MAJOR.MINOR, such as 1.1, or a preview, such as 1.2alpha1"));
        }
        Ok(Self(name.to_owned()))
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("it was checked to be letters, digits and a dot")
    }
}

impl Default for ApiVersion {
    /// Selects 1.1, the version that this crate was written for. One is always sent: without, Clarify takes
    /// whatever is the latest stable one on the day ("Transport protocol (HTTP)", "Version selection").
    fn default() -> Self {
        Self("1.1".to_owned())
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::new(name)
    }
}

fn is_selector(name: &str) -> bool {
    let Some((major, rest)) = name.split_once('.') else { return false };
    let preview = STAGES.iter().find_map(|stage| rest.split_once(stage));
    is_number(major)
        && match preview {
            Some((minor, number)) => is_number(minor) && is_number(number),
            None => is_number(rest),
        }
}

/// A decimal number, written in the one way there is: Clarify compares names, not numbers.
fn is_number(text: &str) -> bool {
    let canonical = text == "0" || !text.starts_with('0');
    canonical && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

const STAGES: [&str; 3] = ["alpha", "beta", "rc"];

#[cfg(test)]
mod tests {
    use super::*;

    /// All that were seen in Clarify's documentation and its SDKs, and the forms that these allow.
    #[test]
    fn takes_release_lines_and_previews() {
        for good in ["1.0", "1.1beta1", "1.1beta2", "1.1", "1.2alpha1", "1.2", "1.2rc1", "10.20beta30", "0.1"]
        {
            assert_eq!(ApiVersion::new(good).unwrap().header_value(), good);
            assert_eq!(good.parse::<ApiVersion>().unwrap().to_string(), good);
        }
    }

    #[test]
    fn refuses_everything_else() {
        for bad in [
            "",
            "1",
            "1.",
            ".1",
            "v1.1",
            "1.1.0",
            "1.1beta",
            "1.beta1",
            "1.1-beta1",
            "1.1gamma1",
            "1.1Beta1",
            "1.1beta1rc1",
            " 1.1",
            "1.1\r\n",
            "01.1",
            "1.01",
            "+1.1",
            "1,1",
            "latest",
            "١.١",
        ] {
            let error = ApiVersion::new(bad).unwrap_err();
            assert_eq!(
                error.to_string(),
                "this does not name a version of Clarify's API (X-API-Version)",
                "{bad:?}"
            );
        }
    }
}
