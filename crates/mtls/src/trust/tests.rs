//! Nothing given is never taken for everybody.

use super::*;
use crate::fixture::Authority;

fn refusal(bytes: &[u8]) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, bytes).unwrap();
    let error = Trust::given_files([&path]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.subject(), Some(&*path.display().to_string()));
    error
}

#[test]
fn an_empty_file_is_an_error_and_never_a_fall_back() {
    assert!(refusal(b"").to_string().starts_with("the file is empty"));
    let key = Authority::new("authority").key();
    assert!(refusal(key.as_bytes()).to_string().starts_with("there is no CA certificate in it"));
    let nothing = Trust::given([]).unwrap_err();
    assert_eq!(nothing.to_string(), "no CA certificate was given to trust");
    assert_eq!(Trust::both([b"".as_slice()]).unwrap_err().to_string(), "the file is empty");
}

#[test]
fn a_damaged_certificate_is_an_error() {
    let damaged = b"-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n";
    assert!(refusal(damaged).to_string().starts_with("the CA certificate is damaged"));
}

#[test]
fn only_an_authority_is_trusted() {
    let client = Authority::new("authority").issue("client").certificate;
    let error = refusal(client.as_bytes());
    assert!(error.to_string().starts_with("this is not the certificate of an authority (CA)"), "{error}");
    let bundle = Authority::new("authority").pem() + &client;
    assert!(refusal(bundle.as_bytes()).to_string().starts_with("this is not the certificate of an"));
    let (error, both) =
        (Trust::given([client.as_bytes()]).unwrap_err(), Trust::both([client.as_bytes()]).unwrap_err());
    assert!(error.advice().contains("authority") && both.kind() == ErrorKind::Configuration);
    // Without BasicConstraints, as rcgen and X.509 version 1 leave them out.
    let key = rcgen::KeyPair::generate().unwrap();
    let unmarked = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem();
    assert!(refusal(unmarked.as_bytes()).to_string().starts_with("this is not the certificate of an"));
}

#[test]
fn of_a_text_with_everything_finds_the_authorities() {
    let (one, other) = (Authority::new("one"), Authority::new("other"));
    let client = one.issue("client");
    let (one, other) = (one.pem(), other.pem());
    let text = [&*one, "Bag Attributes\n", &client.key, &client.certificate, &other].concat();
    let crlf = text.replace('\n', "\r\n");
    let marked = format!("\u{feff}{text}");
    let indented = text.lines().map(|line| format!("\t{line}\n")).collect::<String>();
    for text in [text, crlf, marked, indented] {
        let found = Trust::authorities_in(text.as_bytes());
        assert_eq!(found.len(), 2, "{text}");
        let shown = String::from_utf8(found.concat()).unwrap();
        assert_eq!(shown.matches("BEGIN").count(), 2, "the key is not among them: {shown}");
        assert_eq!(Trust::given(found).unwrap().roots().unwrap().len(), 2);
    }
    let damaged = b"-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n";
    let cut_off = [b"-----BEGIN CERTIFICATE-----\nMAMC\n".as_slice(), client.key.as_bytes()].concat();
    for none in [b"".as_slice(), b"\x30\x82", damaged, &cut_off, client.certificate.as_bytes()] {
        assert!(Trust::authorities_in(none).is_empty());
    }
}

#[test]
fn gathers_all_that_is_given() {
    let (one, other) = (Authority::new("one"), Authority::new("other"));
    let (bundle, single) = (one.pem() + &other.pem(), one.pem());
    let trust = Trust::given([bundle.as_bytes(), single.as_bytes()]).unwrap();
    assert_eq!(trust.roots().unwrap().len(), 3);
    assert!(!trust.includes_platform());
    assert!(trust.and_platform().includes_platform());
}

#[test]
fn a_platform_without_authorities_matters_only_where_nothing_else_is_trusted() {
    let cause = || Some("SSL_CERT_FILE names no file".into());
    let error = Trust::platform().with_found(Vec::new(), cause()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.to_string(), "the platform has no CA certificates");
    assert!(std::error::Error::source(&error).is_some());

    let trust = Authority::new("authority").trust().and_platform();
    assert_eq!(trust.with_found(Vec::new(), cause()).unwrap().len(), 1);
}
