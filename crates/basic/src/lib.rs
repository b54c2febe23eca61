//! HTTP Basic credentials (RFC 7617).
//!
//! # What it does
//!
//! [`Basic`] is a user name and a password, encoded once, as a
//! [`CredentialSource`](claviger_auth_core::CredentialSource) for the layers of `claviger-auth-core`.
//!
//! # Where it sits
//!
//! ```text
//! request ─▶ SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ pooled client ─▶ MtlsConnector ─▶ provider
//!                                              └─ Basic
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_auth_core::{Origin, authorization::AuthorizationLayer};
//! use claviger_basic::Basic;
//! use http::{Request, Response, header::AUTHORIZATION};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let basic = Basic::new("Aladdin", &"open sesame".into())?;
//! let service = ServiceBuilder::new()
//!     .layer(AuthorizationLayer::new(basic, Origin::https("https://api.example")?))
//!     .service(service_fn(|request: Request<()>| async move {
//!         assert_eq!(request.headers()[AUTHORIZATION], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
//!         Ok::<_, BoxError>(Response::new(()))
//!     }));
//! service.oneshot(Request::get("https://api.example/").body(())?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It reads no challenge and asks nobody for a password. It is not the client authentication of a token
//! endpoint, where the two parts are form-encoded first (RFC 6749 §2.3.1): that is `claviger-token-endpoint`.

mod basic;

pub use basic::Basic;
