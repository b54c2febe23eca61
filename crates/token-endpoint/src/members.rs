//! The members of an answer, whatever JSON types they have.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// The members that matter, of a success and of an error alike. Unknown ones are passed over, and of
/// duplicates the last counts, as with most JSON parsers.
#[derive(Default)]
pub(crate) struct Members {
    pub(crate) access_token: Value,
    pub(crate) refresh_token: Value,
    pub(crate) token_type: Value,
    pub(crate) expires_in: Value,
    pub(crate) scope: Value,
    pub(crate) error: Value,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<String>()? {
            let member = match name.as_str() {
                "access_token" => &mut members.access_token,
                "refresh_token" => &mut members.refresh_token,
                "token_type" => &mut members.token_type,
                "expires_in" => &mut members.expires_in,
                "scope" => &mut members.scope,
                "error" => &mut members.error,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            // Raw, because a number that is too large for a double is no error of the whole answer.
            *member = Value::of(map.next_value()?);
        }
        Ok(members)
    }
}

/// A JSON value, as far as some server was seen to send it.
///
/// Its text is wiped. Where it stands with escapes (`\/`), serde_json's own buffer keeps a copy that is not.
///
/// No `Debug`: it may hold the token.
#[derive(Default)]
pub(crate) enum Value {
    /// Missing, `null`, or `false`.
    #[default]
    Absent,
    List(Vec<Zeroizing<String>>),
    Number(f64),
    /// An object, or `true`: never what was asked for.
    Other,
    Text(Zeroizing<String>),
}

impl Value {
    /// Tells whether it says nothing: missing, `null`, `false`, 0, empty.
    pub(crate) fn is_void(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::List(list) => list.is_empty(),
            Self::Number(number) => *number == 0.0,
            Self::Other => false,
            Self::Text(text) => text.trim().is_empty(),
        }
    }

    /// Returns the text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::List(_) | Self::Number(_) | Self::Other => None,
        }
    }

    /// Reads seconds from a number, or from a text that holds one. Less than none is none.
    pub(crate) fn seconds(&self) -> Option<Duration> {
        let seconds: f64 = match self {
            Self::Number(number) => *number,
            // Rust also parses "inf" and "NaN", which say nothing. Too large a number is a long life.
            Self::Text(text) if text.contains(|c: char| c.is_ascii_digit()) => text.trim().parse().ok()?,
            Self::Text(_) => return None,
            Self::Absent | Self::List(_) | Self::Other => return None,
        };
        Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
    }

    /// Splits a text on spaces and commas (RFC 6749 §3.3 says spaces; Clarify documents commas). Words with characters
    /// that no scope has are passed over: they could be for the terminal that somebody prints them on.
    pub(crate) fn words(&self) -> Vec<String> {
        let split = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| c == ',' || c.is_whitespace());
            words
                .filter(|word| !word.is_empty() && word.bytes().all(is_of_scope))
                .map(str::to_owned)
                .collect()
        };
        match self {
            Self::List(list) => list.iter().flat_map(|text| split(text)).collect(),
            Self::Text(text) => split(text),
            Self::Absent | Self::Number(_) | Self::Other => Vec::new(),
        }
    }
}

impl Value {
    /// Sorts by the first letter; the rest of a `RawValue` has been checked.
    pub(crate) fn of(raw: &RawValue) -> Self {
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'"') => text_of(json).map_or(Self::Other, Self::Text),
            Some(b'[') => {
                // Not by calling this again: a server chooses how deep lists stand in lists.
                let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
                let texts = items.into_iter().map(RawValue::get).filter(|json| json.starts_with('"'));
                Self::List(texts.filter_map(text_of).collect())
            }
            Some(b'-' | b'0'..=b'9') => json.parse().map_or(Self::Other, Self::Number),
            Some(b'f' | b'n') => Self::Absent,
            Some(_) | None => Self::Other,
        }
    }
}

/// Tells whether a scope may have it (RFC 6749 §3.3, `NQCHAR`).
fn is_of_scope(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')
}

/// Copies a text; none where its escapes make no characters.
fn text_of(json: &str) -> Option<Zeroizing<String>> {
    match json.strip_prefix('"').and_then(|json| json.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Some(Zeroizing::new(plain.to_owned())),
        _ => serde_json::from_str(json).ok().map(Zeroizing::new),
    }
}
