//! The token request as bytes: form, JSON, and the Basic header.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};
use http::HeaderValue;
use secrecy::ExposeSecret;
use serde::{Serialize, Serializer, ser::SerializeMap};
use zeroize::Zeroizing;

use crate::{ClientAuthentication, ClientAuthenticationMethod as Method, TokenRequest, wiped::Wiped};

/// Makes the `Authorization` header of the methods that have one.
///
/// # Errors
///
/// `Configuration` if the client has no id, or no secret where the method asks for one (or one where it
/// asks for none), or if Basic cannot carry them as they are.
pub(crate) fn authorization(client: &ClientAuthentication) -> Result<Option<HeaderValue>, Error> {
    if client.id.is_empty() {
        return Err(wrong("the client id is empty", "client_id"));
    }
    let secret = client.secret.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
    match client.method {
        Method::None if client.secret.is_some() => {
            Err(wrong("a client secret is given, but the client authentication is none", "client_secret")
                .with_advice("name the method that sends it, such as client_secret_basic"))
        }
        Method::None => Ok(None),
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
        Method::ClientSecretPost | Method::Json => Ok(None),
    }
}

/// Makes the body, and says of what type it is.
pub(crate) fn body(
    client: &ClientAuthentication,
    request: &TokenRequest,
) -> Result<(&'static str, Bytes), Error> {
    let members = Members::of(client, request);
    let mut body = Wiped::default();
    if client.method == Method::Json {
        // Neither a full disk nor a bad map key can happen here, so the source says nothing.
        serde_json::to_writer(&mut body, &members).map_err(|_| {
            Error::new(ErrorKind::Configuration, "the token request cannot be written as JSON")
        })?;
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

/// The parameters that are sent. An empty one counts as absent (RFC 6749 §3.2).
struct Members<'a> {
    single: Vec<(&'a str, &'a str)>,
    resources: Vec<&'a str>,
}

impl<'a> Members<'a> {
    fn of(client: &'a ClientAuthentication, request: &'a TokenRequest) -> Self {
        let mut single = vec![("grant_type", request.grant_type.unwrap_or_default())];
        if matches!(client.method, Method::ClientSecretPost | Method::Json | Method::None) {
            single.push(("client_id", &client.id));
            let secret = client.secret.as_ref().map(ExposeSecret::expose_secret);
            single.push(("client_secret", secret.unwrap_or_default()));
        }
        single.extend([("scope", &*request.scope), ("audience", &*request.audience)]);
        single.extend(request.parameters.iter().map(|(name, value)| (&**name, value.expose_secret())));
        single.retain(|(_, value)| !value.is_empty());
        let resources = request.resources.iter().map(|resource| &**resource).filter(|uri| !uri.is_empty());
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

#[cfg(test)]
mod tests;
