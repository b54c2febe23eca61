//! The one error type: what went wrong, what to do about it, and never a secret.
//!
//! # What it does
//!
//! [`Error`] is what every crate here ends in. [`ErrorKind`] says what to do next; between layers errors travel as
//! [`BoxError`], and [`Error::find`] finds ours again.
//!
//! # Where it sits
//!
//! Below everything. `claviger-auth-core` hands it on as its own: take it from there.
//!
//! # Example
//!
//! ```
//! use claviger_error::{BoxError, Error, ErrorKind};
//!
//! let error = Error::new(ErrorKind::Timeout, "the token endpoint did not answer in time");
//! let between_layers: BoxError = error.into();
//! let found = Error::find(&*between_layers).unwrap();
//! assert!(found.is_transient());
//! assert_eq!(found.kind(), ErrorKind::Timeout);
//! ```
//!
//! # What it does not do
//!
//! It keeps no words of a server, and nothing that somebody typed: texts are literals.

mod error;

pub use error::{BoxError, Error, ErrorKind};
