//! Logging in with a browser or on another device, and a session that lasts.
//!
//! # What it does
//!
//! - [`AuthorizationCode`] sends a user to log in, always with a proof key (RFC 7636); a [`Receiver`] waits on the
//!   loopback interface for the browser to come back, or the user pastes where it was sent.
//! - [`DeviceGrant`] lets the user log in on another device (RFC 8628).
//! - [`Session`] keeps what came of it in a [`SessionStore`] and hands out access tokens: renewed one at a time
//!   across processes, and stored before they are handed out.
//!
//! # Where it sits
//!
//! ```text
//! AuthorizationCode, DeviceGrant ─▶ begin ┐
//! Authorization ─▶ TokenCache ─▶ Session ─┴▶ TokenEndpoint ─▶ client, certificate
//!                                ▲▲▲ here └▶ SessionStore: in memory here, in a file by session-store-file
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_auth_core::TokenCache;
//! use claviger_oauth_code::{AuthorizationCode, MemorySessionStore, Session};
//! use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
//! use http_body_util::Full;
//! use secrecy::ExposeSecret;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! // In earnest: a pooled HTTPS client that follows no redirects.
//! let client = tower::service_fn(|_: http::Request<Full<bytes::Bytes>>| async move {
//!     let answer = r#"{"access_token":"abc","refresh_token":"r","expires_in":3600}"#;
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<bytes::Bytes>::from(answer)))
//! });
//! let acme = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
//! let endpoint = TokenEndpoint::builder("https://auth.example/token", acme).build(client)?;
//!
//! let authorization = AuthorizationCode::builder(endpoint.clone(), "https://auth.example/authorize")
//!     .with_scope("read offline_access")
//!     .build()?;
//! let receiver = authorization.listen().await?;
//! let login = authorization.begin_at(&receiver)?;
//! // In earnest: open login.url() in a browser, and
//! // receiver.receive(&login, five_minutes, async |answer| session.begin(&answer).await).await.
//! # let state = login.url().split("state=").nth(1).unwrap().split('&').next().unwrap();
//! # let pasted = format!("{}?code=c&state={state}", receiver.redirect_uri());
//! let answer = login.accept_redirect(&pasted).await?;
//!
//! let session = Session::new(endpoint, MemorySessionStore::new());
//! session.begin(&answer).await?;
//! assert_eq!(TokenCache::new(session).token().await?.expose_secret(), "abc");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It opens no browser, follows no redirect and reads no ID token: it gets access to an API, and does not tell who the
//! user is. There is no implicit grant and no password grant. A session is not shared between machines.

mod authorization_code;
mod device;
#[cfg(test)]
mod fake_server;
mod login;
mod random;
mod receiver;
mod redirect;
mod redirect_uri;
mod session;
mod session_store;
mod stored_session;

pub use {
    authorization_code::{AuthorizationCode, AuthorizationCodeBuilder},
    device::{DeviceGrant, DeviceLogin},
    login::Login,
    receiver::Receiver,
    session::Session,
    session_store::{MemorySessionStore, SessionLock, SessionStore},
    stored_session::StoredSession,
};
