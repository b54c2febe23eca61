//! How an identity is read, checked and put in order.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use claviger_auth_core::{Clock, Error, ErrorKind, SystemClock};
use rustls::crypto::CryptoProvider;
use secrecy::SecretString;
use x509_cert::der::DateTime;

use super::{
    Identity, Inner,
    pairing::{self, Pair},
};
use crate::{
    certificate::Certificate,
    part::{Contents, Part, named},
    private_key::PrivateKey,
    provider,
    unlock::Unlock,
};

/// Reads an [`Identity`] from named texts and files.
///
/// # Example
///
/// ```
/// use claviger_mtls::Identity;
///
/// let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
/// let error = Identity::builder()
///     .with_crypto_provider(provider)
///     .with_pem("acme.json, field privateKey", b"-----BEGIN PRIVATE KEY-----\nMIIE")
///     .build()
///     .unwrap_err();
/// assert_eq!(error.subject(), Some("acme.json, field privateKey"));
/// ```
#[derive(Clone)]
pub struct IdentityBuilder<'a> {
    parts: Vec<Part<'a>>,
    passphrase: Option<SecretString>,
    time: Option<SystemTime>,
    provider: Option<Arc<CryptoProvider>>,
}

impl<'a> IdentityBuilder<'a> {
    pub(super) fn new() -> Self {
        Self { parts: Vec::new(), passphrase: None, time: None, provider: None }
    }

    /// Adds a PEM text, or whatever else a file can hold; errors about it bear the name.
    #[must_use]
    pub fn with_pem(mut self, name: impl Into<String>, pem: &'a [u8]) -> Self {
        self.parts.push(Part::Text { name: Some(name.into()), bytes: pem });
        self
    }

    /// Adds a file; errors about it bear its path.
    #[must_use]
    pub fn with_file(mut self, path: impl AsRef<Path>) -> Self {
        self.parts.push(Part::File(path.as_ref().to_owned()));
        self
    }

    /// Opens encrypted keys and PKCS#12 files with this passphrase.
    ///
    /// It changes nothing for keys that are not encrypted. A PKCS#12 file without a passphrase, as some programs
    /// write them, has an empty one, which is tried where none is given.
    #[must_use]
    pub fn with_passphrase(mut self, passphrase: SecretString) -> Self {
        self.passphrase = Some(passphrase);
        self
    }

    /// Judges the dates at this time. The default is now.
    #[must_use]
    pub fn with_time(mut self, now: SystemTime) -> Self {
        self.time = Some(now);
        self
    }

    /// Reads the key with this crypto provider. The default is the process's, else that of this crate's
    /// features.
    #[must_use]
    pub fn with_crypto_provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Reads all parts, and checks them against each other.
    ///
    /// # Errors
    ///
    /// As [`Identity::from_pem`].
    pub fn build(self) -> Result<Identity, Error> {
        let found = self.read()?;
        let locked = found.locked.clone();
        let now = self.time.unwrap_or_else(|| SystemClock::new().wall());
        let provider = provider::resolve(self.provider)?;
        // Where something is missing, it is likely in what could not be opened.
        found.into_identity(&provider, now).map_err(|error| locked.unwrap_or(error))
    }

    fn read(&self) -> Result<Found, Error> {
        let mut found = Found::default();
        let mut unlock = Unlock::with(self.passphrase.as_ref());
        for part in &self.parts {
            let mut contents = part.read()?;
            let has_secrets = !contents.keys.is_empty() || !contents.locked.is_empty();
            if let Part::File(path) = part
                && contents.is_exposed
                && has_secrets
            {
                found.exposed.push(path.clone());
            }
            for locked in std::mem::take(&mut contents.locked) {
                if let Err(error) = unlock.open(&locked, &mut contents) {
                    found.locked.get_or_insert(named(error, contents.name.as_deref()));
                }
            }
            found.add(contents)?;
        }
        Ok(found)
    }

    pub(super) fn with_unnamed(mut self, pem: &'a [u8]) -> Self {
        self.parts.push(Part::Text { name: None, bytes: pem });
        self
    }
}

impl fmt::Debug for IdentityBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityBuilder").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

/// What was found in all parts.
#[derive(Default)]
struct Found {
    certificates: Vec<Named<Certificate>>,
    keys: Vec<Named<PrivateKey>>,
    /// Why the first of what is encrypted could not be opened.
    locked: Option<Error>,
    exposed: Vec<PathBuf>,
}

