//! Clazar's API (clazar.io): tokens for an id and a secret that are sent as JSON.
//!
//! # What it does
//!
//! It fetches a token from `/authenticate/`, which is no token endpoint as RFC 6749 has it: a JSON body with
//! an id and a secret, and no grant type (Clazar's developer documentation, "Get an access token"). It puts
//! that token on every request. [`Client`] is ready to use; [`ClazarLayer`] is for a client of one's own.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ Clazar
//!            └────────── ClazarLayer ─────────┘
//!            └───────────────────── Client ────────────────┘
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_clazar::Config;
//!
//! let config = Config::new("integration", "swordfish".into());
//! assert_eq!(config.endpoints().token_url(), "https://api.clazar.io/authenticate/");
//! assert_eq!(config.endpoints().url("/contracts/?page=2")?, "https://api.clazar.io/contracts/?page=2");
//! # Ok::<(), claviger_auth_core::Error>(())
//! ```
//!
//! # What it does not do
//!
//! It does not look into answers: metering answers 200 for records that were refused. It neither adds nor
//! takes off a slash at the end of a path. It does not judge webhooks, and retries for authentication only:
//! a metering record that was sent twice may be charged twice.
//! What else is left out, and why, is in `docs/clazar.md`.

#[cfg(feature = "client")]
mod client;
mod config;
mod endpoints;
mod layer;

#[cfg(feature = "client")]
pub use client::Client;
pub use {
    config::Config,
    endpoints::Endpoints,
    layer::{ClazarLayer, ClazarService},
};
