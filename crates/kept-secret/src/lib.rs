//! A secret that is put in its place once and named from then on.
//!
//! # What it does
//!
//! [`SealedSecret`] keeps a secret in a file for its user alone, sealed with a key. `KeyringSecret` (feature `keyring`)
//! keeps it in the platform's keyring. Both are written, named and forgotten; nothing but [`load`](SealedSecret::load)
//! gives the secret back, to be sent.
//!
//! # Where it sits
//!
//! ```text
//! claviger secret set ─▶ SealedSecret ─▶ Seal, PrivateFile
//! a profile ───────────▶ ▲▲▲ here
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_kept_secret::SealedSecret;
//! use secrecy::ExposeSecret;
//!
//! # let home = tempfile::tempdir()?;
//! # let state = home.path().join("state");
//! let secret = SealedSecret::new(&state, "acme");
//! secret.set(&"swordfish".into(), None)?;
//! assert_eq!(secret.load(None)?.expose_secret(), "swordfish");
//! assert!(secret.forget()?);
//! assert!(secret.load(None).unwrap_err().advice().contains("secret set"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It does not choose between the two: its caller does, once. A file that is sealed with the key that is kept beside it is as
//! safe as the two are together: against eyes, searches and a copy of the file alone. It is made for the program
//! `claviger`, whose commands its advice names.

#[cfg(feature = "keyring")]
mod keyring_secret;
mod sealed_secret;

#[cfg(feature = "keyring")]
pub use keyring_secret::KeyringSecret;
pub use sealed_secret::SealedSecret;
