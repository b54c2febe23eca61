//! The ready HTTPS client: pooled, HTTP/1.1 and HTTP/2, with a client certificate where there is one.
//!
//! # What it does
//!
//! [`Client`] is hyper-util's pooled client over the connector of `claviger-mtls`: a tower service that sends
//! `http` requests with any body, and whose errors say what to do. It is what the layers of
//! `claviger-auth-core` are put on; any other client will do, too.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ provider
//!                                                               ^^^^^^^^^^^^^
//! ```
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use claviger_auth_core::{Error, ErrorKind};
//! use claviger_client::Client;
//! use claviger_mtls::{Tls, Trust};
//! use http_body_util::Empty;
//! use tower::ServiceExt;
//!
//! # let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
//! # let key = rcgen::KeyPair::generate()?;
//! # let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
//! # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
//! # let ca = parameters.self_signed(&key)?.pem();
//! let tls = Tls::builder(Trust::given([ca.as_bytes()])?)
//! #   .with_crypto_provider(provider)
//!     .build()?;
//! let client = Client::<Empty<Bytes>>::builder(tls).build();
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let request = http::Request::get("http://api.example/v1").body(Empty::new())?;
//! let error = client.oneshot(request).await.unwrap_err();
//! // Nothing was sent: the URI is not https.
//! assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Configuration);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It follows no redirects, keeps no cookies, decodes no content, retries no request that a server may have
//! seen, and puts no credential on a request: that is `claviger-auth-core`. It uses a proxy only when it is told to
//! and never asks the environment for one.

mod attempt;
mod attempts;
mod client;
mod connect;
mod connections;
mod failure;
mod joined;
mod polled;
mod pools;
mod proxy;

pub use client::{Client, ClientBuilder, ResponseFuture};
pub use proxy::Proxies;
