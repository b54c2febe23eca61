//! Seals what is kept in files, with a key of 256 bits.
//!
//! # What it does
//!
//! [`Seal`] seals bytes by XChaCha20-Poly1305 (RFC 8439; draft-irtf-cfrg-xchacha) under a name, so that the file of
//! another name cannot take their place. What it writes is text, and says by which version and which key it was sealed:
//! [`Unopened`] tells a wrong key from a damaged file. [`SealKey`] makes and reads keys.
//!
//! # Where it sits
//!
//! ```text
//! FileSessionStore, SealedSecret ─▶ Seal ─▶ PrivateFile
//!                                   ▲▲▲ here
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_seal::{Seal, SealKey, Unopened};
//!
//! let key = SealKey::random()?;
//! let seal = Seal::new(&key, "secret");
//! let file = seal.close(b"swordfish", "acme")?;
//! assert_eq!(seal.open(&file, "acme").expect("it is whole").as_slice(), b"swordfish");
//! assert_eq!(seal.open(&file, "other").unwrap_err(), Unopened::Damaged);
//! assert_eq!(Seal::new(&SealKey::random()?, "secret").open(&file, "acme").unwrap_err(), Unopened::OtherKey);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It keeps no keys and no files, and takes no passphrases: a key is random. It cannot tell that a file was exchanged for an
//! older one of the same name.

mod key;
mod seal;

pub use {
    key::SealKey,
    seal::{Seal, Unopened},
};
