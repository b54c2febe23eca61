//! The members of an answer, whatever JSON types they have.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use zeroize::Zeroizing;

/// The members that matter, of a success and of an error alike. Unknown ones are passed over, and of
/// duplicates the last counts, as with most JSON parsers.
#[derive(Default)]
pub(crate) struct Members {
    pub(crate) access_token: Value,
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
        while let Some(Value::Text(name)) = map.next_key()? {
            let member = match name.as_str() {
                "access_token" => &mut members.access_token,
                "token_type" => &mut members.token_type,
                "expires_in" => &mut members.expires_in,
                "scope" => &mut members.scope,
                "error" => &mut members.error,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *member = map.next_value()?;
        }
        Ok(members)
    }
}

/// A JSON value, as far as some server was seen to send it. Its text is wiped.
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
        let seconds = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
            Self::Absent | Self::List(_) | Self::Other => return None,
        };
        if seconds.is_nan() {
            return None;
        }
        Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
    }

    /// Splits a text on spaces and commas (RFC 6749 §3.3 says spaces; Clarify documents commas).
    pub(crate) fn words(&self) -> Vec<String> {
        let split = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| c == ',' || c.is_whitespace());
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        match self {
            Self::List(list) => list.iter().flat_map(|text| split(text)).collect(),
            Self::Text(text) => split(text),
            Self::Absent | Self::Number(_) | Self::Other => Vec::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(if value { Value::Other } else { Value::Absent })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            if let Value::Text(text) = item {
                list.push(text);
            }
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}
