//! The chosen profile, as decisions.

use claviger_auth_core::{Error, ErrorKind};
use claviger_client::Proxies;
use claviger_mtls::{Identity, Tls};

use super::{Client, Overrides, named_files, schema, section::Section};
use crate::{
    providers::{PROVIDERS, Probe, Provide, Publishing, TokenRequests},
    variables::Variables,
};

/// Holds what a command needs to know of the chosen profile.
#[derive(Debug)]
pub struct Profile {
    pub(crate) provider: Box<dyn Provide>,
    section: Section,
    proxies: Option<Proxies>,
    /// Those of settings without a meaning, then the others.
    warnings: Vec<String>,
    meaningless: usize,
}

impl Profile {
    /// Asks what the settings of a profile mean, with what stands above them.
    ///
    /// The files that they name are read, and the secrets fetched that they name.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration): a setting, a file, a variable or the proxy's URL is wrong or
    /// missing; [`Tenant`](ErrorKind::Tenant): the tenant is none of this provider's. Credentials and certificates
    /// have the errors of their crates.
    pub fn read(section: Section, overrides: &Overrides, variables: &Variables) -> Result<Self, Error> {
        let wanted = section.required("provider")?;
        let Some((_, read)) = PROVIDERS.iter().find(|(name, _)| *name == wanted) else {
            let names: Vec<_> = PROVIDERS.iter().map(|(name, _)| *name).collect();
            let error = Error::new(ErrorKind::Configuration, "there is no such provider")
                .with_subject(format!("there are: {}", names.join(", ")))
                .with_advice("write one of those, or custom for any other API");
            return Err(section.placed("provider", error));
        };
        let proxies = variables.proxies()?;
        let client_id = match &overrides.client_id {
            Some(id) => Some(id.clone()),
            None => variables.client_id()?,
        };
        let overrides = Overrides { client_id, ..overrides.clone() };
        let provider =
            read(&Client { section: &section, overrides: &overrides, variables, proxies: &proxies })?;
        let mut meaningful = provider.meaningful();
        meaningful.push(schema::OF_ALL);
        let warnings = section.others(&meaningful);
        let warnings = warnings.iter().map(|name| format!("the setting has no meaning here ({name})"));
        let mut warnings: Vec<_> = warnings.collect();
        let meaningless = warnings.len();
        warnings.extend(named_files::warnings(&section));
        Ok(Self { warnings, meaningless, provider, section, proxies })
    }

    /// What was written, for those who look closer.
    #[must_use]
    pub fn section(&self) -> &Section {
        &self.section
    }

    /// What stands between this machine and the provider; the [stack](crate::Stack) has it already.
    #[must_use]
    pub fn proxies(&self) -> Option<&Proxies> {
        self.proxies.as_ref()
    }

    /// What is likely a mistake, for the user to know: settings without a meaning, and files that others may write.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Of the warnings, those of settings without a meaning.
    #[must_use]
    pub fn meaningless(&self) -> &[String] {
        self.warnings.get(..self.meaningless).unwrap_or_default()
    }

    /// Returns the client certificate, where the profile has one.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.provider.identity()
    }

    /// Makes what connections are made with: the certificate, if there is one, and whom to trust.
    ///
    /// # Errors
    ///
    /// Those of [`TlsBuilder::build`](claviger_mtls::TlsBuilder::build).
    pub fn tls(&self) -> Result<Tls, Error> {
        self.provider.tls()
    }

    /// Makes what fetches tokens; none where credentials go to the API as they are, or where there are none.
    ///
    /// # Errors
    ///
    /// Those of [`tls`](Self::tls), and [`Configuration`](ErrorKind::Configuration) for a wrong `token_url`.
    pub fn token_requests(&self) -> Result<Option<TokenRequests>, Error> {
        self.provider.token_requests()
    }

    /// Names a call that changes nothing and that any client may make.
    #[must_use]
    pub fn probe(&self) -> Probe {
        self.provider.probe()
    }

    /// Begins what publishes to the provider's MQTT broker.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it has none, or its URL is missing or wrong.
    pub fn publishing(&self) -> Result<Publishing, Error> {
        self.provider.publishing().unwrap_or_else(|| {
            Err(self
                .section
                .error("provider", "this provider has no MQTT broker")
                .with_advice("choose a profile of Clarify's with --profile"))
        })
    }
}
