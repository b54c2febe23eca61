//! What every emulated provider stands on: TLS listener, certificates, journal, faults, tokens.
//!
//! # What it does
//!
//! [`Provider`] is what all emulated providers have in common, and how a test steers them: an [`Account`], the
//! [`Tokens`] it issued, a [`Journal`] of what arrived, the [`Fault`]s that are to be played. [`Emulate`] gives the
//! routes of one provider the rest, and puts the journal and the faults around them. [`Server`] serves them over TLS
//! with the certificates of an [`Authority`]. An [`AuthorizationServer`] lets people log in. The modules read requests
//! and write answers as the RFCs have them.
//!
//! # Where it sits
//!
//! Below `claviger-sandbox`, which has the providers themselves and is what tests depend on: it exports anew what they
//! need of this crate. It shares no code with the client side, so that one misreading of a document cannot pass on both.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::extract::Request;
//! use axum::response::{IntoResponse as _, Response};
//! use axum::{Router, body::Body, routing::get};
//! use claviger_sandbox_stage::{Emulate as _, Error, Fault, Manner, Provider, Target, Times};
//! use http::StatusCode;
//! use tower::ServiceExt as _;
//!
//! fn refuse(_: Target, status: StatusCode, text: &str) -> Response {
//!     (status, text.to_owned()).into_response()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let manner = Manner { api_path: "", token_path: "/oauth/token", refuse };
//! let provider = Provider::new(([127, 0, 0, 1], 9).into(), Duration::from_secs(300), manner)?;
//! let router = provider.around(Router::new().route("/hello", get(|| async { "hello" })));
//!
//! provider.play(Target::Api, Fault::Unavailable, Times::ONCE);
//! for status in [503, 200] {
//!     let request = Request::get("/hello").body(Body::empty()).expect("all its parts are valid");
//!     let Ok(answer) = router.clone().oneshot(request).await;
//!     assert_eq!(answer.status(), status);
//! }
//! assert_eq!(provider.journal().api_requests(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It knows no provider: paths, bodies and data are each one's own. It is no model for a server: nothing is limited or
//! compared in constant time. Only `claviger-sandbox` is meant to build on it.

mod account;
mod authority;
pub mod authorization;
mod authorization_server;
pub mod clock;
mod control;
mod error;
mod event;
mod fault;
mod filler;
pub mod identifier;
mod journal;
mod provider;
pub mod random;
mod server;
mod stage;
pub mod token_request;
mod tokens;

pub use account::Account;
pub use authority::{Authority, Identity};
pub use authorization_server::{AuthorizationServer, Decision, RefreshTokens, Terms};
pub use error::{Error, failure};
pub use event::Event;
pub use fault::{Fault, Target, Times, UnknownName};
pub use filler::Filler;
pub use journal::{Entry, Journal};
pub use provider::{Emulate, Manner, Provider};
pub use server::{Peer, Server};
pub use stage::{Hold, drain};
pub use tokens::{Grant, Tokens};
