//! What a session is: its tokens, and when they were issued.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use claviger_auth_core::{AccessToken, Error, ErrorKind, Thumbprint};
use claviger_token_endpoint::TokenAnswer;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde::{Deserialize, Serialize};

/// Holds the tokens of a session. `Debug` shows neither.
#[derive(Clone, Debug)]
pub struct StoredSession {
    access_token: AccessToken,
    refresh_token: Option<SecretString>,
    issued: SystemTime,
}

impl StoredSession {
    /// Takes tokens that were asked for at `asked`: their life counts from there.
    pub(crate) fn new(answer: &TokenAnswer, asked: SystemTime) -> Self {
        let access_token = answer.access_token().clone();
        Self { access_token, refresh_token: answer.refresh_token().cloned(), issued: asked }
    }

    /// Takes the tokens of a renewal. What the server did not say again still holds (RFC 6749 §5.1, §6).
    pub(crate) fn renewed(&self, answer: &TokenAnswer, asked: SystemTime) -> Self {
        let mut renewed = Self::new(answer, asked);
        if renewed.access_token.scopes().is_empty() {
            renewed.access_token = renewed.access_token.with_scopes(self.access_token.scopes());
        }
        renewed.refresh_token = renewed.refresh_token.or_else(|| self.refresh_token.clone());
        renewed
    }

    /// Returns the access token, be it good or not.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// Returns what the session is renewed with, if it can be.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.refresh_token.as_ref()
    }

    /// Returns when the access token was asked for.
    #[must_use]
    pub fn issued(&self) -> SystemTime {
        self.issued
    }

    /// Hands the access token out with the age and the life that it has now, if it is good for a while.
    pub(crate) fn hand_out(&self, now: SystemTime) -> Option<AccessToken> {
        let can_be_renewed = self.refresh_token.is_some();
        let age = match now.duration_since(self.issued) {
            Ok(age) => age,
            // Issued in the future: somebody set the clock back, and its age is anybody's guess.
            Err(_) if can_be_renewed => return None,
            Err(_) => Duration::ZERO,
        };
        let token = self.access_token.clone().with_age(age);
        let life = match self.access_token.expires_in() {
            Some(life) => life,
            // The cache would give it that much once more, each time it is handed out.
            None if can_be_renewed => UNKNOWN_LIFE,
            None => return Some(token),
        };
        let leeway = (life / 10).min(LONGEST_LEEWAY);
        (age < life.saturating_sub(leeway)).then(|| token.with_expires_in(life.saturating_sub(age)))
    }

    /// Writes it as JSON, for a store: the bytes lay the tokens open.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) if it was issued before the year 1970.
    pub fn encode(&self) -> Result<SecretBox<Vec<u8>>, Error> {
        let unwritable = || Error::new(ErrorKind::Protocol, "the session cannot be written");
        let token = self.access_token.expose_secret();
        let refresh_token = self.refresh_token.as_ref().map(ExposeSecret::expose_secret);
        let issued = self.issued.duration_since(UNIX_EPOCH).map_err(|_| unwritable())?.as_millis();
        let form = Form {
            version: VERSION,
            access_token: token,
            refresh_token,
            issued_at_millis: issued.try_into().map_err(|_| unwritable())?,
            expires_in: self.access_token.expires_in().map(|life| life.as_secs()),
            scope: self.access_token.scopes().to_vec(),
            certificate: self.access_token.binding().map(|thumbprint| thumbprint.to_string()),
        };
        // With room for it all, and for escapes, so that no copy is left behind where the buffer grows.
        let others: usize = form.scope.iter().map(|scope| scope.len() + 3).sum();
        let length = token.len() + refresh_token.map_or(0, str::len) + others;
        let mut bytes = SecretBox::new(Box::new(Vec::with_capacity(6 * length + 512)));
        serde_json::to_writer(secrecy::ExposeSecretMut::expose_secret_mut(&mut bytes), &form)
            .map_err(|_| unwritable())?;
        Ok(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is damaged, or of another version. Nothing of it is quoted.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = || {
            Error::new(ErrorKind::Configuration, "the stored session is damaged").with_advice("log in again")
        };
        let Version { version } = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        if version != VERSION {
            let what = "the session was stored by another version of this program";
            return Err(Error::new(ErrorKind::Configuration, what)
                .with_advice("use that version, or log in again with this one"));
        }
        let form: OwnedForm = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        let token = SecretString::from(form.access_token);
        let mut access_token = AccessToken::bearer(&token).map_err(|_| damaged())?.with_scopes(form.scope);
        if let Some(life) = form.expires_in {
            access_token = access_token.with_expires_in(Duration::from_secs(life));
        }
        if let Some(certificate) = form.certificate {
            access_token = access_token.with_binding(thumbprint(&certificate).ok_or_else(damaged)?);
        }
        let issued = UNIX_EPOCH.checked_add(Duration::from_millis(form.issued_at_millis));
        Ok(Self {
            access_token,
            refresh_token: form.refresh_token.map(SecretString::from),
            issued: issued.ok_or_else(damaged)?,
        })
    }
}

/// Reads what `Display` of a thumbprint writes.
fn thumbprint(hex: &str) -> Option<Thumbprint> {
    let mut digest = [0; 32];
    if hex.len() != 2 * digest.len() || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in digest.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(Thumbprint::from_sha256(digest))
}

/// What every version has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize)]
struct Form<'a> {
    version: u32,
    access_token: &'a str,
    refresh_token: Option<&'a str>,
    issued_at_millis: u64,
    expires_in: Option<u64>,
    scope: Vec<String>,
    certificate: Option<String>,
}

/// The texts become secrets as they are: they are not copied again.
#[derive(Deserialize)]
struct OwnedForm {
    access_token: String,
    refresh_token: Option<String>,
    issued_at_millis: u64,
    expires_in: Option<u64>,
    scope: Vec<String>,
    certificate: Option<String>,
}

const VERSION: u32 = 1;
/// As the cache has them.
const UNKNOWN_LIFE: Duration = Duration::from_secs(300);
const LONGEST_LEEWAY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
