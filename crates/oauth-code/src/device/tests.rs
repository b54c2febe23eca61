use secrecy::ExposeSecret;

use super::*;
use crate::fake_server::FakeServer;

const TOLD: &str = r#"{"device_code":"swordfish","user_code":"WDJB","verification_uri":"https://auth.example/go","expires_in":300,"interval":5}"#;
const PENDING: &str = r#"{"error":"authorization_pending"}"#;

async fn login(says: &[(u16, &'static str)]) -> (FakeServer, DeviceLogin) {
    let server = FakeServer::new();
    server.say(200, TOLD);
    says.iter().for_each(|(status, body)| server.say(*status, body));
    let login = DeviceGrant::new(server.endpoint()).with_scope("read").begin().await.unwrap();
    (server, login)
}

#[tokio::test(start_paused = true)]
async fn asks_as_often_as_the_server_allows() {
    let slow = r#"{"error":"slow_down"}"#;
    let (server, login) =
        login(&[(400, PENDING), (400, slow), (400, PENDING), (503, ""), (400, PENDING)]).await;
    let began = time::Instant::now();
    let answer = login.wait().await.unwrap();
    assert_eq!(answer.access_token().expose_secret(), "access1");
    // 5 and 5, then 10 and 10, and after the server was down 20 and 20.
    assert_eq!(began.elapsed().as_secs(), 5 + 5 + 10 + 10 + 20 + 20);
    let requests = server.requests();
    assert_eq!((&*requests[0]["client_id"], &*requests[0]["scope"]), ("acme", "read"));
    assert_eq!(requests[1]["device_code"], "swordfish");
    assert_eq!(requests[1]["grant_type"], "urn:ietf:params:oauth:grant-type:device_code");
    assert!(!format!("{login:?}").contains("swordfish"));
}

#[tokio::test(start_paused = true)]
async fn says_what_the_tokens_are_for_and_what_the_provider_has_of_its_own() {
    let server = FakeServer::new();
    server.say(200, TOLD);
    let grant = DeviceGrant::new(server.endpoint()).with_resource("https://api.example/");
    grant.with_parameter("prompt", "login").begin().await.unwrap().wait().await.unwrap();
    let requests = server.requests();
    assert_eq!(requests[0]["prompt"], "login");
    assert!(requests.iter().all(|form| form["resource"] == "https://api.example/"), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn says_how_it_ended() {
    for (answer, kind, words) in [
        (r#"{"error":"expired_token"}"#, ErrorKind::Timeout, "nobody logged in in time"),
        (
            r#"{"error":"access_denied"}"#,
            ErrorKind::CredentialsRefused,
            "the login was denied (access_denied)",
        ),
    ] {
        let (server, login) = login(&[(400, PENDING), (400, answer)]).await;
        let error = login.wait().await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, words));
        assert_eq!(server.requests().len(), 3, "it is not asked again");
    }
    let (_, login) = login(&[(400, PENDING); 100]).await;
    let began = time::Instant::now();
    assert_eq!(login.wait().await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(began.elapsed().as_secs(), 300, "as long as the code is good");
}
