//! What loads, what is refused, and that no key shows.

use std::{
    error::Error as _,
    time::{Duration, SystemTime},
};

use claviger_auth_core::{Error, ErrorKind};

use rustls_pki_types::pem::PemObject;

use super::*;
use crate::fixture::{Authority, Pair, provider};

mod chains;

const EC: &[u8] = include_bytes!("testdata/ec.crt");
const EC_KEY: &[u8] = include_bytes!("testdata/ec-pkcs8.key");

/// A moment at which all the certificates made here are valid.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

fn load(parts: &[&[u8]]) -> Result<Identity, Error> {
    let builder = Identity::builder().with_crypto_provider(provider()).with_time(now());
    let names = ["one", "two", "three", "four", "five"];
    names.iter().zip(parts).fold(builder, |builder, (name, pem)| builder.with_pem(*name, pem)).build()
}

fn refusal(parts: &[&[u8]]) -> Error {
    let error = load(parts).expect_err("it should have been refused");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    error
}

fn pair() -> Pair {
    Authority::new("authority").issue("client")
}

#[test]
fn loads_every_form_of_key() {
    let parts: &[&[&[u8]]] = &[
        &[EC, EC_KEY],
        &[include_bytes!("testdata/ec-sec1.pem")],
        &[include_bytes!("testdata/rsa-pkcs1.pem")],
        &[include_bytes!("testdata/bag-attributes.pem")],
    ];
    for parts in parts {
        assert_eq!(load(parts).unwrap().subject(), "CN=throw-away-test-identity");
    }
}

#[test]
fn loads_whatever_an_editor_did_to_the_text() {
    let pair = pair();
    let plain = format!("{}{}", pair.certificate, pair.key);
    let crlf = plain.replace('\n', "\r\n");
    let marked = format!("\u{feff}{plain}");
    let indented = plain.lines().map(|line| format!("    {line}\n")).collect::<String>();
    let spoken = format!("Here is your certificate:\n{plain}\nKeep it safe.\n");
    let unended = plain.trim_end().to_owned();
    for text in [plain, crlf, marked, indented, spoken, unended] {
        load(&[text.as_bytes()]).unwrap_or_else(|error| panic!("{error}: {text}"));
    }
}

#[test]
fn takes_the_parts_in_any_order() {
    let pair = pair();
    let (certificate, key) = (pair.certificate.as_bytes(), pair.key.as_bytes());
    let one = load(&[certificate, key]).unwrap();
    let other = load(&[key, certificate]).unwrap();
    assert_eq!(one.thumbprint(), other.thumbprint());
}

#[test]
fn the_same_key_in_two_encodings_is_one_key() {
    load(&[include_bytes!("testdata/ec-sec1.pem"), EC_KEY]).unwrap();
}

#[test]
fn of_several_keys_takes_the_one_of_the_client_and_the_valid_one() {
    let authority = Authority::new("authority");
    let (pair, other) = (authority.issue("client"), authority.issue("other"));
    let old = authority.issue_for_years("old", 2020, 2021);
    let beside = [
        other.key,
        old.certificate + &old.key,
        authority.pem() + &authority.key(),
        // Of no kind that can be used.
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n".to_owned(),
        pair.certificate.clone() + &pair.key,
    ];
    for other in beside {
        for text in [[&*other, &*pair.certificate, &*pair.key], [&*pair.key, &*pair.certificate, &*other]] {
            let identity = load(&[text.concat().as_bytes()]).unwrap();
            assert!(identity.subject().contains("CN=client"), "{}", identity.subject());
        }
    }
}

#[test]
fn no_more_is_read_than_an_identity_can_have() {
    let key = pair().key;
    let keys = key.repeat(21);
    assert_eq!(
        refusal(&[pair().certificate.as_bytes(), keys.as_bytes()]).to_string(),
        "there are too many certificates or keys for one identity (two)"
    );
}

