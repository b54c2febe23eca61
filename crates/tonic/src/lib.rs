//! gRPC with tonic: a channel with a client certificate, and authorization that knows how gRPC says no.
//!
//! # What it does
//!
//! - [`Channel`] is a tonic channel over our TLS connector: client certificate, trust, HTTP/2 alone, and errors in
//!   words. It is the same whichever of tonic's own TLS features are turned on.
//! - [`GrpcAuthorizationLayer`] puts a credential on each call, and takes note when it is rejected: by
//!   `grpc-status: 16` in the headers or in the trailers, or by a proxy's 401.
//!
//! # Where it sits
//!
//! ```text
//! call ─▶ SetTenant ─▶ RetryUnauthorized ─▶ GrpcAuthorization ─▶ Channel ─▶ MtlsConnector ─▶ provider
//!                                           └──────── this crate ──────┘
//! ```
//!
//! A client that `tonic-build` made takes the stack as its channel. tonic hands the extensions of its requests on, so
//! what a request carries for the layers (a tenant, credentials of its own) goes into `tonic::Request::extensions_mut`.
//! To put the stack into a box, make its error a status first, as with `map_err(Status::from_error)`: in a boxed service
//! whose error is a box as well, the compiler finds (rust-lang/rust#64552) that calls cannot be spawned.
//!
//! # Example
//!
//! ```
//! use claviger_auth_core::{Error, ErrorKind, StaticToken, authorization::AuthorizationLayer};
//! use claviger_tonic::{Channel, GrpcAuthorizationLayer};
//! use http::Request;
//! use tonic::body::Body;
//! use tower::{BoxError, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let key = rcgen::KeyPair::generate()?;
//! # let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
//! # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
//! # let ca_pem = parameters.self_signed(&key)?.pem();
//! # let tls = claviger_mtls::Tls::builder(claviger_mtls::Trust::given([ca_pem.as_bytes()])?)
//! #     .with_crypto_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
//! #     .build()?;
//! let channel = Channel::new(tls, "https://api.example")?; // it connects when the first call comes
//! let tokens = StaticToken::bearer("swordfish".into())?;
//! let authorization = AuthorizationLayer::new(tokens, channel.origins());
//! let stack = ServiceBuilder::new().layer(GrpcAuthorizationLayer::new(authorization)).service(channel);
//! // let client = GreeterClient::new(stack);
//!
//! let foreign = Request::post("https://evil.example/hello.Greeter/Hello").body(Body::empty())?;
//! let error = stack.oneshot(foreign).await.expect_err("refused before anything is sent");
//! assert_eq!(Error::find(&*error).map(Error::kind), Some(ErrorKind::Origin));
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It does not send a call again whose rejection came in the trailers: by then the caller has the first messages. It
//! balances over no list of endpoints and takes no proxy. tonic's time-outs begin at the channel: they do not count the
//! wait for a token. What a server says in `grpc-message` is tonic's to show.

mod authorization;
mod channel;
mod connections;
mod connector;

pub use {
    authorization::{GrpcAuthorization, GrpcAuthorizationLayer, ResponseFuture, WatchedBody},
    channel::{Channel, ChannelBuilder, ChannelFuture},
};
