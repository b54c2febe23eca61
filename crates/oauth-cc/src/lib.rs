//! The OAuth 2.0 client credentials grant (RFC 6749 §4.4) as a source of access tokens.
//!
//! # What it does
//!
//! Gets an access token for a program that acts in its own name: with scopes, an audience, resources (RFC
//! 8707) or the provider's own parameters, and bound to a client certificate (RFC 8705) where it is.
//!
//! # Where it sits
//!
//! ```text
//! Authorization ─▶ TokenCache ─▶ TokenSource ─▶ TokenEndpoint ─▶ client, certificate
//!                                ▲▲▲ here: ClientCredentials
//! ```
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use claviger_auth_core::{Origin, TokenCache, authorization::AuthorizationLayer};
//! use claviger_oauth_cc::ClientCredentials;
//! use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! // In earnest: one pooled HTTPS client for both, which follows no redirects.
//! let client = service_fn(|request: Request<Full<Bytes>>| async move {
//!     let answer = match request.uri().path() {
//!         "/oauth/token" => r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#,
//!         _ => request.headers()["authorization"].to_str()?,
//!     };
//!     Ok::<_, BoxError>(Response::new(Full::<Bytes>::from(answer.to_owned())))
//! });
//!
//! let acme = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretBasic, "acme")
//!     .with_secret("swordfish".into());
//! let endpoint = TokenEndpoint::builder("https://api.example/oauth/token", acme).build(client)?;
//! let tokens = TokenCache::new(ClientCredentials::new(endpoint).with_scope("read write"));
//!
//! let api = ServiceBuilder::new()
//!     .layer(AuthorizationLayer::new(tokens, Origin::https("https://api.example")?))
//!     .service(client);
//! let request = Request::get("https://api.example/v1/things").body(Full::<Bytes>::default())?;
//! let echo = http_body_util::BodyExt::collect(api.oneshot(request).await?.into_body()).await?;
//! assert_eq!(echo.to_bytes(), "Bearer abc");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It keeps no token: a [`TokenCache`](claviger_auth_core::TokenCache) in front of it does, and shares one
//! fetch between all who wait. It has no use for a refresh token, and passes one over.

mod client_credentials;

pub use client_credentials::ClientCredentials;
