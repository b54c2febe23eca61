//! What the settings say of Clara.

use claviger_auth_core::{Error, ErrorKind};
use claviger_clara::{Config, Country, Credentials, Environment, TaxIdentifier};
use claviger_mtls::Identity;

use super::{profile::Client, schema, section::Section};

/// Holds Clara's own configuration.
#[derive(Debug)]
pub(crate) struct ClaraProfile {
    pub(crate) config: Config,
}

impl ClaraProfile {
    pub(crate) fn read(client: &Client<'_>) -> Result<Self, Error> {
        let section = client.section;
        let country: Country =
            section.parsed("country", str::parse)?.ok_or_else(|| section.missing("country"))?;
        let credentials = credentials(client)?;
        let mut config = Config::new(country, credentials.issued);
        if let Some((id, secret)) = credentials.instead {
            config = config.with_client(id, secret);
        }
        if let Some(environment) = section.parsed("environment", str::parse::<Environment>)? {
            config = config.with_environment(environment);
        }
        if let Some(changed) = section.parsed("api_url", |url| config.clone().with_api_url(url))? {
            config = changed;
        }
        if let Some(changed) = section.parsed("token_url", |url| config.clone().with_token_url(url))? {
            config = changed;
        }
        if let Some(trust) = client.trust()? {
            config = config.with_trust(trust);
        }
        if let Some(tenant) = client.tenant() {
            let identifier = TaxIdentifier::new(tenant, country).map_err(|error| client.bad_tenant(error))?;
            config = config.with_tax_identifier(identifier);
        }
        Ok(Self { config })
    }
}

/// Lists the settings that have a meaning for this profile.
pub(crate) fn meaningful(section: &Section) -> Vec<&'static [&'static str]> {
    let parts = if section.has("credentials") { &[] } else { schema::OF_CLARA_IN_PARTS };
    vec![schema::OF_ALL, schema::OF_CLARA, parts]
}

struct Found {
    issued: Credentials,
    /// The id and secret to use instead of those that were issued with the certificate.
    instead: Option<(String, secrecy::SecretString)>,
}

/// Takes the folder that Clara sent, or its parts by name.
fn credentials(client: &Client<'_>) -> Result<Found, Error> {
    let section = client.section;
    let (id, secret) = (client.id(), client.secret()?);
    if let Some(folder) = section.path("credentials") {
        // The folder's own errors name the file and the field.
        let issued = Credentials::from_dir(folder)?;
        let instead = match (id, secret) {
            (id, Some(secret)) => Some((id.unwrap_or(issued.client_id()).to_owned(), secret)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(Error::new(ErrorKind::Configuration, "a client id was given without its secret")
                    .with_advice("set $CLAVIGER_CLIENT_SECRET or client_secret too, or neither"));
            }
        };
        return Ok(Found { issued, instead });
    }
    if !section.has("cert_file") {
        return Err(section.missing("credentials"));
    }
    let id = id.ok_or_else(|| section.missing("client_id"))?;
    let secret = secret.ok_or_else(|| section.missing("client_secret"))?;
    let files = ["cert_file", "key_file"].into_iter().filter_map(|name| section.path(name));
    Ok(Found { issued: Credentials::new(id, secret, Identity::from_files(files)?), instead: None })
}