#[test]
fn opens_what_is_encrypted_and_tells_a_wrong_passphrase() {
    let encrypted = include_bytes!("testdata/ec-encrypted-pkcs8.key");
    let with = |passphrase: Option<&str>, key| {
        let mut builder = Identity::builder()
            .with_crypto_provider(provider())
            .with_time(now())
            .with_pem("crt", EC)
            .with_pem("key", key);
        if let Some(passphrase) = passphrase {
            builder = builder.with_passphrase(passphrase.into());
            assert!(!format!("{builder:?}").contains(passphrase));
        }
        builder.build()
    };
    with(Some("swordfish"), encrypted).unwrap();
    with(Some("not-needed"), EC_KEY).unwrap();
    let error = with(Some("sharkfish"), encrypted).unwrap_err();
    assert_eq!(error.to_string(), "the passphrase is wrong (key)");
    assert!(!format!("{error:?}").contains("sharkfish"));
    let error = with(None, encrypted).unwrap_err();
    assert_eq!(error.to_string(), "the private key is encrypted (key)");
    assert!(error.advice().contains("openssl pkcs8 -topk8 -nocrypt"));
}

#[test]
#[cfg(not(feature = "pkcs12"))]
fn without_the_feature_a_pkcs12_file_is_named() {
    let error = refusal(&[include_bytes!("testdata/client.p12")]);
    assert_eq!(error.to_string(), "this is a PKCS#12 file (.p12, .pfx), not PEM (one)");
    assert!(error.advice().contains("openssl pkcs12 "));
}

#[test]
#[cfg(unix)]
fn tells_which_files_with_a_key_others_may_read() {
    use std::{fs, os::unix::fs::PermissionsExt};

    let (folder, pair) = (tempfile::tempdir().unwrap(), pair());
    let file = |name, text: &str, mode| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let certificate = file("a.crt", &pair.certificate, 0o644);
    for (mode, exposed) in [(0o600, 0), (0o640, 1), (0o604, 1), (0o711, 0)] {
        let key = file("a.key", &pair.key, mode);
        let builder = Identity::builder().with_crypto_provider(provider()).with_time(now());
        let identity = builder.with_file(&certificate).with_file(&key).build().unwrap();
        assert_eq!(identity.exposed_files(), &[key][..exposed], "{mode:o}");
    }
}

#[test]
fn reads_the_facts() {
    // 2025-01-01 and 2050-01-01.
    let pair = Authority::new("authority").issue_for_years("client", 2025, 2050);
    let identity = load(&[pair.certificate.as_bytes(), pair.key.as_bytes()]).unwrap();
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(identity.not_before(), at(1_735_689_600));
    assert_eq!(identity.not_after(), at(2_524_608_000));
    assert!(identity.is_valid_at(at(1_735_689_600)) && !identity.is_valid_at(at(1_735_689_599)));
    // `openssl x509 -in ec.crt -noout -fingerprint -sha256` is the judge.
    let known = load(&[EC, EC_KEY]).unwrap();
    assert_eq!(known.thumbprint().to_string(), include_str!("testdata/ec.crt.sha256").trim());
}

#[test]
fn refuses_an_identity_out_of_its_time() {
    let authority = Authority::new("authority");
    let old = authority.issue_for_years("client", 2020, 2021);
    let error = refusal(&[old.certificate.as_bytes(), old.key.as_bytes()]);
    assert_eq!(
        error.to_string(),
        "the client certificate has expired (one, valid until 2021-01-01T00:00:00Z)"
    );
    let early = authority.issue_for_years("client", 2060, 2070);
    let error = refusal(&[early.certificate.as_bytes(), early.key.as_bytes()]);
    assert_eq!(
        error.to_string(),
        "the client certificate is not valid yet (one, valid from 2060-01-01T00:00:00Z)"
    );
}

