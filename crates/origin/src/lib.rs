//! Where a credential may go, and what a layer must know of a request to tell.
//!
//! # What it does
//!
//! [`Origins`] lists the servers that a header was made for, and checks where a request goes. [`HttpRequest`] and
//! [`HttpResponse`] are what our layers see of a message, so that they serve other stacks than `http`'s, too.
//!
//! # Where it sits
//!
//! Below `claviger-auth-core`, which hands all of it on as its own: take it from there.
//!
//! # Example
//!
//! ```
//! use claviger_origin::{Origin, Origins};
//!
//! let origins = Origins::from(Origin::https("https://api.example")?);
//! let ours = http::Request::get("https://api.example/things").body(()).unwrap();
//! let with_another_host = http::Request::get("https://api.example/things").header("host", "evil.example");
//! assert!(origins.check(&ours).is_ok());
//! assert!(origins.check(&with_another_host.body(()).unwrap()).is_err());
//! # Ok::<(), claviger_error::Error>(())
//! ```
//!
//! # What it does not do
//!
//! It follows no redirect and asks no name server: an origin is what is written.

mod message;
mod origins;

pub use {
    message::{HttpRequest, HttpResponse, Target},
    origins::{Origin, Origins},
};
