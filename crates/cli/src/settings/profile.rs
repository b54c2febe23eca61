//! The chosen profile, as decisions.

use claviger_auth_core::{Error, ErrorKind};
use claviger_client::Proxies;

use super::{Client, Overrides, schema, section::Section};
use crate::{
    environment::Environment,
    providers::{PROVIDERS, Provide},
};

/// Holds what a command needs to know of the chosen profile.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) provider: Box<dyn Provide>,
    /// What was written, for those who look closer.
    pub(crate) section: Section,
    /// What stands between this machine and the provider; the provider has it already.
    pub(crate) proxies: Option<Proxies>,
    /// What is likely a mistake, for the user to know.
    pub(crate) warnings: Vec<String>,
}

impl Profile {
    pub(crate) fn read(
        section: Section,
        overrides: &Overrides,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let wanted = section.required("provider")?;
        let Some((_, read)) = PROVIDERS.iter().find(|(name, _)| *name == wanted) else {
            let names: Vec<_> = PROVIDERS.iter().map(|(name, _)| *name).collect();
            let error = Error::new(ErrorKind::Configuration, "there is no such provider")
                .with_subject(format!("there are: {}", names.join(", ")))
                .with_advice("write one of those, or custom for any other API");
            return Err(section.placed("provider", error));
        };
        let proxies = environment.proxies()?;
        let provider = read(&Client { section: &section, overrides, environment, proxies: &proxies })?;
        let mut meaningful = provider.meaningful();
        meaningful.push(schema::OF_ALL);
        let warnings = section.others(&meaningful);
        let warnings = warnings.iter().map(|name| format!("the setting has no meaning here ({name})"));
        Ok(Self { warnings: warnings.collect(), provider, section, proxies })
    }
}
