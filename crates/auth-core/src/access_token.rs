//! An access token, as it came from whoever issued it.

use std::{fmt, time::Duration};

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, ErrorKind, Thumbprint, sensitive};

/// Holds a bearer token (RFC 6750) as a header value made once, with its life and scopes.
///
/// The text is opaque: whether it is a JWT is nobody's business but the server's. `Debug` does not show it;
/// [`expose_secret`](ExposeSecret::expose_secret) does.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use claviger_auth_core::AccessToken;
/// use secrecy::ExposeSecret;
///
/// let token = AccessToken::bearer(&"swordfish".into())?
///     .with_expires_in(Duration::from_secs(300))
///     .with_scopes(["read"]);
/// assert_eq!(token.expose_secret(), "swordfish");
/// assert!(!format!("{token:?}").contains("swordfish"));
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone)]
pub struct AccessToken {
    header: HeaderValue,
    expires_in: Option<Duration>,
    age: Duration,
    scopes: Vec<String>,
    binding: Option<Thumbprint>,
}

impl AccessToken {
    /// Takes a bearer token, without its scheme.
    ///
    /// # Errors
    ///
    /// [`Protocol`](ErrorKind::Protocol) if it is empty or has characters that no bearer token has (RFC 6750
    /// §2.1 allows letters, digits and `-._~+/`, then `=`; other visible ASCII is let pass, since servers
    /// issue it and a header can carry it).
    pub fn bearer(token: &SecretString) -> Result<Self, Error> {
        let text = token.expose_secret();
        if text.is_empty() {
            return Err(Error::new(ErrorKind::Protocol, "the access token is empty"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the access token has characters that no bearer token has",
            ));
        }
        let header = sensitive::header_value(SCHEME, token)?;
        Ok(Self { header, expires_in: None, age: Duration::ZERO, scopes: Vec::new(), binding: None })
    }

    /// Sets how long it lives from the moment it was asked for. At most ten years are kept.
    #[must_use]
    pub fn with_expires_in(mut self, life: Duration) -> Self {
        self.expires_in = Some(life.min(LONGEST_LIFE));
        self
    }

    /// Says how long ago it was issued: for sources that keep tokens. Default: just now.
    ///
    /// The cache does not throw a token away that is too young. One that was kept is not young because this
    /// process has only just seen it.
    #[must_use]
    pub fn with_age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Sets the scopes that were granted.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Binds it to a client certificate (RFC 8705 §3): it is never sent over another.
    #[must_use]
    pub fn with_binding(mut self, certificate: Thumbprint) -> Self {
        self.binding = Some(certificate);
        self
    }

    /// Returns how long it lives from the moment it was asked for, if the server said.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    /// Returns how old it was when its source handed it out.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// Returns the scopes that were granted; empty if the server did not say.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Returns the client certificate that it is bound to, if it is.
    #[must_use]
    pub fn binding(&self) -> Option<Thumbprint> {
        self.binding
    }

    /// Returns the sensitive value of its `Authorization` header.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }
}

impl ExposeSecret<str> for AccessToken {
    fn expose_secret(&self) -> &str {
        // `bearer` let nothing but ASCII in, after the scheme.
        self.header.to_str().ok().and_then(|text| text.strip_prefix(SCHEME)).unwrap_or_default()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("header", &self.header)
            .field("expires_in", &self.expires_in)
            .field("age", &self.age)
            .field("scopes", &self.scopes)
            .field("binding", &self.binding)
            .finish()
    }
}

const SCHEME: &str = "Bearer ";
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_no_header_carries() {
        for bad in ["", "a b", "a\nb", "a\r\nX-Evil: 1", "ü", "\u{7f}"] {
            let error = AccessToken::bearer(&bad.into()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{bad:?}");
        }
    }

    #[test]
    fn clamps_an_absurd_life() {
        let token = AccessToken::bearer(&"t".into()).unwrap().with_expires_in(Duration::MAX);
        assert_eq!(token.expires_in(), Some(LONGEST_LIFE));
    }

    #[test]
    fn shows_no_secret() {
        let token = AccessToken::bearer(&"swordfish".into()).unwrap();
        assert!(token.header().to_str().unwrap().contains("swordfish"), "the secret was there to be found");
        assert!(!format!("{token:?}").contains("swordfish"));
    }
}
