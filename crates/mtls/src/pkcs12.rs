//! PKCS#12 files (RFC 7292), by p12-keystore.

use claviger_auth_core::Error;
use p12_keystore::{Pkcs12Archive, error::Error as Pkcs12Error};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    der::{Element, Elements, INTEGER, OCTETS, SEQUENCE},
    part::{Contents, problem},
    private_key::PrivateKey,
    unlock::{Work, wrong_passphrase},
};

/// Takes all keys and certificates. Where no passphrase was given, it is tried whether there is an empty one.
pub(crate) fn open(
    der: &[u8],
    passphrase: Option<&SecretString>,
    work: &mut Work,
    contents: &mut Contents,
) -> Result<(), Error> {
    let file = Elements::of(der);
    measure(file.clone(), work, DEEPEST)?;
    let secret = passphrase.map_or("", ExposeSecret::expose_secret);
    // What the reader has to say is not kept: it may quote what it read.
    let archive = Pkcs12Archive::from_pkcs12(der, secret).map_err(|error| match (error, passphrase) {
        (error, None) if is_of_passphrase(&error) => problem(
            "the PKCS#12 file is encrypted",
            "give its passphrase, or decrypt it with: openssl pkcs12 -in FILE -nodes -out client.pem",
        ),
        (error, Some(_)) if is_of_passphrase(&error) => wrong_passphrase(),
        (Pkcs12Error::UnsupportedEncryptionScheme | Pkcs12Error::UnsupportedMacAlgorithm, _) => {
            problem("the PKCS#12 file is protected in a way that is not supported", CONVERT)
        }
        // Without a MAC a wrong passphrase may decrypt to anything.
        (_, Some(_)) if !has_mac(file) => {
            problem("the passphrase is wrong, or the PKCS#12 file is damaged", CONVERT)
        }
        _ => problem("the PKCS#12 file is damaged, or has in it what is not supported", CONVERT),
    })?;
    for bag in archive.keys {
        contents.keys.push(PrivateKey::new(PrivateKeyDer::Pkcs8(bag.key.as_der().to_vec().into())));
    }
    let certificates = archive.certs.iter().map(|bag| CertificateDer::from(bag.cert.as_der().to_vec()));
    contents.certificates.extend(certificates);
    Ok(())
}

fn is_of_passphrase(error: &Pkcs12Error) -> bool {
    matches!(
        error,
        Pkcs12Error::MacError(_)
            | Pkcs12Error::Pkcs5Error(_)
            | Pkcs12Error::UnpadError
            | Pkcs12Error::InvalidPrivateKey
    )
}

/// The MAC stands third (RFC 7292 §4).
fn has_mac(mut file: Elements<'_>) -> bool {
    file.next().is_some_and(|file| file.members().count() > 2)
}

/// Adds up the rounds that are asked for, wherever in the file: an octet string, the salt, and behind it a number
/// (RFC 7292 §4, §C; RFC 8018 §A.2), or three of them, as scrypt has (RFC 7914 §7).
fn measure(elements: Elements<'_>, work: &mut Work, deepest: usize) -> Result<(), Error> {
    let Some(deeper) = deepest.checked_sub(1) else { return Ok(()) };
    let members: Vec<Element<'_>> = elements.clone().take(MOST_MEMBERS).collect();
    let after_salt = members.iter().skip_while(|element| element.tag != OCTETS).skip(1);
    let numbers: Vec<u64> = after_salt.take_while(|one| one.tag == INTEGER).map(number).collect();
    match *numbers {
        [] => {}
        [cost, block, parallel, ..] => work.scrypt(cost, block, parallel)?,
        [rounds, ..] => work.rounds(rounds)?,
    }
    for element in elements {
        // An octet string may have DER in it, as the file's own contents are.
        if element.tag & CONSTRUCTED != 0
            || element.tag == OCTETS && element.content.first() == Some(&SEQUENCE)
        {
            measure(element.members(), work, deeper)?;
        }
    }
    Ok(())
}

/// A number that is negative, or larger than any here, is too large.
fn number(element: &Element<'_>) -> u64 {
    let digits = element.content.strip_prefix(&[0]).unwrap_or(element.content);
    let is_small = digits.len() < 8 && element.content.first().is_some_and(|first| first & 0x80 == 0);
    if is_small { digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)) } else { u64::MAX }
}

const CONVERT: &str =
    "convert it with: openssl pkcs12 -in FILE -nodes -out client.pem (if it fails, with -legacy)";
const CONSTRUCTED: u8 = 0x20;
/// Deeper than what is measured are only the insides of certificates.
const DEEPEST: usize = 24;
const MOST_MEMBERS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts a head of DER before what is in an element.
    fn element(tag: u8, content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        [&[tag, u8::try_from(content.len()).unwrap()], &*content].concat()
    }

    fn number_of(bytes: &[u8]) -> Vec<u8> {
        element(INTEGER, &[bytes])
    }

    fn is_allowed(bytes: &[u8]) -> bool {
        measure(Elements::of(bytes), &mut Work::default(), DEEPEST).is_ok()
    }

    #[test]
    fn counts_the_rounds_wherever_they_are_asked_for() {
        let salt = element(OCTETS, &[b"salt"]);
        let asking = |numbers: &[&[u8]]| {
            let numbers: Vec<u8> = numbers.iter().flat_map(|number| number_of(number)).collect();
            element(SEQUENCE, &[&salt, &numbers])
        };
        let million: &[u8] = &[0x0f, 0x42, 0x40];
        assert!(is_allowed(&asking(&[million])) && is_allowed(&asking(&[million, &[32]])));
        for too_much in [
            asking(&[&[0x7f, 0xff, 0xff, 0xff]]),
            asking(&[&[0xff]]),
            asking(&[&[1, 0, 0, 0, 0, 0, 0, 0, 0]]),
            asking(&[million]).repeat(4),
            // scrypt: too much memory for N, for r, and for p.
            asking(&[&[0x40, 0x00], &[16], &[1]]),
            asking(&[&[2], &[0x7f, 0xff, 0xff], &[1]]),
            asking(&[&[2], &[8], &[0x7f, 0xff, 0xff]]),
        ] {
            assert!(!is_allowed(&too_much));
            let inside = element(OCTETS, &[&element(SEQUENCE, &[&element(0xa0, &[&too_much])])]);
            assert!(!is_allowed(&inside), "in an octet string, as the contents are");
        }
    }
}
