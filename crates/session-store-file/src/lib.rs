//! Keeps a session in a file: one login for all processes of a user.
//!
//! # What it does
//!
//! [`FileSessionStore`] is the store of a session on disk. The file is for its user alone, in a folder for its user
//! alone, and neither is used where others could have been at it. It is replaced as a whole, and written out before a
//! renewal counts as done: whoever is killed leaves the session before or the one after. A lock beside it, which ends
//! with its process, lets one at a time renew. With a key of 256 bits what is in the file is sealed.
//!
//! # Where it sits
//!
//! ```text
//! Authorization ─▶ TokenCache ─▶ Session ─┬▶ TokenEndpoint ─▶ client, certificate
//!                                         └▶ SessionStore
//!                                            ▲▲▲ here
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_auth_core::TokenCache;
//! use claviger_oauth_code::Session;
//! use claviger_session_store_file::{FileSessionStore, SealKey, SessionName};
//! use claviger_token_endpoint::{
//!     ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, TokenRequest,
//! };
//! use http_body_util::Full;
//! use secrecy::ExposeSecret;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let client = tower::service_fn(|_: http::Request<Full<bytes::Bytes>>| async move {
//! #     let answer = r#"{"access_token":"abc","refresh_token":"r","expires_in":3600}"#;
//! #     Ok::<_, std::convert::Infallible>(http::Response::new(Full::<bytes::Bytes>::from(answer)))
//! # });
//! # let home = tempfile::tempdir()?;
//! # let folder = home.path().join("sessions");
//! let acme = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
//! let endpoint = TokenEndpoint::builder("https://auth.example/token", acme).build(client)?;
//! let name = SessionName::new("work", "https://auth.example/token", "acme");
//! let key = SealKey::random()?; // in earnest: from the environment, a file or a keyring (feature `keyring`)
//! let store = FileSessionStore::builder(&folder, name).with_key(key).build()?;
//!
//! // Once, after a login:
//! # let code = TokenRequest::authorization_code("c".into(), "http://127.0.0.1/callback", "v".into());
//! # let answer = endpoint.request(&code).await?;
//! Session::new(endpoint.clone(), store.clone()).begin(&answer).await?;
//! // And in every run from then on:
//! let session = TokenCache::new(Session::new(endpoint, store));
//! assert_eq!(session.token().await?.expose_secret(), "abc");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It keeps no key in a file: where that is from is its caller's choice. It cannot keep out another program of the same user, who
//! may read the key too. It does not share a session between machines; a file lock seldom does. What the server has
//! ended lies beside, as `….ended`, until the next one that ends, or until somebody logs out.

mod file_session_store;
#[cfg(feature = "keyring")]
mod keyring_key;
mod session_name;

#[cfg(feature = "keyring")]
pub use keyring_key::KeyringKey;
pub use {
    claviger_seal::SealKey,
    file_session_store::{FileSessionStore, FileSessionStoreBuilder},
    session_name::SessionName,
};
