//! What a provider may ask of the settings: the profile, and what stands above it.

use claviger_auth_core::{Error, ErrorKind, StaticToken};
use claviger_client::Proxies;
use claviger_mtls::{Identity, Trust};
use claviger_token_endpoint::ClientAuthenticationMethod;
use secrecy::SecretString;

use super::{Names, Overrides, section::Section};
use crate::variables::{CLIENT_SECRET, Variables};

/// Who the client is: the profile, and what stands above it.
pub(crate) struct Client<'a> {
    pub(crate) section: &'a Section,
    pub(crate) overrides: &'a Overrides,
    pub(crate) variables: &'a Variables,
    pub(crate) proxies: &'a Option<Proxies>,
}

impl Client<'_> {
    /// The client id: flag or environment, settings.
    pub(crate) fn id(&self) -> Option<&str> {
        self.overrides.client_id.as_deref().or_else(|| self.section.text("client_id"))
    }

    /// The client id, where there is no other.
    pub(crate) fn required_id(&self) -> Result<&str, Error> {
        self.id().ok_or_else(|| {
            self.section.missing("client_id").with_advice(
                "write it below the profile's name, or give it with --client-id or $CLAVIGER_CLIENT_ID",
            )
        })
    }

    /// The client secret: environment, settings. There is no flag: others see the arguments of a process.
    pub(crate) fn secret(&self) -> Result<Option<SecretString>, Error> {
        if self.variables.has_client_secret() {
            return self.variables.secret(CLIENT_SECRET).map(Some).ok_or_else(|| {
                Error::new(ErrorKind::Configuration, "the client secret is not text")
                    .with_subject(format!("${}", CLIENT_SECRET))
            });
        }
        self.section.secret("client_secret", self.variables)
    }

    /// The client secret, where there is no other.
    pub(crate) fn required_secret(&self) -> Result<SecretString, Error> {
        self.secret()?.ok_or_else(|| {
            self.section.missing("client_secret").with_advice(
                "write client_secret = { file = \"…\" } below the profile's name, or set $CLAVIGER_CLIENT_SECRET",
            )
        })
    }

    /// The id and secret to use instead of those that were issued in a file, if any were given.
    pub(crate) fn instead(&self, issued_id: &str) -> Result<Option<(String, SecretString)>, Error> {
        match (self.id(), self.secret()?) {
            (id, Some(secret)) => Ok(Some((id.unwrap_or(issued_id).to_owned(), secret))),
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err(Error::new(ErrorKind::Configuration, "a client id was given without its secret")
                    .with_advice("set $CLAVIGER_CLIENT_SECRET or client_secret too, or neither"))
            }
        }
    }

    /// How token requests prove who the client is, where the settings say.
    pub(crate) fn authentication_method(&self) -> Result<Option<ClientAuthenticationMethod>, Error> {
        self.section.parsed("client_auth", str::parse)
    }

    /// The token that somebody was given.
    pub(crate) fn given_token(&self) -> Result<StaticToken, Error> {
        let token = self.section.secret("token", self.variables)?;
        let token = token.ok_or_else(|| self.section.missing("token"))?;
        StaticToken::bearer(token).map_err(|error| self.section.placed("token", error))
    }

    /// The tenant: flag, settings.
    pub(crate) fn tenant(&self) -> Option<&str> {
        self.overrides.tenant.as_deref().or_else(|| self.section.text("tenant"))
    }

    /// Refuses a tenant that was typed, where the provider knows none.
    pub(crate) fn refuse_tenant(&self) -> Result<(), Error> {
        match self.overrides.tenant {
            Some(_) => Err(Error::new(ErrorKind::Tenant, "this provider knows no tenants")
                .with_subject("--tenant")
                .with_advice("leave --tenant out: the credentials say for whom they are")),
            None => Ok(()),
        }
    }

    /// Puts the tenant's place, flag or setting, on an error about it.
    pub(crate) fn bad_tenant(&self, error: Error) -> Error {
        match self.overrides.tenant {
            Some(_) => error.with_subject("--tenant"),
            None => self.section.placed("tenant", error),
        }
    }

    /// The client certificate and its key, where a file with them is named.
    pub(crate) fn identity(&self) -> Result<Option<Identity>, Error> {
        let section = self.section;
        let files: Vec<_> = IDENTITY_FILES.iter().filter_map(|name| section.path(name)).collect();
        if files.is_empty() {
            return Ok(None);
        }
        let mut identity =
            files.into_iter().fold(Identity::builder(), |identity, file| identity.with_file(file));
        if let Some(passphrase) = section.secret("passphrase", self.variables)? {
            identity = identity.with_passphrase(passphrase);
        }
        identity.build().map(Some)
    }

    /// Whom to trust, where the settings say; a CA file alone means its authorities and no other.
    pub(crate) fn trust(&self) -> Result<Option<Trust>, Error> {
        let section = self.section;
        let given = || match section.path("ca_file") {
            Some(path) => Trust::given_files([path]).map_err(|error| section.placed("ca_file", error)),
            None => Err(section.missing("ca_file").with_advice(
                "name the file with the authority's certificate, or write trust = \"platform\"",
            )),
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

/// What [`Client::identity`] reads.
pub(crate) const IDENTITY: Names = &["cert_file", "key_file", "passphrase", "pkcs12_file"];
const IDENTITY_FILES: Names = &["cert_file", "key_file", "pkcs12_file"];
