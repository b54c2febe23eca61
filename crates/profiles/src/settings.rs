//! What the settings say: the file, the profile, and what stands above both.
//!
//! The way is `file` (may it be believed) → `document` (TOML to named values) → `profile` (one of them, read by its
//! provider, who asks `client` for what it needs).

mod client;
mod document;
mod file;
mod named_files;
mod overrides;
mod position;
mod profile;
mod schema;
mod secret;
mod section;

pub(crate) use self::secret::read_own as read_own_secret;
pub(crate) use self::{
    client::{Client, IDENTITY},
    schema::Names,
};
pub use self::{
    document::Document,
    overrides::Overrides,
    position::Position,
    profile::Profile,
    secret::SecretSource,
    section::{Section, Value},
};

/// Whether a profile may have a setting of that name.
#[cfg(test)]
pub(crate) fn is_known(name: &str) -> bool {
    schema::find(name).is_some()
}

#[cfg(test)]
mod tests;