#[test]
fn says_what_is_missing_or_does_not_fit() {
    let authority = Authority::new("authority");
    let (pair, other) = (authority.issue("client"), authority.issue("other"));
    let (certificate, key) = (pair.certificate.as_bytes(), pair.key.as_bytes());
    let (ca, ca_key) = (authority.pem(), authority.key());
    let cases: &[(&[&[u8]], &str)] = &[
        (&[], "there is no client certificate"),
        (&[key], "there is no client certificate (one)"),
        (&[certificate], "there is no private key (one)"),
        (&[certificate, other.key.as_bytes()], "the private key belongs to another certificate (two)"),
        (
            &[certificate, other.key.as_bytes(), ca_key.as_bytes()],
            "none of the private keys belongs to the certificate (two)",
        ),
        (
            &[certificate, key, other.certificate.as_bytes(), other.key.as_bytes()],
            "there are several private keys, each with a valid certificate of its own (four)",
        ),
        (&[ca.as_bytes()], "this is the certificate of an authority (CA), not a client certificate (one)"),
        (
            &[key, ca.as_bytes()],
            "this is the certificate of an authority (CA), not a client certificate (two)",
        ),
        (&[certificate, ca_key.as_bytes()], "the private key belongs to another certificate (two)"),
    ];
    for (parts, text) in cases {
        assert_eq!(refusal(parts).to_string(), *text);
    }
}

#[test]
fn says_that_a_key_or_certificate_is_damaged() {
    let pair = pair();
    // A line is missing in the middle: still PEM, no longer DER.
    let without_line = |text: &str| {
        text.lines().enumerate().filter(|(at, _)| *at != 2).map(|(_, line)| format!("{line}\n")).collect()
    };
    let damaged: String = without_line(&pair.key);
    let error = refusal(&[pair.certificate.as_bytes(), damaged.as_bytes()]);
    assert_eq!(error.to_string(), "the private key is damaged, or of a kind that is not supported (two)");
    let damaged: String = without_line(&pair.certificate);
    let error = refusal(&[damaged.as_bytes(), pair.key.as_bytes()]);
    assert_eq!(error.to_string(), "the certificate is damaged (one)");
}

#[test]
fn names_the_file_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-such.crt");
    let error = Identity::from_files([&path]).unwrap_err();
    assert_eq!(error.to_string(), format!("the file cannot be read ({})", path.display()));
    let source: &std::io::Error = error.source().unwrap().downcast_ref().unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn reads_files() {
    let (folder, pair) = (tempfile::tempdir().unwrap(), pair());
    let (certificate, key) = (folder.path().join("a.crt"), folder.path().join("a.key"));
    std::fs::write(&certificate, &pair.certificate).unwrap();
    std::fs::write(&key, &pair.key).unwrap();
    Identity::builder()
        .with_crypto_provider(provider())
        .with_time(now())
        .with_file(&certificate)
        .with_file(&key)
        .build()
        .unwrap();
}

#[test]
fn a_key_shows_nowhere() {
    let pair = pair();
    let body: Vec<&str> = pair.key.lines().filter(|line| !line.starts_with("-----")).collect();
    let identity = load(&[pair.certificate.as_bytes(), pair.key.as_bytes()]).unwrap();
    let tls = Authority::new("server").tls().with_identity(identity.clone());
    let mut texts = vec![format!("{identity:?} {tls:?}"), format!("{:?}", tls.build().unwrap())];

    let other = Authority::new("other").issue("other");
    let cut = &pair.key[..pair.key.len() / 2];
    let broken = pair.key.replacen('M', "!", 1);
    let encrypted = pair.key.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let bad: [&[&[u8]]; 5] = [
        &[other.certificate.as_bytes(), pair.key.as_bytes()],
        &[pair.certificate.as_bytes(), cut.as_bytes()],
        &[pair.certificate.as_bytes(), broken.as_bytes()],
        &[pair.certificate.as_bytes(), encrypted.as_bytes()],
        &[pair.key.as_bytes()],
    ];
    for parts in bad {
        let error = refusal(parts);
        texts.push(format!("{error} {error:?} {}", error.advice()));
        let mut cause = error.source();
        while let Some(error) = cause {
            texts.push(format!("{error} {error:?}"));
            cause = error.source();
        }
    }
    // Any run of a dozen letters would be enough to know it by.
    let shows = |text: &str| {
        let runs = body.iter().flat_map(|line| line.as_bytes().windows(12));
        runs.map(|run| str::from_utf8(run).unwrap()).any(|run| text.contains(run))
    };
    assert!(
        shows(&pair.key) && shows(cut) && shows(&broken) && shows(&encrypted),
        "it was there to be found"
    );
    for text in texts {
        assert!(!shows(&text), "{text}");
    }
}
