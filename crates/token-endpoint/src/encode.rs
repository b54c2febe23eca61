//! A request as bytes: form, JSON, and the Basic header.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer, ser::SerializeMap};
use zeroize::Zeroizing;

use crate::{ClientAuthentication, ClientAuthenticationMethod as Method, wiped::Wiped};

/// Makes the `Authorization` header of the methods that have one.
///
/// # Errors
///
/// `Configuration` if the client is [not whole](ClientAuthentication::check), if its secret is missing or empty
/// where the method asks for one, or if Basic cannot carry them as they are.
pub(crate) fn authorization(client: &ClientAuthentication) -> Result<Option<HeaderValue>, Error> {
    client.check()?;
    let secret = client.secret.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
    match client.method {
        Method::None | Method::PrivateKeyJwt | Method::SelfSignedTlsClientAuth | Method::TlsClientAuth => {
            Ok(None)
        }
        _ if secret.is_empty() => Err(wrong("the client secret is missing or empty", "client_secret")),
        Method::ClientSecretBasic => {
            let mut pair = Wiped::default();
            push_encoded(&mut pair, &client.id);
            pair.push_str(":");
            push_encoded(&mut pair, secret);
            basic(&pair).map(Some)
        }
        Method::ClientSecretBasicRaw => {
            // RFC 7617 §2: the first colon ends the id, and no control characters.
            if client.id.contains(':') || client.id.contains(char::is_control) {
                return Err(wrong("the client id has a colon or a control character", "client_id")
                    .with_advice("use client_secret_basic, which encodes it"));
            }
            if secret.contains(char::is_control) {
                return Err(wrong("the client secret has a control character", "client_secret")
                    .with_advice("look for a line break that was pasted along with it"));
            }
            let mut pair = Wiped::default();
            pair.push_str(&client.id);
            pair.push_str(":");
            pair.push_str(secret);
            basic(&pair).map(Some)
        }
        Method::ClientSecretJwt | Method::ClientSecretPost | Method::Json => Ok(None),
    }
}

/// The parameters of a request. An empty one counts as absent (RFC 6749 §3.2).
#[derive(Default)]
pub(crate) struct Parameters<'a> {
    /// Stands before those of the client authentication.
    pub(crate) first: (&'a str, &'a str),
    pub(crate) rest: Vec<(&'a str, &'a str)>,
    /// Of all parameters, this one alone may be given more than once (RFC 8707 §2).
    pub(crate) resources: Vec<&'a str>,
}

/// Makes the body, and says of what type it is. `assertion` is there where the method has one.
pub(crate) fn body(
    client: &ClientAuthentication,
    assertion: Option<&SecretString>,
    parameters: &Parameters<'_>,
) -> Result<(&'static str, Bytes), Error> {
    let members = Members::of(client, assertion, parameters);
    let mut body = Wiped::default();
    if client.method == Method::Json {
        // Neither a full disk nor a bad map key can happen here, so the source says nothing.
        serde_json::to_writer(&mut body, &members)
            .map_err(|_| Error::new(ErrorKind::Configuration, "the request cannot be written as JSON"))?;
        return Ok(("application/json", body.into_bytes()));
    }
    let resources = members.resources.iter().map(|resource| ("resource", *resource));
    let mut separator = "";
    for (name, value) in members.single.iter().copied().chain(resources) {
        body.push_str(separator);
        push_encoded(&mut body, name);
        body.push_str("=");
        push_encoded(&mut body, value);
        separator = "&";
    }
    Ok(("application/x-www-form-urlencoded", body.into_bytes()))
}

/// What is sent.
struct Members<'a> {
    single: Vec<(&'a str, &'a str)>,
    resources: Vec<&'a str>,
}

impl<'a> Members<'a> {
    fn of(
        client: &'a ClientAuthentication,
        assertion: Option<&'a SecretString>,
        parameters: &Parameters<'a>,
    ) -> Self {
        let mut single = vec![parameters.first];
        match client.method {
            Method::ClientSecretBasic | Method::ClientSecretBasicRaw => {}
            Method::ClientSecretPost | Method::Json => {
                let secret = client.secret.as_ref().map(ExposeSecret::expose_secret);
                single.extend([("client_id", &*client.id), ("client_secret", secret.unwrap_or_default())]);
            }
            // RFC 7521 §4.2 leaves the id to choice; some servers look the key up by it.
            Method::ClientSecretJwt | Method::PrivateKeyJwt => {
                let assertion = assertion.map(ExposeSecret::expose_secret).unwrap_or_default();
                single.extend([
                    ("client_id", &*client.id),
                    ("client_assertion_type", ASSERTION_TYPE),
                    ("client_assertion", assertion),
                ]);
            }
            Method::None | Method::SelfSignedTlsClientAuth | Method::TlsClientAuth => {
                single.push(("client_id", &client.id));
            }
        }
        single.extend(&parameters.rest);
        single.retain(|(_, value)| !value.is_empty());
        let resources = parameters.resources.iter().copied().filter(|uri| !uri.is_empty());
        Self { single, resources: resources.collect() }
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.single {
            map.serialize_entry(name, value)?;
        }
        match &*self.resources {
            [] => {}
            [one] => map.serialize_entry("resource", one)?,
            many => map.serialize_entry("resource", many)?,
        }
        map.end()
    }
}

/// RFC 6749 appendix B: `application/x-www-form-urlencoded` over UTF-8.
fn push_encoded(out: &mut Wiped, text: &str) {
    form_urlencoded::byte_serialize(text.as_bytes()).for_each(|part| out.push_str(part));
}

fn basic(pair: &Wiped) -> Result<HeaderValue, Error> {
    let encoded = Zeroizing::new(STANDARD.encode(pair));
    let mut header = Wiped::default();
    header.push_str("Basic ");
    header.push_str(&encoded);
    let mut value = HeaderValue::from_maybe_shared(header.into_bytes())
        .map_err(|_| wrong("the client id and secret make no header", "client_secret"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn wrong(what: &'static str, field: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_subject(field)
}

/// RFC 7523 §2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[cfg(test)]
mod tests;
