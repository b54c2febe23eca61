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
//! use claviger_auth_core::{Fetch, TokenSource};
//! use claviger_oauth_cc::ClientCredentials;
//! use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
//! use http_body_util::Full;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! // In earnest: a pooled HTTPS client that follows no redirects.
//! let client = tower::service_fn(|_request: http::Request<Full<Bytes>>| async {
//!     let answer = r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#;
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::from(answer)))
//! });
//!
//! let acme = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretBasic, "acme")
//!     .with_secret("swordfish".into());
//! let endpoint = TokenEndpoint::builder("https://auth.example/oauth/token", acme).build(client)?;
//! let source = ClientCredentials::new(endpoint).with_scope("read write");
//!
//! let token = source.fetch(Fetch::Cold).await?;
//! assert_eq!(token.header(), "Bearer abc");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It keeps no token: a token cache in front of it does, and shares one fetch between all who wait. It has
//! no use for a refresh token, and passes one over.

mod client_credentials;

pub use client_credentials::ClientCredentials;
