use std::{fs, sync::Arc};

use claviger_auth_core::ErrorKind;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tempfile::TempDir;

use super::*;

const FLAT: &str = r#"{"clientId":"acme","clientSecret":"swordfish"}"#;

struct Made {
    key: String,
    certificate: String,
}

fn made(authority: bool) -> Made {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    if authority {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let certificate = parameters.self_signed(&key).unwrap().pem();
    Made { key: key.serialize_pem(), certificate }
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn error(files: &[(&str, &str)]) -> Error {
    let error = Credentials::from_dir(folder(files).path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    error
}

#[test]
fn judges_files_by_content_and_not_by_name() {
    let (own, ca) = (made(false), made(true));
    let usual =
        [("a.json", FLAT), ("a.crt", &own.certificate), ("a.pem", &ca.certificate), ("a.key", &own.key)];
    let swapped =
        [("a.key", FLAT), ("a.json", &own.certificate), ("a.crt", &ca.certificate), ("a.pem", &own.key)];
    let both = format!("{}\r\n{}", own.key, own.certificate).replace('\n', "\r\n");
    let together =
        [("x", FLAT), ("client.pem", &both), ("ca-public-key.pem", &ca.certificate), ("README.txt", "hello")];
    for files in [usual, swapped, together] {
        let credentials = Credentials::from_dir(folder(&files).path()).unwrap();
        assert_eq!(credentials.client_id(), "acme");
        assert_eq!(credentials.authorities.len(), 1, "the client's own certificate is no CA");
        assert!(credentials.trust().unwrap().includes_platform());
    }
}

#[test]
fn reads_both_shapes_of_json_and_the_pem_in_it() {
    let own = made(false);
    let nested = serde_json::json!({
        "projectName": "acme",
        "credentials": {
            "clientId": "acme", "clientSecret": "swordfish",
            "publicKey": own.certificate, "privateKey": own.key,
        },
    });
    let nested = format!("\u{feff}{nested}");
    let credentials = Credentials::from_dir(folder(&[("token-data.json", &nested)]).path()).unwrap();
    assert_eq!(credentials.client_id(), "acme");
    assert!(credentials.authorities.is_empty());

    let snake = r#"{"client_id":"acme","client_secret":"swordfish","scopes":["read"]}"#;
    let files = [("a.json", snake), ("a.crt", &*own.certificate), ("a.key", &*own.key)];
    assert!(Credentials::from_dir(folder(&files).path()).is_ok());
}

#[test]
fn an_api_specification_beside_the_credentials_is_passed_over() {
    let own = made(false);
    let files = [
        ("api.json", r#"{"openapi":"3.0.1"}"#),
        ("a.json", FLAT),
        ("a.crt", &*own.certificate),
        ("a.key", &*own.key),
    ];
    assert!(Credentials::from_dir(folder(&files).path()).is_ok());
}

#[test]
fn tells_what_was_given_in_the_place_of_credentials() {
    let own = made(false);
    let cases = [
        (r#"{"openapi":"3.0.1","paths":{}}"#, "the JSON file is an API specification, not the credentials"),
        (r#"{"swagger":"2.0"}"#, "the JSON file is an API specification, not the credentials"),
        (r#"{"info":{},"item":[]}"#, "the JSON file is a Postman collection, not the credentials"),
        (r#"{"hello":"world"}"#, "the JSON file has no clientId and clientSecret"),
        (r#"{"clientId":"acme"}"#, "a field of the credentials is missing or empty"),
        (r#"{"clientId":"acme","clientSecret":" "}"#, "a field of the credentials is missing or empty"),
        (r#"{"credentials":{"clientSecret":"swordfish"}}"#, "a field of the credentials is missing or empty"),
        (r#"{"clientId":"acme","clientSecret":["swordfish"]}"#, "the file is not the JSON that Clara issues"),
        (r#"{"clientId":"acme","clientSecret":"swordf"#, "the file is not the JSON that Clara issues"),
    ];
    for (json, what) in cases {
        let error = error(&[("a.json", json), ("a.crt", &own.certificate), ("a.key", &own.key)]);
        let shown = format!("{error} {error:?}");
        assert!(shown.starts_with(what), "{shown}");
        assert!(shown.contains("a.json"), "{shown}");
        assert!(!shown.contains("swordf"), "{shown}");
    }
}

#[test]
fn names_the_field() {
    let own = made(false);
    let json = r#"{"credentials":{"clientId":"acme","clientSecret":""}}"#;
    let error = error(&[("a.json", json), ("a.crt", &own.certificate), ("a.key", &own.key)]);
    assert!(error.subject().unwrap().ends_with("a.json, field credentials.clientSecret"), "{error}");
}

#[test]
fn tells_what_is_missing_or_wrong_among_the_keys() {
    let (own, other) = (made(false), made(false));
    let truncated = &own.key[..own.key.len() / 2];
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("a.json", FLAT)], ""),
        (&[("a.json", FLAT), ("a.crt", &own.certificate)], ""),
        (&[("a.json", FLAT), ("a.crt", &other.certificate), ("a.key", &own.key)], ""),
        (&[("a.json", FLAT), ("a.crt", &own.certificate), ("a.key", truncated)], "a.key"),
        (&[("a.json", FLAT), ("a.crt", &own.certificate), ("a.key", "")], "a.key"),
        (&[("a.json", FLAT), ("b.json", FLAT)], "b.json"),
        (&[("a.crt", &own.certificate), ("a.key", &own.key)], ""),
    ];
    let mut said = Vec::new();
    for (files, subject) in cases {
        let error = error(files);
        assert!(error.subject().is_some_and(|named| named.contains(subject)), "{error}");
        assert!(
            !said.contains(&error.to_string().split('(').next().unwrap().to_owned()),
            "{error}: said before"
        );
        said.push(error.to_string().split('(').next().unwrap().to_owned());
    }
}

#[test]
fn a_binary_key_is_told_as_such() {
    let own = made(false);
    let folder = folder(&[("a.json", FLAT), ("a.crt", &own.certificate)]);
    let der = KeyPair::generate().unwrap().serialize_der();
    fs::write(folder.path().join("a.key"), der).unwrap();
    let error = Credentials::from_dir(folder.path()).unwrap_err();
    assert!(error.subject().unwrap().contains("a.key"), "{error}");
}

#[test]
fn a_folder_that_is_none_is_an_error() {
    let folder = folder(&[("file", FLAT)]);
    for path in [folder.path().join("file"), folder.path().join("missing")] {
        let error = Credentials::from_dir(&path).unwrap_err();
        assert_eq!(error.subject().unwrap(), path.display().to_string());
    }
}

#[test]
fn shows_no_secret() {
    let own = made(false);
    let files = [("a.json", FLAT), ("a.crt", &*own.certificate), ("a.key", &*own.key)];
    let credentials = Arc::new(Credentials::from_dir(folder(&files).path()).unwrap());
    assert_eq!(secrecy::ExposeSecret::expose_secret(credentials.client_secret()), "swordfish");
    let line = own.key.lines().nth(1).unwrap();
    let shown = format!("{credentials:?}");
    assert!(!shown.contains("swordfish") && !shown.contains(line), "{shown}");
}
