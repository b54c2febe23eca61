//! The JSON text of a credentials file.

use std::path::Path;

use claviger_auth_core::{Error, ErrorKind};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{Credentials, CredentialsType};
use crate::Endpoints;

/// Reads credentials; `endpoints` stand above those that the text names.
///
/// # Errors
///
/// With the file, and the field or the position in it; never with a value.
pub(super) fn read(
    path: Option<&Path>,
    text: &[u8],
    endpoints: Option<Endpoints>,
) -> Result<Credentials, Error> {
    let place = Place(path);
    let text = text.strip_prefix(BOM).unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(place.name(Error::new(ErrorKind::Configuration, "the credentials are empty"), None));
    }
    let raw: Raw = serde_json::from_slice(text).map_err(|error| {
        // serde's own words quote the value that was wrong, so only the position is kept.
        let position = format!("line {} column {}", error.line(), error.column());
        let error = Error::new(ErrorKind::Configuration, "this is not the JSON that Clarify issues");
        place.name(error, Some(&position)).with_advice(DOWNLOAD)
    })?;
    if let Some(what) = raw.is_other() {
        return Err(place.name(Error::new(ErrorKind::Configuration, what), None).with_advice(DOWNLOAD));
    }
    let fields = raw.credentials.unwrap_or_default();
    let name = fields.name.ok_or_else(|| place.missing("credentials.type"))?;
    let credentials_type: CredentialsType =
        name.parse().map_err(|error| place.name(error, Some("field credentials.type")))?;
    let integration = raw.integration.ok_or_else(|| place.missing("integration"))?;
    let client_id = match credentials_type {
        CredentialsType::BasicAuth => integration.clone(),
        CredentialsType::ClientCredentials => {
            fields.client_id.ok_or_else(|| place.missing("credentials.clientId"))?
        }
    };
    let client_secret = fields.client_secret.ok_or_else(|| place.missing("credentials.clientSecret"))?;
    let endpoints = match (endpoints, raw.api_url) {
        (Some(given), _) => given,
        (None, Some(url)) => Endpoints::new(&url).map_err(|error| place.name(error, Some("field apiUrl")))?,
        // No default in its place: the samples that lost the URL are of production and of staging alike.
        (None, None) => {
            let advice = "write the API's URL there; in production it is https://api.clarify.io/v1/";
            return Err(place.missing("apiUrl").with_advice(advice));
        }
    };
    Ok(Credentials { credentials_type, integration, client_id, client_secret, endpoints })
}

/// Where the text stands, for the subject of an error.
struct Place<'a>(Option<&'a Path>);

impl Place<'_> {
    fn name(&self, error: Error, within: Option<&str>) -> Error {
        let file = self.0.map(|path| path.display().to_string());
        let parts: Vec<&str> = file.as_deref().into_iter().chain(within).collect();
        if parts.is_empty() { error } else { error.with_subject(parts.join(", ")) }
    }

    fn missing(&self, field: &str) -> Error {
        let error = Error::new(ErrorKind::Configuration, "a field of the credentials is missing or empty");
        self.name(error, Some(&format!("field {field}"))).with_advice(DOWNLOAD)
    }
}

/// The members that matter here, and those that other files have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default, deserialize_with = "filled")]
    api_url: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    integration: Option<String>,
    credentials: Option<Fields>,
    #[serde(alias = "client_id")]
    client_id: Option<IgnoredAny>,
    info: Option<IgnoredAny>,
    item: Option<IgnoredAny>,
    openapi: Option<IgnoredAny>,
    swagger: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(default, deserialize_with = "filled", rename = "type")]
    name: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    client_secret: Option<SecretString>,
    #[serde(alias = "public_key")]
    public_key: Option<IgnoredAny>,
    #[serde(alias = "private_key")]
    private_key: Option<IgnoredAny>,
}

impl Raw {
    /// Tells what was given in the place of Clarify's file.
    fn is_other(&self) -> Option<&'static str> {
        if self.integration.is_some() {
            return None;
        }
        if self.openapi.is_some() || self.swagger.is_some() {
            return Some("this is an API specification, not the credentials");
        }
        if self.info.is_some() && self.item.is_some() {
            return Some("this is a Postman collection, not the credentials");
        }
        let keys = |fields: &Fields| fields.public_key.is_some() || fields.private_key.is_some();
        if self.client_id.is_some() || self.credentials.as_ref().is_some_and(keys) {
            return Some("these are credentials of Clara's, not of Clarify's: they name no integration");
        }
        None
    }
}

/// Reads a text; an empty one counts as missing.
fn filled<'de, D: Deserializer<'de>, T: From<String>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.trim().is_empty()).map(T::from))
}

const BOM: &[u8] = b"\xef\xbb\xbf";
const DOWNLOAD: &str =
    "give the file with integration, apiUrl and credentials that Clarify offers where credentials are made";
