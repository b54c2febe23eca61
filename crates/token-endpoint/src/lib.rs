//! The OAuth 2.0 token endpoint (RFC 6749 §3.2) as a client.
//!
//! # What it does
//!
//! Sends one token request and reads one answer, over any HTTP client that is a tower service. It knows the
//! ways in which servers want the client to prove who it is: a secret, a signed assertion (feature `jwt`), a client
//! certificate. It reads what real servers answer: `expires_in` as a text, no `token_type`, an error with status 200,
//! a proxy's HTML page. It finds the endpoint by its issuer, takes tokens back, and asks what the server knows of
//! one. No body, secret or token is ever part of an error.
//!
//! # Where it sits
//!
//! ```text
//! Authorization ─▶ TokenCache ─▶ TokenSource: oauth-cc │ … ─▶ TokenEndpoint ─▶ client, certificate
//!                                                             ▲▲▲ here
//! ```
//!
//! # Example
//!
//! ```
//! use bytes::Bytes;
//! use claviger_token_endpoint::{
//!     ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, TokenRequest,
//! };
//! use http_body_util::Full;
//! use secrecy::ExposeSecret;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! // In earnest: a pooled HTTPS client that follows no redirects.
//! let client = tower::service_fn(|request: http::Request<Full<Bytes>>| async move {
//!     assert_eq!(request.headers()["authorization"], "Basic YWNtZTpzd29yZGZpc2g=");
//!     let answer = r#"{"access_token":"abc","token_type":"bearer","expires_in":"3600"}"#;
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::from(answer)))
//! });
//!
//! let acme = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretBasic, "acme")
//!     .with_secret("swordfish".into());
//! let endpoint = TokenEndpoint::builder("https://auth.example/oauth/token", acme).build(client)?;
//! let answer = endpoint.request(&TokenRequest::client_credentials().with_scope("read")).await?;
//! assert_eq!(answer.access_token().expose_secret(), "abc");
//! assert_eq!(answer.access_token().expires_in().unwrap().as_secs(), 3600);
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It keeps no token and follows no redirect; nor may the transport. It tries nothing twice but a connection that was
//! refused, once. Of a token it looks only at the certificate that it is bound to. Of users it knows nothing: how they
//! log in is the business of `oauth-code`.

mod address;
#[cfg(feature = "jwt")]
mod assertion;
mod base_url;
mod binding;
mod caller;
mod client_authentication;
mod device_authorization;
mod discovery;
mod encode;
mod endpoint;
mod introspection;
mod judge;
mod members;
mod oauth_error;
#[cfg(any(feature = "reqwest-0-12", feature = "reqwest-0-13"))]
mod reqwest;
mod retry_after;
mod server_metadata;
#[cfg(feature = "jwt")]
mod signing_key;
mod token_answer;
mod token_endpoint;
mod token_request;
mod transport;
mod wiped;

#[cfg(feature = "reqwest-0-12")]
pub use reqwest::reqwest_0_12;
#[cfg(feature = "reqwest-0-13")]
pub use reqwest::reqwest_0_13;
#[cfg(feature = "jwt")]
pub use signing_key::{SigningAlgorithm, SigningKey};
pub use {
    base_url::BaseUrl,
    client_authentication::{ClientAuthentication, ClientAuthenticationMethod, Proof},
    device_authorization::DeviceAuthorization,
    discovery::{Discovery, DiscoveryBuilder},
    introspection::Introspection,
    oauth_error::registered,
    server_metadata::ServerMetadata,
    token_answer::TokenAnswer,
    token_endpoint::{TokenEndpoint, TokenEndpointBuilder},
    token_request::TokenRequest,
    transport::Transport,
};
