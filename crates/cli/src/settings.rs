//! The settings of this run: which file, which profile in it, and what stands above both.

use std::path::PathBuf;

use claviger_auth_core::{Error, ErrorKind};
use claviger_login::{Keeper, StateFolder};
use claviger_profiles::{Document, Overrides, Profile, Section};

use crate::{args::Choice, certificate, console, environment::Environment};

/// Reads the one profile that was chosen, with what stands above it, and says what is likely a mistake in it.
pub(crate) fn load(
    choice: &Choice,
    tenant: Option<String>,
    environment: &Environment,
) -> Result<Profile, Error> {
    let section = choose(open(choice, environment)?, choice, environment)?;
    let profile = read(section, choice, tenant, environment)?;
    profile.warnings().iter().for_each(|warning| console::warn(warning));
    certificate::warn(&profile);
    Ok(profile)
}

/// Reads the settings file, if it may be believed.
pub(crate) fn open(choice: &Choice, environment: &Environment) -> Result<Document, Error> {
    Document::open(&path(choice, environment)?)
}

/// Takes the profile that was chosen, and does not ask yet what its settings mean.
pub(crate) fn choose(
    document: Document,
    choice: &Choice,
    environment: &Environment,
) -> Result<Section, Error> {
    let wanted = match &choice.profile {
        Some(name) => Some(name.clone()),
        None => environment.profile()?,
    };
    document.choose(wanted.as_deref())
}

/// Asks what the settings of a profile mean, with what stands above them.
pub(crate) fn read(
    section: Section,
    choice: &Choice,
    tenant: Option<String>,
    environment: &Environment,
) -> Result<Profile, Error> {
    let mut overrides = Overrides::default();
    if let Some(client_id) = &choice.client_id {
        overrides = overrides.with_client_id(client_id);
    }
    if let Some(tenant) = tenant {
        overrides = overrides.with_tenant(tenant);
    }
    Profile::read(section, &overrides, environment.variables())
}

/// Keeps tokens and sessions where the platform has such things, unless they are to be left alone.
pub(crate) fn keeper(choice: &Choice, environment: &Environment) -> Keeper {
    let folder = match environment.variables().state_folder() {
        _ if choice.no_cache => StateFolder::LeftAlone,
        Some(folder) => StateFolder::At(folder),
        None => StateFolder::Unknown,
    };
    Keeper::new(folder, console::words).with_config(choice.config.clone())
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

#[cfg(test)]
mod tests;
