use super::*;
use crate::{SigningKey, TokenRequest};

fn client(method: Method) -> ClientAuthentication {
    ClientAuthentication::new(method, "id").with_secret("se cret:+".into())
}

fn header(client: &ClientAuthentication) -> Result<Option<String>, Error> {
    Ok(authorization(client)?.map(|value| value.to_str().unwrap().to_owned()))
}

fn text(method: Method, request: &TokenRequest) -> (&'static str, String) {
    let public = ClientAuthentication::new(Method::None, "id");
    let client = if method == Method::None { public } else { client(method) };
    let (content_type, body) = body(&client, None, &request.parameters()).unwrap();
    (content_type, String::from_utf8(body.to_vec()).unwrap())
}

fn everything() -> TokenRequest {
    TokenRequest::client_credentials()
        .with_scope(" a b:c ")
        .with_audience("https://api.example/v1/")
        .with_resource("urn:x")
        .with_resource("urn:y?z=1&w")
        .with_parameter("org", "first")
        .with_parameter("org", "ä\"\\")
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn encodes_id_and_secret_inside_basic() {
    // RFC 6749 §2.3.1 and appendix B; the vector is one that the oauth2 crate agrees with.
    let value = authorization(&client(Method::ClientSecretBasic)).unwrap().unwrap();
    assert_eq!(value, "Basic aWQ6c2UrY3JldCUzQSUyQg==");
    assert!(value.is_sensitive());
    // base64 of `a%3Ab:%C3%A4*-._%7E`
    let odd = ClientAuthentication::new(Method::ClientSecretBasic, "a:b").with_secret("ä*-._~".into());
    assert_eq!(header(&odd).unwrap().unwrap(), "Basic YSUzQWI6JUMzJUE0Ki0uXyU3RQ==");
}

#[test]
fn leaves_id_and_secret_as_they_are_in_raw_basic() {
    // base64 of `id:se cret:+`
    let value = header(&client(Method::ClientSecretBasicRaw)).unwrap();
    assert_eq!(value.unwrap(), "Basic aWQ6c2UgY3JldDor");
}

#[test]
fn refuses_a_client_that_cannot_be_sent() {
    let new = ClientAuthentication::new;
    for (client, field) in [
        (new(Method::ClientSecretBasic, "").with_secret("x".into()), "client_id"),
        (new(Method::None, ""), "client_id"),
        (new(Method::ClientSecretBasic, "id"), "client_secret"),
        (new(Method::ClientSecretPost, "id").with_secret("".into()), "client_secret"),
        (new(Method::Json, "id"), "client_secret"),
        (new(Method::None, "id").with_secret("x".into()), "client_secret"),
        (new(Method::TlsClientAuth, "id").with_secret("x".into()), "client_secret"),
        (new(Method::SelfSignedTlsClientAuth, ""), "client_id"),
        (new(Method::ClientSecretJwt, "id"), "client_secret"),
        (
            new(Method::ClientSecretJwt, "id").with_secret("x".into()).with_signing_key(key()),
            "signing_key_file",
        ),
        (new(Method::PrivateKeyJwt, "id"), "signing_key_file"),
        (new(Method::PrivateKeyJwt, "id").with_signing_key(key()).with_secret("x".into()), "client_secret"),
        (new(Method::None, "id").with_signing_key(key()), "signing_key_file"),
        (new(Method::TlsClientAuth, "id").with_signing_key(key()), "signing_key_file"),
        (new(Method::ClientSecretBasicRaw, "i:d").with_secret("x".into()), "client_id"),
        (new(Method::ClientSecretBasicRaw, "i\nd").with_secret("x".into()), "client_id"),
        (new(Method::ClientSecretBasicRaw, "id").with_secret("x\n".into()), "client_secret"),
    ] {
        let error = authorization(&client).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, Some(field)), "{client:?}");
    }
}

fn key() -> SigningKey {
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    SigningKey::from_pem_with(&rustls::crypto::ring::default_provider(), pem.as_bytes()).unwrap()
}

