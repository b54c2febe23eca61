//! What the program does about logins and secrets: log in, keep the session, log out, say how it stands.
//!
//! # What it does
//!
//! [`Keeper`] keeps tokens between runs, or a session where they come of a login. [`ProfileSession`] is the session of one profile in its file: [`log_in`](ProfileSession::log_in) begins it, by
//! browser, by a pasted address or on another device; as a token source it serves every run after that;
//! [`log_out`](ProfileSession::log_out) ends it, and [`status`](ProfileSession::status) tells of it. [`SecretPlace`]
//! is where a profile says that a secret is, to be put there. It is `claviger login`, `logout`, `status` and `secret`.
//!
//! # Where it sits
//!
//! ```text
//! Profile ─▶ Logins ─▶ ProfileSession ─┬▶ Session ─▶ TokenEndpoint ─▶ client
//!                                      └▶ FileSessionStore
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_login::{ProfileSession, Words};
//! use claviger_profiles::{Document, Overrides, Profile, Variables};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! # let home = tempfile::tempdir()?;
//! let file = home.path().join("claviger.toml");
//! let settings = r#"
//!     [profiles.acme]
//!     provider = "custom"
//!     api_url = "https://api.example/"
//!     auth = "authorization-code"
//!     authorize_url = "https://auth.example/authorize"
//!     token_url = "https://auth.example/token"
//!     client_auth = "none"
//!     client_id = "acme"
//! "#;
//! std::fs::write(&file, settings)?;
//! let profile = Profile::read(
//!     Document::open(&file)?.choose(None)?,
//!     &Overrides::default(),
//!     &Variables::new(|_| None),
//! )?;
//! # let Ok(requests) = profile.token_requests() else { return Ok(()) }; // this machine may have no roots
//! # let requests = Ok::<_, claviger_auth_core::Error>(requests);
//! let requests = requests?.expect("it has a login");
//! let logins = requests.login.as_ref().expect("it has a login");
//! let session = ProfileSession::open(home.path(), &requests.facts, logins, |_: Words<'_>| ())?;
//! assert!(session.status().await?.text().contains("logged in      no"));
//! # Ok(())
//! # }
//! ```
//!
//! # What it does not do
//!
//! It reads no flags, no environment and no settings file, and prints nothing: it is given what it needs, and a
//! function to say things to. No token and no secret is ever in what it says.

mod browser;
mod keeper;
mod login;
mod profile_session;
mod prompt;
mod secret_place;
mod status;
mod under_way;

pub use {
    keeper::{Keeper, StateFolder},
    login::Way,
    profile_session::{ProfileSession, Say, Words},
    prompt::ask,
    secret_place::SecretPlace,
    status::Status,
    under_way::sessions_stored,
};
