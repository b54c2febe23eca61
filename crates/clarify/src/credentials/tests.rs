use std::fs;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;

fn file() -> Value {
    json!({
        "credentials": {"type": "client-credentials", "clientId": "acme", "clientSecret": "swordfish"},
        "integration": "c7s0j1e2qk1f3m9v8b10",
        "apiUrl": "https://api.clarify.io/v1/",
    })
}

/// The file, with another value in one place; a null is the same as no member.
fn with(pointer: &str, value: impl Into<Value>) -> Value {
    let mut file = file();
    *file.pointer_mut(pointer).unwrap() = value.into();
    file
}

fn read(file: &Value) -> Result<Credentials, Error> {
    Credentials::from_json(file.to_string().as_bytes())
}

/// The error on a text; with everything that it says, which must not hold the secret.
fn refused(text: &str) -> (Error, String) {
    let error = Credentials::from_json(text.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let said = format!("{error} {error:?} {error:#?} {}", error.advice());
    assert!(!said.contains("swordf"), "{said}");
    (error, said)
}

#[test]
fn c4_reads_the_file_that_clarify_issues() {
    let credentials = read(&file()).unwrap();
    assert_eq!(credentials.credentials_type(), CredentialsType::ClientCredentials);
    assert_eq!(credentials.integration(), "c7s0j1e2qk1f3m9v8b10");
    assert_eq!(credentials.client_id(), "acme");
    assert_eq!(credentials.client_secret().expose_secret(), "swordfish");
    assert_eq!(credentials.endpoints().api_url(), "https://api.clarify.io/v1/");
}

#[test]
fn c5_knows_every_name_of_both_types() {
    for name in ["client-credentials", "client_credentials"] {
        let credentials = read(&with("/credentials/type", name)).unwrap();
        assert_eq!(credentials.credentials_type(), CredentialsType::ClientCredentials, "{name}");
        assert_eq!(credentials.client_id(), "acme");
    }
    for name in ["basic-auth", "basic", "password"] {
        let credentials = read(&with("/credentials/type", name)).unwrap();
        assert_eq!(credentials.credentials_type(), CredentialsType::BasicAuth, "{name}");
        assert_eq!(credentials.client_id(), "c7s0j1e2qk1f3m9v8b10", "the user name is the integration");
    }
    for known in [CredentialsType::BasicAuth, CredentialsType::ClientCredentials] {
        assert_eq!(known.to_string().parse::<CredentialsType>().unwrap(), known);
    }
}

#[test]
fn refuses_other_types_by_naming_the_known_ones() {
    for name in ["api-key", "Basic", "client credentials", "swordfish"] {
        let (error, said) = refused(&with("/credentials/type", name).to_string());
        assert_eq!(
            error.to_string(),
            "the type of the credentials is not known (field credentials.type)",
            "{name}"
        );
        assert!(!said.contains(name) || name == "client credentials", "{said}");
        for known in ["client-credentials", "client_credentials", "basic-auth", "basic", "password"] {
            assert!(error.advice().contains(known), "{said}");
        }
    }
}

#[test]
fn c3_names_the_field_that_is_missing_or_empty() {
    let mut places = Vec::new();
    for pointer in
        ["/apiUrl", "/integration", "/credentials/type", "/credentials/clientId", "/credentials/clientSecret"]
    {
        for empty in [Value::Null, json!(""), json!(" \n")] {
            places.push((with(pointer, empty), pointer.trim_start_matches('/').replace('/', ".")));
        }
    }
    places.push((with("/credentials", Value::Null), "credentials.type".to_owned()));
    places.push((json!({"hello": "world"}), "credentials.type".to_owned()));
    let nested = json!({"projectName": "x", "credentials": {"clientId": "a", "clientSecret": "swordfish"}});
    places.push((nested, "credentials.type".to_owned()));
    for (file, field) in places {
        let (error, _) = refused(&file.to_string());
        let expected = format!("a field of the credentials is missing or empty (field {field})");
        assert_eq!(error.to_string(), expected, "{file}");
    }
    let (error, _) = refused(&with("/apiUrl", "").to_string());
    assert!(error.advice().contains("https://api.clarify.io/v1/"), "{}", error.advice());
}

#[test]
fn basic_needs_no_client_id() {
    let mut file = with("/credentials/type", "basic-auth");
    file.pointer_mut("/credentials").unwrap().as_object_mut().unwrap().remove("clientId");
    assert_eq!(read(&file).unwrap().client_id(), "c7s0j1e2qk1f3m9v8b10");
}

#[test]
fn the_url_ends_in_one_slash_and_is_https() {
    for url in ["https://api.clarify.io/v1", "https://api.clarify.io/v1//", " https://api.clarify.io/v1/\n"] {
        let credentials = read(&with("/apiUrl", url)).unwrap();
        assert_eq!(credentials.endpoints().api_url(), "https://api.clarify.io/v1/", "{url:?}");
    }
    for url in ["http://api.clarify.io/v1/", "api.clarify.io", "https://swordfish@api.clarify.io/", "/v1/"] {
        let (error, _) = refused(&with("/apiUrl", url).to_string());
        assert_eq!(error.subject(), Some("field apiUrl"), "{url}");
    }
}

#[test]
fn passes_over_members_it_does_not_know() {
    let mut file = file();
    for (name, value) in [
        ("name", json!("Acme")),
        ("createdAt", json!("2024-01-01T00:00:00Z")),
        ("accessTokenUrl", json!("https://x")),
        ("anything", json!({"a": [1, null]})),
        ("clientId", json!("beside")),
    ] {
        file[name] = value;
    }
    file["credentials"]["anything"] = json!(1);
    assert!(read(&file).is_ok());
}

#[test]
fn takes_a_byte_order_mark() {
    let text = format!("\u{feff}\r\n{}", file());
    assert!(Credentials::from_json(text.as_bytes()).is_ok());
}

#[test]
fn tells_where_the_json_is_wrong_and_not_what_stands_there() {
    let cases = [
        (r#"{"integration": "#.to_owned(), "line 1 column 16"),
        ("{\n\"credentials\": \"swordfish\"}".to_owned(), "line 2 column 26"),
        ("{\n\"credentials\": {\"clientSecret\": [\"swordfish\"]}}".to_owned(), "line 2 column 32"),
        (with("/apiUrl", 17).to_string(), "line 1 column 12"),
        ("swordfish".to_owned(), "line 1 column 1"),
        (r#"["swordfish"]"#.to_owned(), "line 1 column 13"),
    ];
    for (text, place) in cases {
        let (error, _) = refused(&text);
        assert_eq!(
            error.to_string(),
            format!("this is not the JSON that Clarify issues ({place})"),
            "{text}"
        );
    }
    for empty in ["", "\u{feff}", " \n"] {
        assert_eq!(refused(empty).0.to_string(), "the credentials are empty");
    }
}

#[test]
fn tells_what_was_given_in_the_place_of_the_file() {
    let specification = "this is an API specification, not the credentials";
    let clara = "these are credentials of Clara's, not of Clarify's: they name no integration";
    for (text, what) in [
        (r#"{"openapi":"3.0.1","paths":{}}"#, specification),
        (r#"{"swagger":"2.0"}"#, specification),
        (r#"{"info":{},"item":[]}"#, "this is a Postman collection, not the credentials"),
        (r#"{"clientId":"acme","clientSecret":"swordfish"}"#, clara),
        (r#"{"client_id":"acme","client_secret":"swordfish","scopes":[]}"#, clara),
        (
            r#"{"projectName":"a","credentials":{"clientId":"a","clientSecret":"swordfish","publicKey":"x"}}"#,
            clara,
        ),
    ] {
        assert_eq!(refused(text).0.to_string(), what, "{text}");
    }
}

#[test]
fn names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clarify-credentials.json");
    let error = Credentials::from_file(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("the credentials cannot be read ({})", path.display()));
    assert!(Credentials::from_file(folder.path()).is_err());
    fs::write(&path, vec![b' '; MAX_LENGTH + 1]).unwrap();
    let error = Credentials::from_file(&path).unwrap_err();
    assert!(error.to_string().starts_with("the credentials cannot be read"), "{error}");

    let file_and = |text: &str| {
        fs::write(&path, text).unwrap();
        let error = Credentials::from_file(&path).unwrap_err();
        error.subject().unwrap().strip_prefix(&path.display().to_string()).unwrap().to_owned()
    };
    assert_eq!(file_and(""), "");
    assert_eq!(file_and("{"), ", line 1 column 1");
    assert_eq!(file_and(r#"{"openapi":""}"#), "");
    assert_eq!(file_and(&with("/apiUrl", "").to_string()), ", field apiUrl");
    assert_eq!(file_and(&with("/apiUrl", "http://a").to_string()), ", field apiUrl");
    assert_eq!(file_and(&with("/credentials/type", "x").to_string()), ", field credentials.type");

    fs::write(&path, file().to_string()).unwrap();
    assert!(Credentials::from_file(&path).is_ok());
}

#[test]
fn a_given_url_stands_above_that_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clarify-credentials.json");
    for file in [file(), with("/apiUrl", ""), with("/apiUrl", "http://a")] {
        fs::write(&path, file.to_string()).unwrap();
        let credentials = Credentials::from_file_with_api_url(&path, "https://127.0.0.1:8443/v1").unwrap();
        assert_eq!(credentials.endpoints().api_url(), "https://127.0.0.1:8443/v1/");
    }
    assert!(Credentials::from_file_with_api_url(&path, "").is_err());
}
