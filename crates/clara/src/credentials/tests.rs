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
fn c13_judges_files_by_content_and_not_by_name() {
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

/// Whoever has the key of a trusted certificate can pass for Clara: last year's must not be one.
#[test]
fn c16_trusts_only_authorities_that_have_a_file_of_their_own() {
    let (own, old, ca, issuer) = (made(false), made(false), made(true), made(true));
    let chain = format!("{}{}", own.certificate, issuer.certificate);
    let old_chain = format!("{}{}", issuer.certificate, old.certificate);
    let key_and_ca = format!("{}{}", own.key, ca.certificate);
    let two = format!("{}{}", ca.certificate, issuer.certificate);
    let certificate = |made: &Made| made.certificate.trim().replace("\r\n", "\n");
    let cases: [(&[&str], &[&Made]); 7] = [
        (&[&own.certificate, &own.key, &old.certificate], &[]),
        (&[&own.certificate, &own.key, &old.certificate, &ca.certificate], &[&ca]),
        (&[&chain, &own.key], &[]),
        (&[&chain, &own.key, &old_chain, &ca.certificate], &[&ca]),
        (&[&chain, &own.key, &issuer.certificate], &[&issuer]),
        (&[&own.certificate, &key_and_ca], &[&ca]),
        (&[&own.certificate, &own.key, &two], &[&ca, &issuer]),
    ];
    for (number, (pems, trusted)) in cases.into_iter().enumerate() {
        let names: Vec<_> = (0..pems.len()).map(|file| format!("{file}.pem")).collect();
        let mut files = vec![("a.json", FLAT)];
        files.extend(names.iter().map(String::as_str).zip(pems.iter().copied()));
        let credentials = Credentials::from_dir(folder(&files).path()).unwrap();
        let kept: Vec<_> = credentials
            .authorities
            .iter()
            .map(|pem| String::from_utf8(pem.clone()).unwrap().trim().replace("\r\n", "\n"))
            .collect();
        assert_eq!(kept, trusted.iter().map(|made| certificate(made)).collect::<Vec<_>>(), "{number}");
        assert!(credentials.trust().unwrap().includes_platform());
    }
}

/// As `openssl req -x509` makes them: self-signed, and an authority's by default.
#[test]
fn the_clients_own_certificate_is_never_trusted() {
    let own = made(true);
    for files in [
        &[("a.json", FLAT), ("a.crt", &*own.certificate), ("a.key", &*own.key)][..],
        &[("a.json", FLAT), ("a.pem", &format!("{}{}", own.key, own.certificate))],
    ] {
        assert!(Credentials::from_dir(folder(files).path()).unwrap().authorities.is_empty());
    }
}

#[test]
fn files_that_are_none_of_claras_are_passed_over() {
    let own = made(false);
    let good = [("m.json", FLAT), ("m.crt", &*own.certificate), ("m.key", &*own.key)];
    let strangers = [
        "",
        " \r\n",
        "hello",
        "{",
        r#"{"credentials":"none"}"#,
        r#"{"clientId":7,"publicKey":{}}"#,
        r#"{"clientId":"acme"}"#,
        r#"{"credentials":{"clientSecret":""}}"#,
        "[1]",
    ];
    for stranger in strangers {
        for name in ["a.json", "z.json"] {
            let files = [&good[..], &[(name, stranger)]].concat();
            let credentials = Credentials::from_dir(folder(&files).path());
            assert_eq!(credentials.unwrap().client_id(), "acme", "{stranger}");
        }
    }
}

#[test]
fn what_is_too_large_for_claras_is_passed_over() {
    let own = made(false);
    let folder = folder(&[("m.json", FLAT), ("m.crt", &own.certificate), ("m.key", &own.key)]);
    fs::write(folder.path().join("a.json"), FLAT.to_owned() + &" ".repeat(9 * 1024 * 1024)).unwrap();
    assert_eq!(Credentials::from_dir(folder.path()).unwrap().client_id(), "acme");
    fs::remove_file(folder.path().join("m.json")).unwrap();
    let words = Credentials::from_dir(folder.path()).unwrap_err().to_string();
    assert!(words.starts_with("no file of the folder holds a client id and secret"), "{words}");
}

#[test]
fn what_was_passed_over_is_told_if_nothing_else_serves() {
    let (own, old) = (made(false), made(true));
    let expired = {
        let key = KeyPair::from_pem(&own.key).unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
        parameters.self_signed(&key).unwrap().pem()
    };
    let (json, crt, key) = (("m.json", FLAT), ("m.crt", &*own.certificate), ("m.key", &*own.key));
    let empty = "the file is empty";
    for (files, what, subject) in [
        (&[("a.json", ""), crt, key][..], empty, "a.json"),
        (&[("a", ""), ("b.json", r#"{"openapi":""}"#), crt, key], "the JSON file is an API spec", "b.json"),
        (&[("a.json", r#"{"openapi":""}"#), ("b.json", "{"), crt, key], "the file is not the JSON", "b.json"),
        (&[json, crt, ("a.key", "")], empty, "a.key"),
        (&[json, key, ("a.crt", "")], empty, "a.crt"),
        (&[json, key, ("ca.crt", &old.certificate), ("a.crt", "")], empty, "a.crt"),
        (&[json, key, ("m.crt", &expired), ("a", "")], "the client certificate has expired", "m.crt"),
        (&[json, key, ("m.crt", &made(false).certificate), ("a", "")], "the private key belongs", "m.key"),
    ] {
        let error = error(files);
        assert!(error.to_string().starts_with(what), "{error}");
        assert!(error.subject().unwrap().contains(subject), "{error}");
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
fn c12_an_api_specification_beside_the_credentials_is_passed_over() {
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
