//! What the server does, case by case.

mod members;
mod refusals;
mod transfer;

use std::time::Duration;

use claviger_auth_core::ErrorKind::{
    self, ClientCertificate, Configuration, Connect, CredentialsRefused, Protocol, Timeout, Unavailable,
};

#[derive(Clone)]
pub(super) enum Step {
    /// One byte after each pause.
    Drip(Vec<u8>, Duration),
    /// Again and again, for as long as somebody takes it.
    Flood(Vec<u8>),
    Hang,
    /// A whole request.
    Hear,
    Say(Vec<u8>),
    Wait(Duration),
}

pub(super) enum Outcome {
    Fails(ErrorKind),
    /// With a life of so many seconds.
    Token(Option<u64>),
    /// Unavailable, with what is made of `Retry-After`.
    Waits(Option<u64>),
}

use Outcome::{Fails, Token, Waits};
use Step::{Drip, Flood, Hang, Hear, Say, Wait};

pub(super) struct Case {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
    pub(super) outcome: Outcome,
}

fn case(name: impl Into<String>, steps: Vec<Step>, outcome: Outcome) -> Case {
    // Last of all it hangs up.
    Case { name: name.into(), steps: [vec![Hear], steps].concat(), outcome }
}

/// A whole answer, with a length.
fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "content-type: application/json\r\n", body)
}

const TOKEN: &str = r#"{"access_token":"canary","expires_in":60}"#;
const TEN_YEARS: u64 = 315_360_000;

pub(super) fn cases() -> Vec<Case> {
    [
        refusals::statuses(),
        refusals::redirects(),
        refusals::codes(),
        transfer::types(),
        transfer::framing(),
        transfer::sizes(),
        transfer::timings(),
        members::json(),
        members::members(),
        members::lives(),
        refusals::waits(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
