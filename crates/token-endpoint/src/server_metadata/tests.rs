use super::*;

const ISSUER: &str = "https://auth.example/acme";

fn read_with(document: &str, more: &[&str]) -> Result<ServerMetadata, Error> {
    let origins: Vec<_> =
        [&[ISSUER], more].concat().into_iter().map(|url| Origin::https(url).unwrap()).collect();
    ServerMetadata::read(document.as_bytes(), ISSUER, &origins, LoopbackHttp::Refused)
        .map(|metadata| metadata.expect("it names an issuer"))
}

fn clean(error: Error) -> Error {
    assert!(!format!("{error} {error:?}").contains("swordfish"), "{error:?}");
    error
}

fn refusal(document: &str) -> Error {
    clean(read_with(document, &[]).expect_err(document))
}

/// The URL of what is called by this name in a document.
fn named(metadata: &ServerMetadata, name: &str) -> Result<Address, Error> {
    let plain = metadata.endpoints(Aliases::Ignored);
    let endpoint = match name {
        "authorization_endpoint" => &metadata.authorization,
        "device_authorization_endpoint" => &plain.device_authorization,
        "introspection_endpoint" => &plain.introspection,
        "revocation_endpoint" => &plain.revocation,
        _ => &plain.token,
    };
    endpoint.clone().unwrap()
}

fn with(members: &str) -> String {
    format!(r#"{{"issuer":"{ISSUER}",{members}}}"#)
}

#[test]
fn reads_the_endpoints_and_passes_the_rest_over() {
    let document = with(
        r#""token_endpoint":"https://auth.example/t","revocation_endpoint":"https://auth.example:443/r",
           "introspection_endpoint":"https://AUTH.example/i","authorization_endpoint":"https://auth.example/a?b=c",
           "grant_types_supported":["client_credentials"],"x":{"y":[null]},"token_endpoint_auth_methods_supported":7"#,
    );
    let metadata = read_with(&document, &[]).unwrap();
    assert_eq!(metadata.issuer(), ISSUER);
    assert_eq!(metadata.token_url().unwrap().unwrap(), "https://auth.example/t");
    assert_eq!(metadata.mtls_token_url().unwrap(), metadata.token_url().unwrap());
    assert_eq!(metadata.authorization_url().unwrap().unwrap(), "https://auth.example/a?b=c");
    assert!(metadata.endpoints(Aliases::Ignored).revocation.is_some());
    assert!(metadata.endpoints(Aliases::Ignored).introspection.is_some());
    assert_eq!(read_with(&with(r#""x":1"#), &[]).unwrap().token_url().unwrap(), None);
}

#[test]
fn tells_whether_the_server_names_itself_in_answers() {
    for (members, expected) in [
        (r#""x":1"#, false),
        (r#""authorization_response_iss_parameter_supported":false"#, false),
        (r#""authorization_response_iss_parameter_supported":true"#, true),
    ] {
        assert_eq!(read_with(&with(members), &[]).unwrap().names_issuer_in_answers(), expected, "{members}");
    }
    let metadata =
        read_with(&with(r#""device_authorization_endpoint":"https://auth.example/d""#), &[]).unwrap();
    assert_eq!(named(&metadata, "device_authorization_endpoint").unwrap().url, "https://auth.example/d");
}

#[test]
fn takes_the_alias_where_there_is_one() {
    let document = with(
        r#""token_endpoint":"https://auth.example/t","revocation_endpoint":"https://auth.example/r",
           "mtls_endpoint_aliases":{"token_endpoint":"https://mtls.example/t"}"#,
    );
    let pinned = read_with(&document, &[]).unwrap();
    assert!(pinned.token_url().is_ok(), "who does not ask for the alias does not mind it");
    assert_eq!(pinned.mtls_token_url().unwrap_err().subject(), Some("token_endpoint"), "it is no exception");
    let metadata = read_with(&document, &["https://mtls.example"]).unwrap();
    assert_eq!(metadata.token_url().unwrap().unwrap(), "https://auth.example/t");
    assert_eq!(metadata.mtls_token_url().unwrap().unwrap(), "https://mtls.example/t");
    let aliases = metadata.endpoints(Aliases::Taken);
    assert_eq!(aliases.revocation.clone().unwrap().unwrap().url, "https://auth.example/r");
}

#[test]
fn aliases_that_are_null_are_none() {
    let document = with(r#""token_endpoint":"https://auth.example/t","mtls_endpoint_aliases":null"#);
    let metadata = read_with(&document, &[]).unwrap();
    assert_eq!(metadata.mtls_token_url().unwrap().unwrap(), "https://auth.example/t");
}

#[test]
fn takes_no_document_of_another_issuer() {
    for other in [
        "https://auth.example/acme/",
        "https://auth.example",
        "https://AUTH.example/acme",
        "https://auth.example:443/acme",
        "https://swordfish.example",
        "",
    ] {
        let error = refusal(&format!(r#"{{"issuer":"{other}","token_endpoint":"https://auth.example/t"}}"#));
        assert_eq!(error.kind(), ErrorKind::Configuration, "{other}");
        assert!(error.advice().contains("slash"), "{other}");
    }
}

#[test]
fn takes_no_endpoint_that_a_secret_must_not_go_to() {
    for (url, kind) in [
        ("https://swordfish.example/t", ErrorKind::Configuration),
        ("https://auth.example.swordfish.example/t", ErrorKind::Configuration),
        ("https://auth.example:8443/t", ErrorKind::Configuration),
        ("http://auth.example/t", ErrorKind::Protocol),
        ("http://127.0.0.1/t", ErrorKind::Protocol),
        ("https://swordfish@auth.example/t", ErrorKind::Protocol),
        ("https://auth.example/t#swordfish", ErrorKind::Protocol),
        ("/t", ErrorKind::Protocol),
        ("", ErrorKind::Protocol),
        ("javascript:swordfish", ErrorKind::Protocol),
    ] {
        for name in
            ["token_endpoint", "revocation_endpoint", "introspection_endpoint", "authorization_endpoint"]
        {
            let metadata = read_with(&with(&format!(r#""{name}":"{url}""#)), &[]).unwrap();
            let error = clean(named(&metadata, name).unwrap_err());
            assert_eq!((error.kind(), error.subject()), (kind, Some(name)), "{url}");
        }
    }
}

#[test]
fn takes_nothing_that_is_no_such_document() {
    let nested = "[".repeat(100_000);
    for document in [
        r#"{"issuer":7}"#.to_owned(),
        with(r#""token_endpoint":["swordfish"]"#),
        with(r#""token_endpoint":"https://auth.example/t","token_endpoint":"https://auth.example/u""#),
        with(r#""issuer":"swordfish""#),
        with(r#""mtls_endpoint_aliases":"swordfish""#),
        with(&format!(r#""x":{nested}"#)),
        with(r#""x":swordfish"#),
    ] {
        assert_eq!(refusal(&document).kind(), ErrorKind::Protocol, "{document:.100}");
    }
}
