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
