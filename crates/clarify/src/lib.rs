//! Clarify's API (clarify.io, of Searis): OAuth 2.0 with an audience, or HTTP Basic, and `X-API-Version`.
//!
//! # What it does
//!
//! It reads the credentials file of an integration, and puts three things on every request: a token fetched
//! for it, or HTTP Basic, whichever the file is for; the version of the API; and the content type, without
//! which Clarify looks at nothing. [`Client`] is ready to use; [`ClarifyLayer`] is for a client of one's own.
//! [`RpcClient`] calls methods over either, with types of one's own, and tells apart what may come back.
//! With the feature `mqtt`, the module of that name publishes data frames to Clarify's MQTT broker.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ two headers ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ Clarify
//!            └────────────── ClarifyLayer ───────────────────┘
//! RpcClient ─▶ └─────────────────────────────── Client ─────────────────────────────┘
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_clarify::{Config, Credentials};
//!
//! # let dir = tempfile::tempdir()?;
//! # let file = dir.path().join("clarify-credentials.json");
//! # std::fs::write(&file, r#"{"apiUrl":"https://api.clarify.io/v1","integration":"acme","credentials":
//! #     {"type":"client-credentials","clientId":"a","clientSecret":"swordfish"}}"#)?;
//! let config = Config::new(Credentials::from_file(file)?);
//! assert_eq!(config.endpoints().rpc_url(), "https://api.clarify.io/v1/rpc");
//! assert_eq!(config.api_version().to_string(), "1.1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! The layers do not look into bodies. Clarify answers most errors with status 200 and a JSON-RPC error, a missing
//! permission among them (code -32003): [`RpcClient`] reads it, and no error of a call fetches a token or sends
//! the call again. There are no types for the methods, and no batches, which Clarify does not take. What it leaves
//! out of Clarify's SDKs, and why, is in `docs/clarify.md`.

mod api_version;
#[cfg(feature = "client")]
mod client;
mod config;
mod credentials;
mod endpoints;
mod layer;
#[cfg(feature = "mqtt")]
pub mod mqtt;
mod rpc;

#[cfg(feature = "client")]
pub use client::Client;
pub use {
    api_version::ApiVersion,
    config::Config,
    credentials::{Credentials, CredentialsType},
    endpoints::Endpoints,
    layer::{ClarifyLayer, ClarifyService},
    rpc::{CallError, RpcAnswer, RpcCall, RpcClient, RpcError, Traceparent},
};
