//! Which key belongs to which certificate.

use std::{sync::Arc, time::SystemTime};

use claviger_auth_core::{Error, ErrorKind};
use rustls::{
    InconsistentKeys,
    crypto::CryptoProvider,
    sign::{CertifiedKey, SigningKey},
};

use super::builder::Named;
use crate::{certificate::Certificate, private_key::PrivateKey};

/// A key, and the place of its certificate among all.
pub(super) struct Pair {
    pub(super) key: Named<PrivateKey>,
    pub(super) leaf: usize,
}

pub(super) fn check_presence(
    certificates: &[Named<Certificate>],
    keys: &[Named<PrivateKey>],
) -> Result<(), Error> {
    let Some(first) = certificates.first() else {
        const WHAT: &str = "there is no client certificate";
        const ADVICE: &str = "give the file that begins with -----BEGIN CERTIFICATE-----, too";
        return Err(match keys.first() {
            Some(key) => key.error(WHAT, ADVICE),
            None => Error::new(ErrorKind::Configuration, WHAT).with_advice(ADVICE),
        });
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

/// Takes the key that has a certificate. Of several it is a client's, not an authority's; then one that is valid.
///
/// The same key twice, even in two encodings, is one key.
pub(super) fn choose(
    keys: Vec<Named<PrivateKey>>,
    certificates: &[Named<Certificate>],
    provider: &CryptoProvider,
    now: SystemTime,
) -> Result<Pair, Error> {
    let mut known: Vec<Arc<dyn SigningKey>> = Vec::new();
    let (mut pairs, mut alone, mut unusable) = (Vec::new(), Vec::new(), None);
    for key in keys {
        // What the provider has to say about a key is not kept: it may quote it.
        let Ok(signer) = provider.key_provider.load_private_key(key.value.to_der()) else {
            unusable.get_or_insert_with(|| key.error(UNUSABLE, UNUSABLE_ADVICE));
            continue;
        };
        let is_same = |other: &Arc<dyn SigningKey>| {
            other.public_key().is_some() && other.public_key() == signer.public_key()
        };
        if known.iter().any(is_same) {
            continue;
        }
        match best(certificates, &signer, now) {
            Some((rank, leaf)) => pairs.push((rank, Pair { key, leaf })),
            None => alone.push(key),
        }
        known.push(signer);
    }
    let best = pairs.iter().map(|(rank, _)| *rank).max();
    pairs.retain(|(rank, _)| Some(*rank) == best);
    match (pairs.pop(), pairs.is_empty()) {
        (Some((_, pair)), true) => Ok(pair),
        (Some((_, pair)), false) => Err(pair.key.error(
            "there are several private keys, each with a valid certificate of its own",
            "give only the certificate and the key that are to be used",
        )),
        (None, _) => Err(unusable.unwrap_or_else(|| no_pair(certificates, &alone))),
    }
}

/// Whether it is a client's, and whether it is valid: the better, the larger.
type Rank = (bool, bool);

/// Finds the certificate of a key; of several, the one valid longest.
fn best(
    certificates: &[Named<Certificate>],
    signer: &Arc<dyn SigningKey>,
    now: SystemTime,
) -> Option<(Rank, usize)> {
    let own = certificates.iter().enumerate().filter(|(_, one)| is_pair(&one.value, signer));
    own.map(|(index, one)| (index, &one.value))
        .map(|(index, one)| ((!one.is_authority, one.is_valid_at(now)), one.not_after, index))
        .max()
        .map(|(rank, _, index)| (rank, index))
}

fn is_pair(certificate: &Certificate, signer: &Arc<dyn SigningKey>) -> bool {
    match CertifiedKey::new(vec![certificate.der.clone()], Arc::clone(signer)).keys_match() {
        Ok(()) => true,
        // A provider that cannot tell, such as a hardware key's: then it is whatever is no authority.
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => !certificate.is_authority,
        Err(_) => false,
    }
}

fn no_pair(certificates: &[Named<Certificate>], keys: &[Named<PrivateKey>]) -> Error {
    match (certificates, keys) {
        ([first, ..], _) if certificates.iter().all(|one| one.value.is_authority) => {
            first.error(NOT_A_CLIENT, NOT_A_CLIENT_ADVICE)
        }
        (_, [only]) => only.error("the private key belongs to another certificate", OF_ONE_ISSUE),
        (_, [first, ..]) => first.error("none of the private keys belongs to the certificate", OF_ONE_ISSUE),
        (_, []) => Error::new(ErrorKind::Configuration, "there is no private key"),
    }
}

const NOT_A_CLIENT: &str = "this is the certificate of an authority (CA), not a client certificate";
const NOT_A_CLIENT_ADVICE: &str = "give the client certificate here, and the authority's as what to trust";
const OF_ONE_ISSUE: &str = "give the certificate and the key that were issued together";
const UNUSABLE: &str = "the private key is damaged, or of a kind that is not supported";
const UNUSABLE_ADVICE: &str = "use an RSA key of 2048 to 4096 bits, or an EC key on P-256 or P-384; a key without its \
                               public part is completed by: openssl pkey -in FILE -out client.key";
