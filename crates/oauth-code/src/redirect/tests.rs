//! What is pasted, and what comes of it.

use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, Discovery, TokenEndpoint};
use http::{Request, Response};
use tower::service_fn;

use super::*;
use crate::{AuthorizationCode, AuthorizationCodeBuilder, Login, fake_server::FakeServer};

const ISSUER: &str = "https://auth.example";

fn builder(server: &FakeServer) -> AuthorizationCodeBuilder {
    AuthorizationCode::builder(server.endpoint(), "https://auth.example/authorize")
}

fn state(login: &Login) -> String {
    let (_, rest) = login.url().split_once("state=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

/// The address that the browser is sent back to with these parameters beside the right state.
fn back(login: &Login, parameters: &str) -> String {
    format!("http://127.0.0.1/callback?{parameters}&state={}", state(login))
}

async fn refusal(builder: AuthorizationCodeBuilder, parameters: &str) -> Error {
    let login = builder.build().unwrap().begin().unwrap();
    let error = login.accept_redirect(&back(&login, parameters)).await.unwrap_err();
    assert!(!format!("{error:?}").contains("swordfish"), "{error:?}");
    error
}

#[tokio::test]
async fn a_pasted_address_is_exchanged_with_the_verifier_of_its_challenge() {
    let server = FakeServer::new();
    let client = builder(&server).with_resource("https://api.example/v1").build().unwrap();
    let login = client.begin().unwrap();
    let pasted = format!("  {}#fragment\n", back(&login, "code=sword%2Ffish&session_state=x"));
    let answer = login.accept_redirect(&pasted).await.unwrap();
    assert_eq!(answer.refresh_token().unwrap().expose_secret(), "refresh1");
    let [sent] = &server.requests()[..] else { panic!("one request") };
    assert_eq!((&*sent["code"], &*sent["grant_type"]), ("sword/fish", "authorization_code"));
    assert_eq!(sent["redirect_uri"], "http://127.0.0.1/callback");
    assert_eq!(sent["resource"], "https://api.example/v1");
    let challenge = crate::random::challenge(&sent["code_verifier"].as_str().into());
    assert!(login.url().contains(&format!("code_challenge={challenge}&")));
}

#[tokio::test]
async fn what_is_pasted_by_mistake_can_be_pasted_again() {
    let server = FakeServer::new();
    let login = builder(&server).build().unwrap().begin().unwrap();
    let right = back(&login, "code=c");
    for mistake in [
        "",
        "swordfish",
        "http://127.0.0.1/callback",
        "http://127.0.0.1/callback?code=c",
        "http://127.0.0.1/callback?code=c&state=swordfish",
        &format!("{right}&state=swordfish"),
        &format!("{right}&code=swordfish"),
        &format!("{right}x"),
        &right.replace("state=", "State="),
        &right.replace("code=", "x="),
        login.url(),
    ] {
        let error = login.accept_redirect(mistake).await.unwrap_err();
        assert_eq!(error.to_string(), "this is not the answer to this login", "{mistake}");
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!format!("{error:?}").contains("swordfish"));
    }
    assert!(server.requests().is_empty());
    login.accept_redirect(&right).await.unwrap();
}

#[tokio::test]
async fn what_comes_twice_is_exchanged_once() {
    let server = FakeServer::new();
    let login = builder(&server).build().unwrap().begin().unwrap();
    let right = back(&login, "code=c");
    assert!(!login.is_answered());
    let (one, other) = tokio::join!(login.accept_redirect(&right), login.accept_redirect(&right));
    for answer in [one, other, login.accept_redirect(&right).await] {
        assert_eq!(answer.unwrap().access_token().expose_secret(), "access1");
    }
    assert_eq!((server.requests().len(), login.is_answered()), (1, true));
}

#[tokio::test]
async fn each_error_of_the_server_has_its_words() {
    let server = FakeServer::new();
    for (code, kind, words) in [
        ("access_denied", ErrorKind::CredentialsRefused, "the login was denied (access_denied)"),
        (
            "login_required",
            ErrorKind::CredentialsRefused,
            "the server wants the user to do more (login_required)",
        ),
        (
            "temporarily_unavailable",
            ErrorKind::Unavailable,
            "the server could not let the user log in (temporarily_unavailable)",
        ),
        (
            "invalid_scope",
            ErrorKind::Configuration,
            "the server refused the scope, the resource or the audience of the login (invalid_scope)",
        ),
        (
            "unauthorized_client",
            ErrorKind::Configuration,
            "the server found the login's request wrong (unauthorized_client)",
        ),
        ("swordfish", ErrorKind::Protocol, "the server ended the login with an error"),
    ] {
        let parameters = format!("error={code}&error_description=swordfish");
        let error = refusal(builder(&server), &parameters).await;
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, words));
    }
    let empty = refusal(builder(&server), "code=").await;
    assert_eq!(empty.kind(), ErrorKind::Protocol);
    assert!(server.requests().is_empty());
    server.say(400, r#"{"error":"invalid_grant"}"#);
    let error = refusal(builder(&server), "code=swordfish").await;
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
    assert!(error.advice().starts_with("log in again"), "{}", error.advice());
}

