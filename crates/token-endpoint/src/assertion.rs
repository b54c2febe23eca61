//! The assertions by which a client proves who it is without sending a secret (RFC 7523 §2.2).

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use claviger_auth_core::{Error, ErrorKind};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::Sha256;

use crate::{ClientAuthentication, ClientAuthenticationMethod as Method, SigningKey};

/// Makes an assertion for this server, new each time; none where the method has no use for one.
///
/// # Errors
///
/// `Configuration` if there is neither key nor secret, or `Runtime` if the system has no random numbers.
pub(crate) fn assertion(
    client: &ClientAuthentication,
    server: &str,
    now: SystemTime,
) -> Result<Option<SecretString>, Error> {
    let signer = match (client.method, &client.key, &client.secret) {
        (Method::PrivateKeyJwt, Some(key), _) => Signer::Key(key),
        (Method::ClientSecretJwt, _, Some(secret)) => Signer::Secret(secret),
        _ => return Ok(None),
    };
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let claims = Claims {
        iss: &client.id,
        sub: &client.id,
        aud: client.audience.as_deref().unwrap_or(server),
        jti: &identifier()?,
        iat: now.as_secs(),
        exp: now.saturating_add(LIFE).as_secs(),
    };
    let mut token = encoded(&signer.header())?;
    token.push('.');
    token.push_str(&encoded(&claims)?);
    let signature = signer.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(Some(token.into()))
}

enum Signer<'a> {
    Key(&'a SigningKey),
    Secret(&'a SecretString),
}

impl Signer<'_> {
    fn header(&self) -> Header<'_> {
        match self {
            Self::Key(key) => Header { alg: key.algorithm().to_string(), typ: "JWT", kid: key.id() },
            Self::Secret(_) => Header { alg: "HS256".to_owned(), typ: "JWT", kid: None },
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Key(key) => key.sign(message),
            // OpenID Connect Core §10.1: the bytes of the secret are the key.
            Self::Secret(secret) => {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
                    .expect("HMAC takes keys of any length");
                mac.update(message);
                Ok(mac.finalize().into_bytes().to_vec())
            }
        }
    }
}

/// RFC 7515 §4.1.
#[derive(Serialize)]
struct Header<'a> {
    alg: String,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

/// RFC 7523 §3.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: u64,
    exp: u64,
}

fn encoded(part: &impl Serialize) -> Result<String, Error> {
    // Neither a full disk nor a bad map key can happen here, so the source says nothing.
    let json = serde_json::to_vec(part)
        .map_err(|_| Error::new(ErrorKind::Configuration, "the assertion cannot be written as JSON"))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Makes an id that no other assertion has: a server takes each one once.
fn identifier() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Runtime, "the system has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// It is used at once. The rest is for clocks that differ, and for a server that is slow to look at it.
const LIFE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
