//! What tests of claviger's layers need: a token source that follows a script, and a search for leaked secrets.
//!
//! # What it does
//!
//! - [`ScriptedSource`] hands out tokens and errors in order, holds them until it is told, and records its calls.
//! - [`Canary`] fails a test if a secret stands in a text, or in the `Debug`, `Display` or causes of a value.
//!
//! Time is the third thing that tests need: `ManualClock` of `claviger-auth-core`, with its feature `test-util`.
//!
//! # Where it sits
//!
//! ```text
//! Authorization ─▶ TokenCache ─▶ ScriptedSource        Canary ─▶ whatever is logged or shown
//! ```
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use claviger_auth_core::{CredentialSource, ManualClock, TokenCache};
//! use claviger_test_kit::{Answer, Canary, ScriptedSource, Why};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), claviger_auth_core::Error> {
//! let life = Duration::from_secs(300);
//! let source = ScriptedSource::new([Answer::token("swordfish", life), Answer::token("marlin", life)]);
//! let clock = ManualClock::new();
//! let cache = TokenCache::builder(source.clone()).with_clock(clock.clone()).build();
//!
//! let credential = cache.obtain().await?;
//! let canary = Canary::found("swordfish", credential.value().to_str().unwrap());
//! canary.assert_hidden(&credential);
//!
//! clock.advance(life);
//! assert_eq!(cache.obtain().await?.value(), "Bearer marlin");
//! assert_eq!(source.calls(), [Why::Cold, Why::Cold]);
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It speaks no protocol and opens no port: for that there is `claviger-sandbox`. It is for tests: what is wrong
//! with one makes it panic.

mod canary;
mod scripted_source;

pub use {
    canary::Canary,
    scripted_source::{Answer, ScriptedSource, Why},
};
