//! Emulates the providers that Claviger speaks to, for tests and for people without an account.
//!
//! # What it does
//!
//! [`Sandbox::start`] listens on free ports of 127.0.0.1, one for each provider, and behaves as the providers'
//! documents say: real TLS with certificates made afresh, credentials drawn at random, a token endpoint, an API. All
//! four deref to [`Provider`]: a [`Journal`] keeps each request as it arrived, a [`Fault`] is played on demand, and
//! [`Provider::hold`] keeps answers back, so that a test needs no sleep. [`Sandbox::write_dir`] writes the files people
//! get from the providers, and settings that use them.
//!
//! | provider | token endpoint | API |
//! | --- | --- | --- |
//! | [`Clara`] | HTTP Basic; a client certificate everywhere | lists; `GET /api/v3/always-unauthorized`, `GET /api/v3/large?bytes=N`, `POST /api/v3/upload` (answers length and SHA-256); gRPC: `claviger.sandbox.v1.Echo` with `Say`, `Collect`, `Repeat` |
//! | [`Clarify`] | form with `audience` | JSON-RPC, also with HTTP Basic |
//! | [`Clarus`] | form, HTTP Basic or body; login with a browser | REST and GraphQL, each with `X-Clarus-Subdomain` |
//! | [`Clazar`] | JSON, or form | lists and metering |
//!
//! For people with a terminal there are control routes on each listener, which want no token:
//!
//! | route | does |
//! | --- | --- |
//! | `GET /sandbox/journal` | lists the requests, credentials masked; `DELETE` forgets them |
//! | `POST /sandbox/faults/{target}/{name}?times=N` | plays a fault on `api`, `login` or `token`; `times=until-cleared`; `seconds=N` or `millis=N` for `slow` and `too-many-requests` |
//! | `DELETE /sandbox/faults` | forgets all faults |
//! | `POST /sandbox/revoke` | revokes all access tokens |
//! | `POST /sandbox/end-session` | Clarus: revokes what was issued to the client, as a login of its user does; `POST /sandbox/end-logins`: all that logins have led to |
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ [sandbox]
//! ```
//!
//! It stands on `claviger-sandbox-stage`. Neither shares code with the client side: no misreading can pass on both.
//!
//! # Example
//!
//! ```
//! use claviger_sandbox::{Fault, Options, Sandbox, Target, Times};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), claviger_sandbox::Error> {
//! let sandbox = Sandbox::start(Options::new()).await?;
//! let clara = sandbox.clara();
//! clara.play(Target::Token, Fault::Unavailable, Times::ONCE);
//!
//! // Here a client that trusts `sandbox.ca_pem()` and presents `clara.identity()` would fetch a token.
//! assert!(clara.token_url().starts_with("https://127.0.0.1:"));
//! assert!(sandbox.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! assert_eq!(clara.journal().token_requests(), 0);
//! sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It is no model for a server: nothing is limited or compared in constant time, nothing outlives it. It listens on
//! loopback only. What the documents leave open (whether tokens are bound to the certificate, how a wrong tenant is
//! answered) it decides in the stricter way. Clarify's data is raw and never rolled up; each signal is published at once.

mod clara;
mod clarify;
mod clarus;
mod clazar;
mod files;
mod sandbox;

pub use clara::Clara;
pub use clarify::Clarify;
pub use clarus::Clarus;
pub use claviger_sandbox_stage::{
    AuthorizationServer, Decision, Entry, Error, Event, Fault, Hold, Identity, Journal, Peer, Provider,
    RefreshTokens, Target, Times, UnknownName,
};
pub use clazar::Clazar;
pub use sandbox::{Options, Sandbox};

#[cfg(test)]
mod tests;
