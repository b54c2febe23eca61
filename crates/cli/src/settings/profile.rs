//! The chosen profile, as decisions.

use claviger_auth_core::Error;
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
            return Err(section.error("provider", "there is no such provider").with_advice(ADVICE));
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

/// A test holds it to the table.
const ADVICE: &str = "the providers are clara and custom";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_every_provider() {
        for (name, _) in PROVIDERS {
            assert!(ADVICE.contains(name), "{name}");
        }
    }
}
