//! What the settings say: the file, the profile, and what stands above both.
//!
//! The way is `file` (which one, and may it be believed) → `document` (TOML to named values) → `profile` (one
//! of them, read by its provider, who asks `client` for what it needs).

mod client;
mod document;
mod file;
mod position;
mod profile;
mod schema;
mod secret;
mod section;

use std::path::PathBuf;

use claviger_auth_core::{Error, ErrorKind};

pub(crate) use self::{
    client::Client,
    document::Document,
    profile::Profile,
    schema::Names,
    secret::SecretSource,
    section::{Section, Value},
};
use crate::{args::Choice, environment::Environment};

/// What stands above the settings file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) client_id: Option<String>,
    pub(crate) tenant: Option<String>,
}

/// Reads the one profile that was chosen, with what stands above it.
pub(crate) fn load(
    choice: &Choice,
    tenant: Option<String>,
    environment: &Environment,
) -> Result<Profile, Error> {
    let section = choose(open(choice, environment)?, choice, environment)?;
    read(section, choice, tenant, environment)
}

/// Reads the settings file, if it may be believed.
pub(crate) fn open(choice: &Choice, environment: &Environment) -> Result<Document, Error> {
    let path = path(choice, environment)?;
    document::parse(&path, &file::read(&path)?)
}

/// Takes the profile that was chosen, and does not ask yet what its settings mean.
pub(crate) fn choose(
    document: Document,
    choice: &Choice,
    environment: &Environment,
) -> Result<Section, Error> {
    let wanted = choice.profile.clone().or_else(|| environment.profile());
    document.choose(wanted.as_deref())
}

/// Asks what the settings of a profile mean, with what stands above them.
pub(crate) fn read(
    section: Section,
    choice: &Choice,
    tenant: Option<String>,
    environment: &Environment,
) -> Result<Profile, Error> {
    let client_id = choice.client_id.clone().or_else(|| environment.client_id());
    Profile::read(section, &Overrides { client_id, tenant }, environment)
}

/// Never looks in the current folder: a checkout must not be able to send somebody's secrets away.
fn path(choice: &Choice, environment: &Environment) -> Result<PathBuf, Error> {
    let given = choice.config.clone().or_else(|| environment.config());
    let usual = || environment.config_folder().map(|folder| folder.join("claviger").join("claviger.toml"));
    given.or_else(usual).ok_or_else(|| {
        Error::new(ErrorKind::Configuration, "there is no config folder to find the settings in")
            .with_advice("name the settings file with --config or $CLAVIGER_CONFIG")
    })
}

/// Whether a profile may have a setting of that name.
#[cfg(test)]
pub(crate) fn is_known(name: &str) -> bool {
    schema::find(name).is_some()
}

#[cfg(test)]
mod tests;
