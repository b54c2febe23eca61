//! The chosen profile, as decisions.

use claviger_auth_core::{Error, ErrorKind};
use claviger_mtls::Trust;
use secrecy::SecretString;

use super::{
    Overrides,
    clara::{self, ClaraProfile},
    custom::{self, CustomProfile},
    section::Section,
};
use crate::environment::{self, Environment};

/// Holds what a command needs to know of the chosen profile.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) provider: Provider,
    /// What is likely a mistake, for the user to know.
    pub(crate) warnings: Vec<String>,
}

/// Holds what each provider wants to know.
#[derive(Debug)]
pub(crate) enum Provider {
    Clara(ClaraProfile),
    Custom(CustomProfile),
}

impl Profile {
    pub(crate) fn read(
        section: &Section,
        overrides: &Overrides,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let client = Client { section, overrides, environment };
        let (provider, meaningful) = match section.required("provider")? {
            "clara" => {
                let profile = ClaraProfile::read(&client)?;
                (Provider::Clara(profile), clara::meaningful(section))
            }
            "custom" => {
                let profile = CustomProfile::read(&client)?;
                let meaningful = custom::meaningful(&profile);
                (Provider::Custom(profile), meaningful)
            }
            "clarify" | "clarus" | "clazar" => {
                return Err(section
                    .error("provider", "the provider is not supported by this version")
                    .with_advice(PROVIDERS));
            }
            _ => {
                return Err(section.error("provider", "there is no such provider").with_advice(PROVIDERS));
            }
        };
        let warnings = section.others(&meaningful);
        let warnings = warnings.iter().map(|name| format!("the setting has no meaning here ({name})"));
        Ok(Self { provider, warnings: warnings.collect() })
    }
}

/// Who the client is: the profile, and what stands above it.
pub(crate) struct Client<'a> {
    pub(crate) section: &'a Section,
    pub(crate) overrides: &'a Overrides,
    pub(crate) environment: &'a Environment,
}

impl Client<'_> {
    /// The client id: flag, environment, settings.
    pub(crate) fn id(&self) -> Option<&str> {
        self.overrides.client_id.as_deref().or_else(|| self.section.text("client_id"))
    }

    /// The client secret: environment, settings. There is no flag: others see the arguments of a process.
    pub(crate) fn secret(&self) -> Result<Option<SecretString>, Error> {
        if self.environment.has_client_secret() {
            return self.environment.secret(environment::CLIENT_SECRET).map(Some).ok_or_else(|| {
                Error::new(ErrorKind::Configuration, "the client secret is not text")
                    .with_subject(format!("${}", environment::CLIENT_SECRET))
            });
        }
        self.section.secret("client_secret", self.environment)
    }

    /// The tenant: flag, settings.
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.overrides.tenant.as_deref().or_else(|| self.section.text("tenant"))
    }

    /// Puts the tenant's place, flag or setting, on an error about it.
    pub(crate) fn bad_tenant(&self, error: Error) -> Error {
        match self.overrides.tenant {
            Some(_) => error.with_subject("--tenant"),
            None => self.section.placed("tenant", error),
        }
    }

    /// Whom to trust, where the settings say; a CA file alone means its authorities and no other.
    pub(crate) fn trust(&self) -> Result<Option<Trust>, Error> {
        let section = self.section;
        let given = || match section.path("ca_file") {
            Some(path) => Trust::given_files([path]).map_err(|error| section.placed("ca_file", error)),
            None => Err(section.missing("ca_file")),
        };
        match section.text("trust") {
            None if section.has("ca_file") => given().map(Some),
            None => Ok(None),
            Some("both") => given().map(|trust| Some(trust.and_platform())),
            Some("ca") => given().map(Some),
            Some("platform") => Ok(Some(Trust::platform())),
            Some(_) => Err(section
                .error("trust", "there is no such trust")
                .with_advice("write platform, ca or both")),
        }
    }
}

const PROVIDERS: &str = "this version knows the providers clara and custom";
