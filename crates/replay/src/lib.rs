//! Sends requests a second time whose bodies stream, out of a bounded copy; and reqwest's.
//!
//! # What it does
//!
//! `RetryUnauthorized` sends a request once more when its credential was rejected and another can be had. How a
//! request is sent again is told by a `Replay`. `claviger-auth-core` has those for bodies that can be cloned and for
//! requests without a body; here are
//!
//! - [`ReplayStreamed`], for any body: a copy of at most 64 KiB is kept while it streams;
//! - `ReplayReqwest012` and `ReplayReqwest013`, by feature, for the requests of either version of reqwest.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ provider
//!                         └ how? this crate
//! ```
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use claviger_auth_core::{
//!     Origin, StaticToken, authorization::AuthorizationLayer, retry_unauthorized::RetryUnauthorizedLayer,
//! };
//! use claviger_replay::{ReplayStreamed, StreamedBody};
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let service = ServiceBuilder::new()
//!     .layer(RetryUnauthorizedLayer::new(ReplayStreamed::new().with_limit(4096)))
//!     .layer(AuthorizationLayer::new(
//!         StaticToken::bearer("swordfish".into())?,
//!         Origin::https("https://api.example")?,
//!     ))
//!     .service(service_fn(|request: Request<StreamedBody<Full<Bytes>>>| async move {
//!         assert_eq!(request.into_body().collect().await?.to_bytes(), "a stream");
//!         Ok::<_, BoxError>(Response::new(()))
//!     }));
//! service.oneshot(Request::post("https://api.example/").body(Full::from("a stream"))?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It reads nothing ahead and waits for nothing: a body that is too large, that broke off, or that the client below
//! still holds is not sent again, and the caller gets the first answer.

mod replay_streamed;
#[cfg(any(feature = "reqwest-0-12", feature = "reqwest-0-13"))]
mod reqwest;

pub use replay_streamed::{ReplayStreamed, StreamedBody, StreamedRequest};
#[cfg(feature = "reqwest-0-12")]
pub use reqwest::ReplayReqwest012;
#[cfg(feature = "reqwest-0-13")]
pub use reqwest::ReplayReqwest013;
