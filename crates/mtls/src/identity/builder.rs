//! How an identity is read, checked and put in order.

use std::{fmt, path::Path, sync::Arc, time::SystemTime};

use claviger_auth_core::{Clock, Error, ErrorKind, SystemClock};
use rustls::{
    InconsistentKeys,
    crypto::CryptoProvider,
    sign::{CertifiedKey, SigningKey},
};
use x509_cert::der::DateTime;

use super::{Identity, Inner};
use crate::{
    certificate::Certificate,
    pem::{Part, named},
    private_key::PrivateKey,
    provider,
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
    time: Option<SystemTime>,
    provider: Option<Arc<CryptoProvider>>,
}

impl<'a> IdentityBuilder<'a> {
    pub(super) fn new() -> Self {
        Self { parts: Vec::new(), time: None, provider: None }
    }

    /// Adds a PEM text; errors about it bear the name.
    #[must_use]
    pub fn with_pem(mut self, name: impl Into<String>, pem: &'a [u8]) -> Self {
        self.parts.push(Part::Text { name: Some(name.into()), pem });
        self
    }

    /// Adds a PEM file; errors about it bear its path.
    #[must_use]
    pub fn with_file(mut self, path: impl AsRef<Path>) -> Self {
        self.parts.push(Part::File(path.as_ref().to_owned()));
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
        let mut certificates = Vec::new();
        let mut keys = Vec::new();
        for part in &self.parts {
            let contents = part.read()?;
            let name: Option<Arc<str>> = contents.name.map(Into::into);
            for der in contents.certificates {
                let certificate = Certificate::parse(der).map_err(|error| named(error, name.as_deref()))?;
                certificates.push(Named { name: name.clone(), value: certificate });
            }
            keys.extend(contents.keys.into_iter().map(|key| Named { name: name.clone(), value: key }));
        }
        check_presence(&certificates, &keys)?;
        let now = self.time.unwrap_or_else(|| SystemClock::new().wall());
        let (key, signer) = one_key(keys, &*provider::resolve(self.provider)?)?;
        let leaf = take_leaf(&mut certificates, &key, &signer, now)?;
        check_dates(&leaf, now)?;
        let issuers = issuers(&leaf.value, certificates, now);
        Ok(Identity { inner: Arc::new(Inner { leaf: leaf.value, issuers, key: key.value }) })
    }

    pub(super) fn with_unnamed(mut self, pem: &'a [u8]) -> Self {
        self.parts.push(Part::Text { name: None, pem });
        self
    }
}

impl fmt::Debug for IdentityBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityBuilder").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

struct Named<T> {
    name: Option<Arc<str>>,
    value: T,
}

impl<T> Named<T> {
    fn error(&self, what: &'static str, advice: &'static str) -> Error {
        named(Error::new(ErrorKind::Configuration, what).with_advice(advice), self.name.as_deref())
    }
}

fn check_presence(certificates: &[Named<Certificate>], keys: &[Named<PrivateKey>]) -> Result<(), Error> {
    let Some(first) = certificates.first() else {
        let error = Error::new(ErrorKind::Configuration, "there is no client certificate")
            .with_advice("give the file that begins with -----BEGIN CERTIFICATE-----, too");
        return Err(named(error, keys.first().and_then(|key| key.name.as_deref())));
    };
    if !keys.is_empty() {
        return Ok(());
    }
    Err(if certificates.iter().all(|one| one.value.is_authority) {
        first.error(NOT_A_CLIENT, NOT_A_CLIENT_ADVICE)
    } else {
        first.error(
            "there is no private key",
            "give the file that begins with -----BEGIN PRIVATE KEY-----, too",
        )
    })
}

/// Takes the key. The same key twice, even in two encodings, is one key.
fn one_key(
    keys: Vec<Named<PrivateKey>>,
    provider: &CryptoProvider,
) -> Result<(Named<PrivateKey>, Arc<dyn SigningKey>), Error> {
    let mut found: Option<(Named<PrivateKey>, Arc<dyn SigningKey>)> = None;
    for key in keys {
        // What the provider has to say about a key is not kept: it may quote it.
        let signer = provider.key_provider.load_private_key(key.value.to_der()).map_err(|_| {
            key.error(
                "the private key is damaged, or of a kind that is not supported",
                "use an RSA key of 2048 bits or more, or an EC key on P-256 or P-384",
            )
        })?;
        match &found {
            None => found = Some((key, signer)),
            Some((_, first)) if first.public_key().is_some() && first.public_key() == signer.public_key() => {
            }
            Some(_) => {
                return Err(key.error(
                    "there is a second private key, a different one",
                    "give only the private key that belongs to the client certificate",
                ));
            }
        }
    }
    found.ok_or_else(|| Error::new(ErrorKind::Configuration, "there is no private key"))
}

/// Takes out the certificate that the key belongs to; of several, a valid one, and the one valid longest.
fn take_leaf(
    certificates: &mut Vec<Named<Certificate>>,
    key: &Named<PrivateKey>,
    signer: &Arc<dyn SigningKey>,
    now: SystemTime,
) -> Result<Named<Certificate>, Error> {
    let best = certificates
        .iter()
        .enumerate()
        .filter(|(_, one)| is_pair(&one.value, signer))
        .max_by_key(|(_, one)| (one.value.is_valid_at(now), one.value.not_after))
        .map(|(index, _)| index);
    match best {
        Some(index) => Ok(certificates.remove(index)),
        None => Err(match certificates.first() {
            Some(first) if certificates.iter().all(|one| one.value.is_authority) => {
                first.error(NOT_A_CLIENT, NOT_A_CLIENT_ADVICE)
            }
            _ => key.error(
                "the private key belongs to another certificate",
                "give the certificate and the key that were issued together",
            ),
        }),
    }
}

fn is_pair(certificate: &Certificate, signer: &Arc<dyn SigningKey>) -> bool {
    match CertifiedKey::new(vec![certificate.der.clone()], Arc::clone(signer)).keys_match() {
        Ok(()) => true,
        // A provider that cannot tell, such as a hardware key's: then it is whatever is no authority.
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => !certificate.is_authority,
        Err(_) => false,
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
        if last.is_self_issued() {
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
            .filter(|(_, one)| one.value.subject == last.issuer && one.value.is_authority)
            .min_by_key(|(_, one)| rank(&one.value))
            .map(|(index, _)| index);
        let Some(next) = next else { return chain };
        chain.push(rest.remove(next).value);
    }
}

const NOT_A_CLIENT: &str = "this is the certificate of an authority (CA), not a client certificate";
const NOT_A_CLIENT_ADVICE: &str = "give the client certificate here, and the authority's as what to trust";
const RENEW: &str = "get a new client certificate from whoever issued it";
const CHECK_CLOCK: &str = "check this machine's clock, or wait";
