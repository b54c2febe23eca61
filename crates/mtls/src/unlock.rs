//! Opens what is encrypted, with the passphrase that was given.

use claviger_auth_core::Error;
use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    pkcs5::{EncryptionScheme, pbes2::Kdf},
};
use rustls_pki_types::PrivateKeyDer;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    der::{Element, Elements},
    part::{Contents, Locked, problem},
    private_key::PrivateKey,
};

/// A passphrase, and how much work has gone into it.
pub(crate) struct Unlock<'a> {
    passphrase: Option<&'a SecretString>,
    work: Work,
}

/// Counts rounds of hashing, so that no file takes for ever.
#[derive(Default)]
pub(crate) struct Work {
    rounds: u64,
}

impl<'a> Unlock<'a> {
    pub(crate) fn with(passphrase: Option<&'a SecretString>) -> Self {
        Self { passphrase, work: Work::default() }
    }

    /// Puts what was locked with the rest.
    pub(crate) fn open(&mut self, locked: &Locked, contents: &mut Contents) -> Result<(), Error> {
        match locked {
            Locked::Key(der) => contents.keys.push(self.key(der)?),
            Locked::Archive(der) => self.archive(der, contents)?,
        }
        Ok(())
    }

    #[cfg(feature = "pkcs12")]
    fn archive(&mut self, der: &[u8], contents: &mut Contents) -> Result<(), Error> {
        crate::pkcs12::open(der, self.passphrase, &mut self.work, contents)
    }

    #[cfg(not(feature = "pkcs12"))]
    #[expect(clippy::unused_self, reason = "with the feature it takes the passphrase")]
    fn archive(&mut self, _: &[u8], _: &mut Contents) -> Result<(), Error> {
        Err(problem(
            "this is a PKCS#12 file (.p12, .pfx), not PEM",
            "convert it with: openssl pkcs12 -in FILE -nodes -out client.pem",
        ))
    }

    fn key(&mut self, der: &[u8]) -> Result<PrivateKey, Error> {
        let scheme = EncryptedPrivateKeyInfoRef::try_from(der);
        if is_pbes1(der) {
            return Err(problem(
                "the private key is encrypted in an old form (PBES1), which is not read",
                "encrypt it anew with: openssl pkcs8 -topk8 -in FILE -out client.key (if it fails, with \
                 -provider legacy -provider default)",
            ));
        }
        let info = scheme.map_err(|_| unsupported())?;
        let Some(passphrase) = self.passphrase else {
            return Err(problem(
                "the private key is encrypted",
                "give its passphrase, or decrypt it with: openssl pkcs8 -topk8 -nocrypt -in FILE -out client.key",
            ));
        };
        self.work.add(&info.encryption_algorithm)?;
        // What the cipher has to say is not kept: there is nothing to tell a wrong passphrase from a damaged key.
        let plain = info
            .encryption_algorithm
            .decrypt(passphrase.expose_secret(), info.encrypted_data.as_bytes())
            .map_err(|error| {
                if error == pkcs8::pkcs5::Error::DecryptFailed { wrong_passphrase() } else { unsupported() }
            })?;
        let key = PrivateKey::new(PrivateKeyDer::Pkcs8(plain.into()));
        if key.is_pkcs8() { Ok(key) } else { Err(wrong_passphrase()) }
    }
}

impl Work {
    fn add(&mut self, scheme: &EncryptionScheme) -> Result<(), Error> {
        match scheme.pbes2().map(|parameters| &parameters.kdf) {
            Some(Kdf::Pbkdf2(parameters)) => self.rounds(parameters.iteration_count.into()),
            Some(Kdf::Scrypt(parameters)) => self.scrypt(
                parameters.cost_parameter,
                parameters.block_size.into(),
                parameters.parallelization.into(),
            ),
            _ => Ok(()),
        }
    }

    pub(crate) fn rounds(&mut self, rounds: u64) -> Result<(), Error> {
        self.rounds = self.rounds.saturating_add(rounds);
        if self.rounds <= MOST_ROUNDS { Ok(()) } else { Err(too_much()) }
    }

    /// It takes 128·r·(N + p) bytes, and works on 128·r·N of them p times (RFC 7914 §6).
    pub(crate) fn scrypt(&mut self, cost: u64, block: u64, parallel: u64) -> Result<(), Error> {
        if cost.saturating_add(parallel).saturating_mul(block) > MOST_SCRYPT {
            return Err(too_much());
        }
        self.rounds(cost.saturating_mul(block).saturating_mul(parallel))
    }
}

/// PBES1 is everything that RFC 8018 §A.3 and RFC 7292 §C have beside PBES2.
fn is_pbes1(der: &[u8]) -> bool {
    fn first(element: Element<'_>) -> Option<Element<'_>> {
        element.members().next()
    }
    let scheme = Elements::of(der).next().and_then(first).and_then(first);
    scheme.is_some_and(|scheme| {
        let of_pkcs5 = scheme.content.starts_with(PKCS5) && scheme.content != PBES2;
        of_pkcs5 || scheme.content.starts_with(PKCS12_PBE)
    })
}

fn unsupported() -> Error {
    problem(
        "the private key is encrypted in a way that is not supported, or is damaged",
        "encrypt it anew with: openssl pkcs8 -topk8 -in FILE -out client.key",
    )
}

fn too_much() -> Error {
    problem(
        "the encryption asks for more work or memory than is allowed, to try a passphrase",
        "encrypt it anew with: openssl pkcs8 -topk8 -in FILE -out client.key",
    )
}

pub(crate) fn wrong_passphrase() -> Error {
    problem(
        "the passphrase is wrong",
        "check the passphrase; if it is right, the file is damaged: copy or download it again",
    )
}

const PKCS5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05";
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
const PKCS12_PBE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01";
/// Twice what OWASP recommends at most (1.3 million, for SHA-1); some seconds.
const MOST_ROUNDS: u64 = 3_000_000;
/// r·(N + p) of OpenSSL, which takes 16 MiB.
const MOST_SCRYPT: u64 = 8 * (16 * 1024 + 1);
