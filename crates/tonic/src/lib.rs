//! Client authentication for tonic: channels with a client certificate, and tokens as gRPC rejects them.
//!
//! # What it does
//!
//! - [`channel`] makes a tonic `Channel` over our connector, so that a client certificate is shown, rotated and
//!   explained as everywhere else. It works whether or not another crate has turned tonic's own TLS on.
//! - [`GrpcAuthorizationLayer`] stamps each call with a credential, and takes `UNAUTHENTICATED` for a rejection,
//!   wherever gRPC says it.
//!
//! The other layers of `claviger-auth-core` go around it as they are: a channel has one origin, so give them
//! `Origins::bound_to`. What is in the extensions of a `tonic::Request` is in those of the HTTP request.
//!
//! # Where it sits
//!
//! ```text
//! call ─▶ SetTenant ─▶ RetryUnauthorized ─▶ GrpcAuthorization ─▶ Channel ─▶ MtlsConnector ─▶ provider
//!                                           └───────────── this crate ─────────────┘
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_auth_core::{
//!     BoxError, Origin, Origins, StaticToken, retry_unauthorized::RetryUnauthorizedLayer,
//!     set_tenant::{SetTenantLayer, Tenant},
//! };
//! use claviger_replay::{ReplayStreamed, StreamedBody};
//! use claviger_tonic::GrpcAuthorizationLayer;
//! use http::{HeaderName, Request, Response};
//! use tonic::body::Body;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let channel = service_fn(|call: Request<Body>| async move {
//! #     assert_eq!(call.headers()["x-tenant"], "acme");
//! #     assert_eq!(call.headers()["authorization"], "Bearer swordfish");
//! #     Ok::<_, BoxError>(Response::new(Body::empty()))
//! # });
//! # let tokens = StaticToken::bearer("swordfish".into())?;
//! // let channel = claviger_tonic::channel(tls, "https://api.example", |endpoint| endpoint)?;
//! // let tokens = TokenCache::new(…);
//! let origin = Origin::https("https://api.example")?;
//! let tenant = HeaderName::from_static("x-tenant");
//! let service = ServiceBuilder::new()
//!     .layer(SetTenantLayer::fixed(tenant, Tenant::new("acme")?, Origins::bound_to(origin.clone())))
//!     .layer(RetryUnauthorizedLayer::new(ReplayStreamed::new()))
//!     .layer(GrpcAuthorizationLayer::new(tokens, origin))
//!     .map_request(|call: Request<StreamedBody<Body>>| call.map(Body::new))
//!     .service(channel);
//! // OrdersClient::new(service).list(tonic::Request::new(…)).await?;
//! # service.oneshot(Request::post("/acme.v1.Orders/List").body(Body::empty())?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It sends no call again whose answer had begun, nor one whose messages have more than the layer keeps. A channel
//! that is connected keeps its connection: after a rotation, make another.

mod channel;
mod grpc_authorization;

pub use channel::channel;
pub use grpc_authorization::{GrpcAuthorization, GrpcAuthorizationLayer, ResponseFuture, WatchedBody};
