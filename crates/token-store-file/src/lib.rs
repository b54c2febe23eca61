//! Keeps access tokens in files between runs, one token for many processes.
//!
//! # What it does
//!
//! [`TokenStore`] is a token source that wraps another. It hands out the token that an earlier run fetched, as old
//! as it has become, else has one fetched and keeps it. Processes that find no token take turns, so that one of them
//! fetches it and the others find it. Fetching one is costly, and rate limited at many providers.
//!
//! There is one file per token, in a folder and with permissions for its user alone. A token that was rejected is
//! never handed out again, nor is one that was fetched with another client secret.
//!
//! # Where it sits
//!
//! ```text
//! Authorization ─▶ TokenCache ─▶ TokenStore ─▶ TokenSource ─▶ token endpoint
//!                                ▲▲▲ here
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_auth_core::{AccessToken, Error, Fetch, TokenCache, TokenSource};
//! use claviger_token_store_file::{Key, TokenStore};
//! use secrecy::ExposeSecret;
//!
//! /// In earnest: `ClientCredentials` of claviger-oauth-cc, or a provider's own.
//! struct Issuer(&'static str);
//!
//! #[async_trait::async_trait]
//! impl TokenSource for Issuer {
//!     async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
//!         AccessToken::bearer(&self.0.into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let folder = home.path().join("tokens");
//! // Of all that tells this token from others, each that is missing would be somebody else's token.
//! let key = Key::new("acme", "https://auth.example/token", "client-id").with_scope("read");
//! let store = |source| TokenStore::builder(&folder, key.clone()).build(source);
//!
//! let first = TokenCache::new(store(Issuer("first"))?).token().await?;
//! // Another run: what it would fetch is not asked for.
//! let second = TokenCache::new(store(Issuer("second"))?).token().await?;
//! assert_eq!(second.expose_secret(), first.expose_secret());
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It encrypts nothing: whoever may read the user's files reads the tokens. It keeps no client secrets and no
//! refresh tokens, and removes no files. It is a convenience: where the folder cannot be used, one warning is given
//! and the token is fetched. It does not share tokens between machines; a file lock seldom does.

mod key;
mod token_store;

pub use key::Key;
pub use token_store::{TokenStore, TokenStoreBuilder};