#[test]
fn sends_an_assertion_and_no_secret() {
    let key = ClientAuthentication::new(Method::PrivateKeyJwt, "i d").with_signing_key(key());
    for client in [client(Method::ClientSecretJwt), key] {
        assert_eq!(header(&client).unwrap(), None);
        let request = TokenRequest::client_credentials();
        let (content_type, body) =
            body(&client, Some(&"e30.e30.c2ln".into()), &request.parameters()).unwrap();
        let id = if client.method == Method::PrivateKeyJwt { "i+d" } else { "id" };
        let expected = format!(
            "grant_type=client_credentials&client_id={id}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
             client-assertion-type%3Ajwt-bearer&client_assertion=e30.e30.c2ln"
        );
        assert_eq!((content_type, std::str::from_utf8(&body).unwrap()), (FORM, &*expected));
    }
}

#[test]
fn sends_the_id_alone_where_a_certificate_is_the_proof() {
    for method in [Method::TlsClientAuth, Method::SelfSignedTlsClientAuth] {
        let client = ClientAuthentication::new(method, "i d");
        assert_eq!(header(&client).unwrap(), None);
        let (_, body) = body(&client, None, &TokenRequest::client_credentials().parameters()).unwrap();
        assert_eq!(body, "grant_type=client_credentials&client_id=i+d");
    }
}

#[test]
fn uses_exactly_one_method() {
    let request = TokenRequest::client_credentials();
    for (method, in_header, in_body) in [
        (Method::ClientSecretBasic, true, "grant_type=client_credentials"),
        (Method::ClientSecretBasicRaw, true, "grant_type=client_credentials"),
        (
            Method::ClientSecretPost,
            false,
            "grant_type=client_credentials&client_id=id&client_secret=se+cret%3A%2B",
        ),
    ] {
        assert_eq!(authorization(&client(method)).unwrap().is_some(), in_header, "{method}");
        assert_eq!(text(method, &request), (FORM, in_body.to_owned()));
    }
    let public = "grant_type=client_credentials&client_id=id";
    assert_eq!(text(Method::None, &request), (FORM, public.to_owned()));
    assert_eq!(header(&ClientAuthentication::new(Method::None, "id")).unwrap(), None);
    assert_eq!(header(&client(Method::ClientSecretPost)).unwrap(), None);
    assert_eq!(header(&client(Method::Json)).unwrap(), None);
}

#[test]
fn writes_every_parameter_into_the_form() {
    assert_eq!(
        text(Method::ClientSecretBasic, &everything()).1,
        "grant_type=client_credentials&scope=a+b%3Ac&audience=https%3A%2F%2Fapi.example%2Fv1%2F\
         &org=%C3%A4%22%5C&resource=urn%3Ax&resource=urn%3Ay%3Fz%3D1%26w"
    );
}

#[test]
fn writes_every_parameter_into_the_json() {
    assert_eq!(
        text(Method::Json, &everything()),
        (
            "application/json",
            r#"{"grant_type":"client_credentials","client_id":"id","client_secret":"se cret:+","scope":"a b:c","audience":"https://api.example/v1/","org":"ä\"\\","resource":["urn:x","urn:y?z=1&w"]}"#
                .to_owned()
        )
    );
}

#[test]
fn writes_the_json_that_clazar_documents() {
    // Clazar, "Authentication": client_id and client_secret, no grant_type.
    let bare = TokenRequest::client_credentials().without_grant_type();
    assert_eq!(text(Method::Json, &bare).1, r#"{"client_id":"id","client_secret":"se cret:+"}"#);
    let one = bare.with_resource("urn:x");
    assert!(text(Method::Json, &one).1.ends_with(r#","resource":"urn:x"}"#));
}

#[test]
fn counts_an_empty_parameter_as_absent() {
    let empty = TokenRequest::client_credentials()
        .with_scope("  ")
        .with_audience("")
        .with_resource("")
        .with_parameter("org", "");
    assert_eq!(text(Method::ClientSecretBasic, &empty).1, "grant_type=client_credentials");
    assert_eq!(text(Method::ClientSecretBasic, &empty.clone().without_grant_type()).1, "");
    assert!(!text(Method::Json, &empty).1.contains("resource"));
}
