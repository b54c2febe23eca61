//! What a settings file says of a profile, checked, and the stack that it makes.
//!
//! # What it does
//!
//! [`Document`] reads the settings file, if nobody else could have written it. [`Profile`] asks what one of its
//! profiles means to its provider: each mistake is told by file, line, column and name, and never with a value,
//! which may be a secret. [`Stack`] puts layers and client together, and sends requests as the profile says.
//!
//! # Where it sits
//!
//! ```text
//! claviger.toml ─▶ Document ─▶ Section ─▶ Profile ─▶ Stack: SetTenant ─▶ RetryUnauthorized ─▶ Authorization ─▶ client
//! ```
//!
//! # Example
//!
//! ```
//! use claviger_profiles::{Authentication, Document, Overrides, Profile, Stack, Variables};
//!
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! # let folder = tempfile::tempdir()?;
//! # let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
//! # parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
//! # let ca = parameters.self_signed(&rcgen::KeyPair::generate()?)?.pem();
//! # std::fs::write(folder.path().join("ca.pem"), ca)?;
//! let file = folder.path().join("claviger.toml");
//! let settings = r#"
//!     [profiles.acme]
//!     provider = "custom"
//!     api_url = "https://api.example/v1/"
//!     ca_file = "ca.pem"
//!     auth = "token"
//!     token = { env = "ACME_TOKEN" }
//! "#;
//! std::fs::write(&file, settings)?;
//!
//! // Only a program knows its environment; here it is one variable.
//! let variables = Variables::new(|name| (name == "ACME_TOKEN").then(|| "swordfish".into()));
//! let section = Document::open(&file)?.choose(Some("acme"))?;
//! let profile = Profile::read(section, &Overrides::default(), &variables)?;
//! assert!(profile.warnings().is_empty());
//!
//! let stack = Stack::new(&profile, |requests| Ok(requests.source))?;
//! assert_eq!(stack.authentication(), Authentication::Given);
//! assert_eq!(stack.base().locate("things?page=2")?, "https://api.example/v1/things?page=2");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It looks for no settings file, and reads no flags and no environment: it is given all three. It keeps no tokens
//! between runs; whoever does puts a store into [`Stack::new`]. It is made for the program `claviger`, whose flags
//! and variables its advice names.

mod headers;
mod kept_secret;
mod location;
mod providers;
mod settings;
mod stack;
mod variables;

pub use headers::belongs_to_the_client;
pub use kept_secret::KeptSecret;
pub use location::Base;
pub use providers::{Logins, Probe, Publishing, TokenRequestFacts, TokenRequests};
pub use settings::{Document, Overrides, Position, Profile, SecretSource, Section, Value};
pub use stack::{Authentication, Stack};
pub use variables::Variables;
