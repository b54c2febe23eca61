//! Why a call has no result.

use std::{error, fmt};

use claviger_auth_core::{BoxError, Error, ErrorKind};
use serde::Deserialize;
use serde_json::Value;

use super::traceparent::is_id;

/// Tells what became of a call that has no result.
///
/// [`Error::find`] finds the error of the second and the third.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallError {
    /// Clarify understood the call, and answered with an error: with status 200, as JSON-RPC has it.
    Rpc(RpcError),
    /// Something was answered that is no answer to the call. By [kind](Error::kind) and
    /// [status](Error::status):
    ///
    /// | kind | status | what came |
    /// | --- | --- | --- |
    /// | [`Configuration`](ErrorKind::Configuration) | 400 | a header is wrong, such as the version |
    /// | [`CredentialsRefused`](ErrorKind::CredentialsRefused) | 401 | the credentials are missing, invalid or expired: Clarify does not say which |
    /// | [`Unavailable`](ErrorKind::Unavailable) | 429, 5xx | Clarify cannot be reached, or has too much to do |
    /// | [`Protocol`](ErrorKind::Protocol) | any other | nothing that Clarify documents |
    /// | [`Protocol`](ErrorKind::Protocol) | none | no JSON-RPC, the answer to another call, too large an answer, or a result of another type |
    Answer(Error),
    /// No answer came: the call was not sent ([`Configuration`](ErrorKind::Configuration) if it is too large), or not
    /// answered in time ([`Timeout`](ErrorKind::Timeout)), or it failed below, as it would for any request.
    NoAnswer(Error),
}

impl CallError {
    /// Takes our own error out of whatever is around it.
    pub(super) fn no_answer(error: impl Into<BoxError>) -> Self {
        let error: BoxError = error.into();
        Self::NoAnswer(match Error::find(&*error) {
            Some(found) => found.clone(),
            None => {
                Error::new(ErrorKind::Connect, "the client below could not make the call").with_source(error)
            }
        })
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rpc(error) => error.fmt(f),
            Self::Answer(error) | Self::NoAnswer(error) => error.fmt(f),
        }
    }
}

impl error::Error for CallError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Rpc(error) => Some(error),
            Self::Answer(error) | Self::NoAnswer(error) => Some(error),
        }
    }
}

/// Holds the error that Clarify answered a call with.
///
/// What is in it are Clarify's own words, which may repeat what was sent. So they are there for whoever asks for
/// them, and neither in `Display` nor in `Debug`: these have the code, our words for it, and the trace.
#[derive(Clone, Deserialize)]
pub struct RpcError {
    code: i64,
    #[serde(default)]
    message: String,
    /// JSON-RPC 2.0 allows anything in it, or nothing.
    #[serde(default)]
    data: Value,
    /// That of the answer.
    #[serde(skip)]
    trace: Option<String>,
}

impl RpcError {
    /// Returns the code. Known are (JSON-RPC 2.0, §5.1; Clarify's SDKs for Go and JavaScript):
    ///
    /// | code | means |
    /// | --- | --- |
    /// | -32700, -32600 | no JSON, no JSON-RPC |
    /// | -32601, -32602 | no such method, wrong parameters |
    /// | -32603, -32000 | an error inside of Clarify |
    /// | -32001, -32002 | an invalid resource was produced, or found |
    /// | -32003 | forbidden: the namespace is not granted, or the integration is another's |
    /// | -32009 | a conflict |
    /// | -32015 | try again |
    /// | -32021 | a part failed |
    #[must_use]
    pub fn code(&self) -> i64 {
        self.code
    }

    /// Returns Clarify's own words.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the id of the trace, which Clarify's support can find the call by.
    #[must_use]
    pub fn trace(&self) -> Option<&str> {
        self.data.get("trace").and_then(Value::as_str).or(self.trace.as_deref())
    }

    /// Lists the fields that are wrong, each with the reasons.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let fields = self.data.get("params").and_then(Value::as_object).into_iter().flatten();
        fields.map(|(field, reasons)| {
            let reasons = reasons.as_array().into_iter().flatten();
            (field.as_str(), reasons.filter_map(Value::as_str).collect())
        })
    }

    /// Says what is in `data`, line by line: each field that is wrong with the reasons, and whatever else there is as
    /// JSON, the trace left out.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        let mut rest = self.data.clone();
        let mut take = |name| rest.as_object_mut().and_then(|data| data.remove(name));
        let (params, _) = (take("params"), take("trace"));
        let mut lines = match params {
            None => Vec::new(),
            Some(Value::Object(fields)) => {
                fields.iter().map(|(field, reasons)| format!("{field}: {}", list(reasons))).collect()
            }
            Some(other) => vec![format!("params: {other}")],
        };
        if !rest.is_null() && rest.as_object().is_none_or(|rest| !rest.is_empty()) {
            lines.push(rest.to_string());
        }
        lines
    }

    /// Returns all of `data` as JSON, `null` if there is none: some errors have more, such as a partial result.
    #[must_use]
    pub fn data(&self) -> String {
        self.data.to_string()
    }

    /// Says what can be done, in one sentence.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        meaning(self.code).1
    }

    /// Takes the trace of the answer, in case the error has none of its own.
    pub(super) fn with_trace(self, trace: Option<&str>) -> Self {
        Self { trace: trace.map(str::to_owned), ..self }
    }
}

/// Reasons, one behind the other; whatever else stands there is JSON.
fn list(reasons: &Value) -> String {
    let texts = reasons.as_array().map(|all| all.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    texts.flatten().map_or_else(|| reasons.to_string(), |texts| texts.join(", "))
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clarify answered with RPC error {}: {}", self.code, meaning(self.code).0)?;
        match self.trace() {
            // In this form it is not a word of anybody's.
            Some(trace) if is_id(trace, 32) => write!(f, " (trace {trace})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RpcError").field("code", &self.code).finish_non_exhaustive()
    }
}

impl error::Error for RpcError {}

fn meaning(code: i64) -> (&'static str, &'static str) {
    match code {
        -32700 | -32600 => ("it could not read the call", "check what stands between here and Clarify"),
        -32601 => ("there is no such method", "check the method's name, and the version of the API"),
        -32602 => ("a parameter is wrong", "correct the fields that are named"),
        -32001 | -32002 => ("a resource is invalid", "see which in the data of the error, and correct it"),
        -32003 => {
            ("forbidden", "see which namespaces were granted to the integration, and that its id is its own")
        }
        -32009 => ("there is a conflict", "read the resource anew, and change that"),
        -32015 => ("it asks to be called again", "try again a little later"),
        -32021 => ("a part of it failed", "see which part in the data of the error"),
        _ => ("a failure of its own", "try again later; if it stays, tell Clarify's support the trace"),
    }
}
