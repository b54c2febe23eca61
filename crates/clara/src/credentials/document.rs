//! The JSON files that people have from Clara.

use std::path::Path;

use claviger_auth_core::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::IgnoredAny};

/// What a JSON file turned out to be.
pub(super) enum Document {
    /// The credentials of a project.
    Credentials(Box<Client>),
    /// Something else, with the words for it.
    Other(&'static str),
}

/// A client id and secret, and the PEM texts that may stand beside them.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: SecretString,
    pub(super) pem: Vec<SecretString>,
}

/// Tells what a JSON file is.
///
/// # Errors
///
/// With the file, and the field or the position in it; never with a value.
pub(super) fn read(path: &Path, text: &[u8]) -> Result<Document, Error> {
    let raw: Raw = serde_json::from_slice(text).map_err(|error| {
        // serde's own words quote the value that was wrong, so only the position is kept.
        Error::new(ErrorKind::Configuration, "the file is not the JSON that Clara issues")
            .with_subject(format!("{}, line {} column {}", path.display(), error.line(), error.column()))
            .with_advice("download the credentials again, and do not edit them")
    })?;
    if raw.openapi.is_some() || raw.swagger.is_some() {
        return Ok(Document::Other("the JSON file is an API specification, not the credentials"));
    }
    if raw.info.is_some() && raw.item.is_some() {
        return Ok(Document::Other("the JSON file is a Postman collection, not the credentials"));
    }
    let (place, fields) = match raw.credentials {
        Some(nested) => ("credentials.", nested),
        None => ("", raw.flat),
    };
    if fields.client_id.is_none() && fields.client_secret.is_none() {
        return Ok(Document::Other("the JSON file has no clientId and clientSecret"));
    }
    let missing = |field: &str| {
        Error::new(ErrorKind::Configuration, "a field of the credentials is missing or empty")
            .with_subject(format!("{}, field {place}{field}", path.display()))
            .with_advice("download the credentials again: Clara shows them only once, for a new project")
    };
    let id = fields.client_id.filter(|id| !id.trim().is_empty()).ok_or_else(|| missing("clientId"))?;
    let secret = fields
        .client_secret
        .filter(|secret| !secret.expose_secret().trim().is_empty())
        .ok_or_else(|| missing("clientSecret"))?;
    let pem = [fields.public_key, fields.private_key].into_iter().flatten().collect();
    Ok(Document::Credentials(Box::new(Client { id, secret, pem })))
}

/// Every shape that was seen: the members at the top, or under `credentials`.
#[derive(Deserialize)]
struct Raw {
    credentials: Option<Fields>,
    #[serde(flatten)]
    flat: Fields,
    info: Option<IgnoredAny>,
    item: Option<IgnoredAny>,
    openapi: Option<IgnoredAny>,
    swagger: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(alias = "clientId")]
    client_id: Option<String>,
    #[serde(alias = "clientSecret")]
    client_secret: Option<SecretString>,
    #[serde(alias = "publicKey")]
    public_key: Option<SecretString>,
    #[serde(alias = "privateKey")]
    private_key: Option<SecretString>,
}
