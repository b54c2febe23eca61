//! Logging in, by browser and by device, and what becomes of the session.

use std::time::Duration;

use claviger_oauth_code::{AuthorizationCode, DeviceGrant, MemorySessionStore, Session};
use claviger_token_endpoint::{TokenAnswer, TokenRequest};

use super::{
    browser::{Browser, Person},
    *,
};

/// The endpoint of a client whose users log in.
fn endpoint(server: &OidcProvider, client: ClientAuthentication) -> TokenEndpoint {
    TokenEndpoint::discovered(server.discovery(), client).build(server.client(None)).unwrap()
}

async fn authorization(server: &OidcProvider, endpoint: TokenEndpoint) -> AuthorizationCode {
    let metadata = server.discovery().metadata().await.unwrap();
    assert!(metadata.names_issuer_in_answers(), "so it is demanded");
    let url = metadata.authorization_url().unwrap().unwrap();
    AuthorizationCode::builder(endpoint, url)
        .with_metadata(&metadata)
        .with_loopback_http()
        .with_scope("read write")
        .build()
        .unwrap()
}

/// Logs in, with a browser that comes back to the receiver. With what it shows at last.
async fn log_in(
    server: &OidcProvider,
    endpoint: &TokenEndpoint,
    person: Person,
) -> (Result<TokenAnswer, Error>, String) {
    let authorization = authorization(server, endpoint.clone()).await;
    let receiver = authorization.listen().await.unwrap();
    let login = authorization.begin_at(&receiver).unwrap();
    let mut browser = Browser::new(server, person);
    let browsing = async {
        let back = browser.visit(login.url()).await;
        assert!(back.starts_with("http://127.0.0.1:"), "{back}");
        let (clean, _) = browser.load(http::Method::GET, &back, String::new()).await;
        let origin = back.split("/callback").next().unwrap();
        browser.load(http::Method::GET, &format!("{origin}{}", clean.unwrap()), String::new()).await.1
    };
    tokio::join!(receiver.receive(&login, Duration::from_secs(30), async |answer| Ok(answer)), browsing)
}

fn native() -> ClientAuthentication {
    ClientAuthentication::new(Method::None, "native")
}

async fn renewed(session: &Session) -> Result<AccessToken, Error> {
    let before = session.stored().await.unwrap().unwrap();
    session.fetch(Fetch::Rejected(before.access_token())).await
}

async fn refresh_token(session: &Session) -> String {
    session.stored().await.unwrap().unwrap().refresh_token().unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_login_by_browser_makes_a_session_that_rotates_until_a_token_is_used_twice() {
    let Some(server) = OidcProvider::start().await else { return };
    let endpoint = endpoint(&server, native());
    let (answer, page) = log_in(&server, &endpoint, Person::Agrees).await;
    assert!(page.contains("You are logged in"), "{page}");
    let answer = answer.unwrap();
    let session = Session::new(endpoint.clone(), MemorySessionStore::new());
    session.begin(&answer).await.unwrap();

    let mut tokens = vec![refresh_token(&session).await];
    for _ in 0..3 {
        let token = renewed(&session).await.unwrap();
        let said = server.introspect(&token).await;
        assert_eq!((&said["active"], &said["client_id"]), (&true.into(), &"native".into()), "{said}");
        assert_eq!(said["scope"], "read write");
        tokens.push(refresh_token(&session).await);
    }
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 4, "each renewal brings another");

    // Somebody has a copy of the first one.
    let thief = Session::new(endpoint, MemorySessionStore::new());
    thief.begin(&answer).await.unwrap();
    for session in [&thief, &session] {
        let error = renewed(session).await.unwrap_err();
        assert_eq!(error.to_string(), "the server has ended the session (invalid_grant)");
        assert_eq!((error.kind(), error.advice()), (ErrorKind::CredentialsRefused, "log in again"));
        assert!(session.stored().await.unwrap().is_none(), "it is not tried again");
    }
}

#[tokio::test]
async fn a_server_that_does_not_rotate_and_a_secret_make_a_session_too_and_it_is_taken_back() {
    let Some(server) = OidcProvider::start().await else { return };
    let client = with_secret(Method::ClientSecretBasic, "fixed", PLAIN.1);
    let endpoint = endpoint(&server, client);
    let (answer, _) = log_in(&server, &endpoint, Person::Agrees).await;
    let session = Session::new(endpoint.clone(), MemorySessionStore::new());
    session.begin(&answer.unwrap()).await.unwrap();
    let first = refresh_token(&session).await;
    for _ in 0..2 {
        renewed(&session).await.unwrap();
        assert_eq!(refresh_token(&session).await, first);
    }
    session.end().await.unwrap();
    assert!(session.stored().await.unwrap().is_none());
    let error = endpoint.request(&TokenRequest::refresh_token(first.into())).await.unwrap_err();
    assert_eq!(error.oauth_error(), Some("invalid_grant"), "the server knows it no more");
}

#[tokio::test]
async fn a_login_that_is_denied_or_tampered_with_brings_nothing() {
    let Some(server) = OidcProvider::start().await else { return };
    let endpoint = endpoint(&server, native());
    let (answer, page) = log_in(&server, &endpoint, Person::Cancels).await;
    assert!(page.contains("That did not work"), "{page}");
    assert_eq!(answer.unwrap_err().to_string(), "the login was denied (access_denied)");

    // Without a receiver: what the browser cannot load is pasted.
    let login = authorization(&server, endpoint).await.begin().unwrap();
    let back = Browser::new(&server, Person::Agrees).visit(login.url()).await;
    assert!(back.starts_with("http://127.0.0.1/callback?code="), "{back}");
    let other_state = back.replace("state=", "state=x");
    let other_issuer = back.replace("iss=http%3A%2F%2F127.0.0.1", "iss=http%3A%2F%2F127.0.0.2");
    assert!(other_state != back && other_issuer != back, "{back}");
    let no_issuer = back.split("&iss=").next().unwrap();
    for (tampered, words) in [
        (&*other_state, "not the answer to this login"),
        (&other_issuer, "another issuer"),
        (no_issuer, "does not name its issuer"),
    ] {
        let error = login.accept_redirect(tampered).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let token = login.accept_redirect(&back).await.unwrap().into_access_token();
    // A code is good once, and who sends it again ends what came of it: the same answer comes back.
    let again = login.accept_redirect(&back).await.unwrap().into_access_token();
    assert_eq!(again.expose_secret(), token.expose_secret());
    assert_eq!(server.introspect(&token).await["active"], true);
}

#[tokio::test]
async fn a_login_on_another_device_makes_a_session() {
    let Some(server) = OidcProvider::start().await else { return };
    let endpoint = endpoint(&server, native());
    let login = DeviceGrant::new(endpoint.clone()).with_scope("read").begin().await.unwrap();
    let complete = login.authorization().verification_uri_complete().unwrap().expose_secret().to_owned();
    let page = Browser::new(&server, Person::Agrees).visit(&complete).await;
    assert!(page.contains("Sign-in Success"), "{page}");
    let answer = login.wait().await.unwrap();
    let session = Session::new(endpoint, MemorySessionStore::new());
    session.begin(&answer).await.unwrap();
    let token = renewed(&session).await.unwrap();
    assert_eq!(server.introspect(&token).await["scope"], "read");
}