impl Found {
    fn add(&mut self, contents: Contents) -> Result<(), Error> {
        let name: Option<Arc<str>> = contents.name.map(Into::into);
        for der in contents.certificates {
            if self.certificates.iter().any(|known| known.value.der == der) {
                continue;
            }
            let certificate = Certificate::parse(der).map_err(|error| named(error, name.as_deref()))?;
            self.certificates.push(Named { name: name.clone(), value: certificate });
        }
        self.keys.extend(contents.keys.into_iter().map(|key| Named { name: name.clone(), value: key }));
        if self.certificates.len() <= MOST_CERTIFICATES && self.keys.len() <= MOST_KEYS {
            return Ok(());
        }
        let error =
            Error::new(ErrorKind::Configuration, "there are too many certificates or keys for one identity")
                .with_advice(
                    "give the client certificate, the chain above it, and its key, and nothing else",
                );
        Err(named(error, name.as_deref()))
    }

    fn into_identity(mut self, provider: &CryptoProvider, now: SystemTime) -> Result<Identity, Error> {
        pairing::check_presence(&self.certificates, &self.keys)?;
        let Pair { key, leaf } = pairing::choose(self.keys, &self.certificates, provider, now)?;
        let leaf = self.certificates.remove(leaf);
        check_dates(&leaf, now)?;
        let issuers = issuers(&leaf.value, self.certificates, now);
        let inner = Inner { leaf: leaf.value, issuers, key: key.value, exposed: self.exposed };
        Ok(Identity { inner: Arc::new(inner) })
    }
}

/// Something, and the name of the part that it came from.
pub(super) struct Named<T> {
    pub(super) name: Option<Arc<str>>,
    pub(super) value: T,
}

impl<T> Named<T> {
    pub(super) fn error(&self, what: &'static str, advice: &'static str) -> Error {
        named(Error::new(ErrorKind::Configuration, what).with_advice(advice), self.name.as_deref())
    }
}

fn check_dates(leaf: &Named<Certificate>, now: SystemTime) -> Result<(), Error> {
    let certificate = &leaf.value;
    let (what, word, date, advice) = if now > certificate.not_after {
        ("the client certificate has expired", "valid until", certificate.not_after, RENEW)
    } else if now < certificate.not_before {
        ("the client certificate is not valid yet", "valid from", certificate.not_before, CHECK_CLOCK)
    } else {
        return Ok(());
    };
    let date = DateTime::from_system_time(date).map(|date| date.to_string()).unwrap_or_default();
    let name = leaf.name.as_deref().map(|name| format!("{name}, ")).unwrap_or_default();
    Err(leaf.error(what, advice).with_subject(format!("{name}{word} {date}")))
}

/// Climbs from issuer to issuer, and leaves out what is no part of the chain.
///
/// Authorities share a name where one renewed its key, or its certificate: of those, the one whose key id is
/// that of the signature, then a valid one, then the first.
fn issuers(leaf: &Certificate, mut rest: Vec<Named<Certificate>>, now: SystemTime) -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    loop {
        let last = chain.last().unwrap_or(leaf);
        if last.is_self_issued() || chain.len() == LONGEST_CHAIN {
            return chain;
        }
        let rank = |issuer: &Certificate| match last.is_signed_by_key_of(issuer) {
            Some(true) => (0, !issuer.is_valid_at(now)),
            None => (1, !issuer.is_valid_at(now)),
            Some(false) => (2, !issuer.is_valid_at(now)),
        };
        let next = rest
            .iter()
            .enumerate()
            .filter(|(_, one)| last.is_issued_by_name_of(&one.value) && one.value.is_authority)
            .min_by_key(|(_, one)| rank(&one.value))
            .map(|(index, _)| index);
        let Some(next) = next else { return chain };
        chain.push(rest.remove(next).value);
    }
}

const RENEW: &str = "get a new client certificate from whoever issued it";
const CHECK_CLOCK: &str = "check this machine's clock, or wait";
/// More than in the largest bundles of public authorities.
const MOST_CERTIFICATES: usize = 500;
const MOST_KEYS: usize = 20;
/// Longer than any that a server would follow.
const LONGEST_CHAIN: usize = 16;