/// As a server describes itself that does or does not promise to name its issuer.
async fn with_metadata(server: &FakeServer, promises: bool) -> AuthorizationCodeBuilder {
    let document =
        format!(r#"{{"issuer":"{ISSUER}","authorization_response_iss_parameter_supported":{promises}}}"#);
    let client = service_fn(move |_: Request<http_body_util::Full<bytes::Bytes>>| {
        let answer = Response::new(http_body_util::Full::<bytes::Bytes>::from(document.clone()));
        async move { Ok::<_, std::convert::Infallible>(answer) }
    });
    let metadata = Discovery::builder(ISSUER).build(client).unwrap().metadata().await.unwrap();
    builder(server).with_metadata(&metadata)
}

#[tokio::test]
async fn another_issuer_is_refused_and_a_promised_one_demanded() {
    let server = FakeServer::new();
    let named = "code=c&iss=https%3A%2F%2Fauth.example";
    for foreign in ["code=c&iss=https%3A%2F%2Fevil.example", "code=c&iss=https%3A%2F%2Fauth.example%2F"] {
        let known = builder(&server).with_issuer(ISSUER);
        for builder in [known, with_metadata(&server, false).await, with_metadata(&server, true).await] {
            let error = refusal(builder, foreign).await;
            assert_eq!((error.kind(), error.subject()), (ErrorKind::Protocol, Some("iss")));
            assert!(error.to_string().contains("another issuer"), "{error}");
        }
    }
    // An error of another issuer is not believed either.
    let error = refusal(builder(&server).with_issuer(ISSUER), "error=access_denied&iss=evil").await;
    assert!(error.to_string().contains("another issuer"), "{error}");
    let missing = refusal(with_metadata(&server, true).await, "code=c").await;
    assert!(missing.to_string().contains("does not name its issuer"), "{missing}");
    assert!(server.requests().is_empty(), "no code was sent anywhere");

    for (builder, parameters) in [
        (builder(&server).with_issuer(ISSUER), named),
        (builder(&server).with_issuer(ISSUER), "code=c"),
        (with_metadata(&server, false).await, "code=c"),
        (with_metadata(&server, true).await, named),
        (builder(&server), "code=c&iss=anybody"),
    ] {
        let login = builder.build().unwrap().begin().unwrap();
        login.accept_redirect(&back(&login, parameters)).await.unwrap();
    }
}

#[tokio::test]
async fn the_client_proves_who_it_is_by_whatever_method_the_endpoint_has() {
    let client = service_fn(|request: Request<http_body_util::Full<bytes::Bytes>>| async move {
        assert_eq!(request.headers()["authorization"], "Basic YWNtZTpzd29yZGZpc2g=");
        let answer = r#"{"access_token":"abc"}"#;
        Ok::<_, std::convert::Infallible>(Response::new(http_body_util::Full::<bytes::Bytes>::from(answer)))
    });
    let acme = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretBasic, "acme")
        .with_secret("swordfish".into());
    let endpoint = TokenEndpoint::builder("https://auth.example/token", acme).build(client).unwrap();
    let client = AuthorizationCode::builder(endpoint, "https://auth.example/authorize").build().unwrap();
    let login = client.begin().unwrap();
    let answer = login.accept_redirect(&back(&login, "code=c")).await.unwrap();
    assert_eq!(answer.access_token().expose_secret(), "abc");
}
