//! ClarusWMS's API (claruswms.com): OAuth 2.0 or a given token, and `X-Clarus-Subdomain`.
//!
//! # What it does
//!
//! It puts on every request, REST or GraphQL, what Clarus asks for (Clarus's guide "API authentication",
//! "Request headers"): a token, fetched with client credentials or given by hand; the subdomain that the
//! request is for; and `Content-Type: application/json`, where the caller has set none. [`Client`] is ready
//! to use; [`ClarusLayer`] is for a client of one's own.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ Content-Type ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ Clarus
//!            └────────────────────── ClarusLayer ──────────────────────┘
//!            └───────────────────────────────────── Client ─────────────────────┘
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_clarus::{Config, Credentials, Subdomain};
//!
//! let credentials = Credentials::new("integration", "swordfish".into());
//! let config = Config::new(Subdomain::new("acme")?, credentials);
//! assert_eq!(config.endpoints().url("/api/orders?page=2")?, "https://clarus-api.com/api/orders?page=2");
//! assert_eq!(config.endpoints().graphql_url(), "https://clarus-api.com/graphql");
//! # Ok::<(), claviger_auth_core::Error>(())
//! ```
//!
//! # What it does not do
//!
//! It logs nobody in: `claviger-oauth-code` does, and the session that comes of that is given to
//! [`ClarusLayer::with_credentials`]. It does not look into answers: a 200 whose GraphQL `errors` speak of a token is passed on, and nothing is sent again. It does
//! not judge webhooks.
//! What else is left out, and why, is in `docs/clarus.md`.

mod authentication;
#[cfg(feature = "client")]
mod client;
mod config;
mod endpoints;
mod layer;
mod subdomain;

#[cfg(feature = "client")]
pub use client::Client;
pub use {
    authentication::{Authentication, Credentials},
    config::Config,
    endpoints::Endpoints,
    layer::{ClarusLayer, ClarusService},
    subdomain::Subdomain,
};
