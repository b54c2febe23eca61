//! What is published.

use std::{collections::BTreeMap, fmt};

use claviger_auth_core::{Error, ErrorKind};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};

/// Holds one data frame, as the JSON that was given.
///
/// It is an object with `times`, a list of Unix seconds or RFC 3339 texts, and `series`, an object of lists: one
/// number or `null` for each time. Other members are not looked at. Seconds above 100,000,000,000, which are
/// milliseconds to be sure, are refused, and a series that is there twice.
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
        if document.times.iter().any(|time| matches!(time, Time::Seconds(seconds) if *seconds > LATEST)) {
            return Err(wrong("a time of the data frame is too large, as milliseconds are")
                .with_advice("write times in seconds"));
        }
        if document.times.iter().any(|time| matches!(time, Time::Text(text) if !is_rfc3339(text))) {
            return Err(wrong("a time of the data frame is no RFC 3339 text")
                .with_advice("write times such as 2024-01-31T12:00:00Z, or in seconds"));
        }
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
    #[serde(deserialize_with = "series")]
    series: Series,
}

/// Clarify's connector for eWON gateways writes seconds; the samples of Clarify's HTTP documentation are texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(f64),
    Text(String),
}

type Series = BTreeMap<String, Vec<Option<f64>>>;

/// Of two with the same name, serde would forget the first.
fn series<'de, D: Deserializer<'de>>(from: D) -> Result<Series, D::Error> {
    struct Once;

    impl<'de> Visitor<'de> for Once {
        type Value = Series;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of lists")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Series, M::Error> {
            let mut all = Series::new();
            while let Some((name, values)) = map.next_entry()? {
                if all.insert(name, values).is_some() {
                    return Err(M::Error::custom("a series is there twice"));
                }
            }
            Ok(all)
        }
    }

    from.deserialize_map(Once)
}

/// Whether it has the form of RFC 3339 §5.6. Which days a month has is left to Clarify.
fn is_rfc3339(text: &str) -> bool {
    let form: String =
        text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c.to_ascii_uppercase() }).collect();
    form.strip_prefix("0000-00-00T00:00:00").is_some_and(|rest| {
        let zone = match rest.strip_prefix(".0") {
            Some(fraction) => fraction.trim_start_matches('0'),
            None => rest,
        };
        ["Z", "+00:00", "-00:00"].contains(&zone)
    })
}

pub(super) const MAX_LENGTH: usize = 8 * 1024 * 1024;
/// In the year 5138.
const LATEST: f64 = 1e11;
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
            r#"{"times":["2024-01-01t00:00:00.250-08:00",-1],"series":{}}"#,
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
            r#"{"times":[1],"series":{"swordfish":[1],"swordfish":[1]}}"#,
            r#"{"times":[1700000000000],"series":{"swordfish":[1]}}"#,
            r#"{"times":["swordfish"],"series":{}}"#,
            r#"{"times":["2024-01-01T00:00:00"],"series":{}}"#,
            r#"{"times":["2024-01-01T00:00:00.Z"],"series":{}}"#,
            r#"{"times":["2024-01-01 00:00:00Z"],"series":{}}"#,
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
