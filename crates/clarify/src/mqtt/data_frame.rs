//! What is published.

use std::{collections::BTreeMap, fmt};

use claviger_auth_core::{Error, ErrorKind};
use serde::Deserialize;

/// Holds one data frame, as the JSON that was given.
///
/// It is an object with `times`, a list of Unix seconds or RFC 3339 texts, and `series`, an object of lists: one
/// number or `null` for each time. Other members are not looked at.
///
/// # Example
///
/// ```
/// use claviger_clarify::mqtt::DataFrame;
///
/// let frame = DataFrame::from_json(r#"{"times":[1700000000],"series":{"temperature":[21.5]}}"#)?;
/// assert!(DataFrame::from_json(r#"{"times":[1700000000],"series":{"temperature":[]}}"#).is_err());
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct DataFrame(Vec<u8>);

impl DataFrame {
    /// Takes the text of a data frame, which is published as it is.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is not of the form above, or longer than 8 MiB: Clarify
    /// takes about as much (its documentation, API 1.1, "Rate limits"). No value of it is quoted.
    pub fn from_json(text: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let text = text.into();
        let wrong = |what| Error::new(ErrorKind::Configuration, what).with_advice(WRITE_FRAME);
        if text.len() > MAX_LENGTH {
            return Err(wrong("the data frame is longer than 8 MiB").with_advice("spread it over several"));
        }
        // What serde says may quote a value.
        let document: Document = serde_json::from_slice(&text).map_err(|error| {
            wrong("this is no data frame").with_subject(format!("column {}", error.column()))
        })?;
        if document.series.values().any(|values| values.len() != document.times.len()) {
            return Err(wrong("a series of the data frame has more values than times, or fewer"));
        }
        Ok(Self(text))
    }
}

impl AsRef<[u8]> for DataFrame {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for DataFrame {
    /// Shows how long it is. What it says is somebody's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataFrame").field("bytes", &self.0.len()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Document {
    times: Vec<Time>,
    series: BTreeMap<String, Vec<Option<f64>>>,
}

/// Clarify's connector for eWON gateways writes seconds; the samples of Clarify's HTTP documentation are texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(#[expect(dead_code, reason = "it is read to see that it is one")] f64),
    Text(#[expect(dead_code, reason = "it is read to see that it is one")] String),
}

pub(super) const MAX_LENGTH: usize = 8 * 1024 * 1024;
const WRITE_FRAME: &str =
    r#"write {"times":[1700000000],"series":{"name":[21.5]}}: one number or null for each time"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_clarify_takes() {
        for good in [
            r#"{"times":[1700000000],"series":{"a":[1]}}"#,
            r#"{"series":{"a":[1.5,null],"b":[-1e3,0]},"times":[1700000000,1700000000.5],"more":true}"#,
            r#"{"times":["2024-01-01T00:00:00Z"],"series":{"a":[null]}}"#,
            " {\"times\":[],\n\"series\":{}}\n",
        ] {
            assert_eq!(DataFrame::from_json(good).unwrap().as_ref(), good.as_bytes());
        }
    }

    #[test]
    fn refuses_the_rest_without_a_word_of_it() {
        for bad in [
            "",
            "[]",
            "swordfish",
            r#"{"times":[1]}"#,
            r#"{"series":{}}"#,
            r#"{"times":[true],"series":{}}"#,
            r#"{"times":[1],"series":{"swordfish":["swordfish"]}}"#,
            r#"{"times":[1],"series":{"swordfish":[1,2]}}"#,
            r#"{"times":[1],"series":{"swordfish":1}}"#,
            r#"{"times":[1],"series":{"a":[1]}} {}"#,
        ] {
            let error = DataFrame::from_json(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error} {error:?}").contains("swordfish"), "{error:?}");
        }
        let long = format!("{{\"times\":[],\"series\":{{}}{}}}", " ".repeat(MAX_LENGTH));
        assert!(DataFrame::from_json(long).unwrap_err().to_string().contains("longer"));
        assert!(
            !format!("{:?}", DataFrame::from_json(r#"{"times":[],"series":{},"x":"y"}"#))
                .contains('y'.to_string().repeat(2).as_str())
        );
    }
}
