use claviger_auth_core::Clock;

use super::*;
use crate::fake_server::FakeServer;

async fn session(answer: &'static str) -> StoredSession {
    let server = FakeServer::new();
    server.say(200, answer);
    StoredSession::new(&server.login().await, claviger_auth_core::ManualClock::new().wall())
}

fn text(session: &StoredSession) -> String {
    String::from_utf8(session.encode().unwrap().expose_secret().clone()).unwrap()
}

#[tokio::test]
async fn comes_back_as_it_was_whatever_characters_a_token_has() {
    // {"cnf":{"x5t#S256":32 bytes of 7}}
    let session = session(
        r#"{"access_token":"h.eyJjbmYiOnsieDV0I1MyNTYiOiJCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjIn19.s",
            "refresh_token":"sword\"fi\\sh\u00e4","expires_in":3600,"scope":"a b"}"#,
    )
    .await;
    let back = StoredSession::decode(text(&session).as_bytes()).unwrap();
    assert_eq!(back.access_token().header(), session.access_token().header());
    assert_eq!(back.refresh_token().unwrap().expose_secret(), "sword\"fi\\sh\u{e4}");
    assert_eq!(back.access_token().scopes(), ["a", "b"]);
    assert_eq!(back.access_token().expires_in().unwrap().as_secs(), 3600);
    assert_eq!(back.issued(), session.issued());
    assert_eq!(back.access_token().binding(), Some(Thumbprint::from_sha256([7; 32])));
}

#[tokio::test]
async fn says_what_is_wrong_without_quoting() {
    let good = text(&session(r#"{"access_token":"swordfish","refresh_token":"swordfish"}"#).await);
    assert!(good.contains("swordfish"), "the token was there to be found");
    for bad in [
        "",
        "{",
        "swordfish",
        "{\"version\":\"swordfish\"}",
        &good[..good.len() / 2],
        &good.replace("\"swordfish\"", "\"sword fish\""),
        &good.replace("1800000000000", "\"swordfish\""),
        &good.replace("\"certificate\":null", "\"certificate\":\"swordfish\""),
    ] {
        let error = StoredSession::decode(bad.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "the stored session is damaged", "{bad}");
        assert!(!format!("{error:?}").contains("swordfish"));
    }
    let foreign = good.replace("\"version\":1", "\"version\":2,\"more\":[]");
    let error = StoredSession::decode(foreign.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("another version"), "{error}");
}

#[tokio::test]
async fn a_life_that_is_not_told_ends_only_where_there_is_something_to_renew_it_with() {
    let at = |session: &StoredSession, seconds| {
        session.hand_out(session.issued() + Duration::from_secs(seconds)).is_some()
    };
    let renewable = session(r#"{"access_token":"t","refresh_token":"r"}"#).await;
    assert!(at(&renewable, 289) && !at(&renewable, 290));
    let alone = session(r#"{"access_token":"t"}"#).await;
    assert!(at(&alone, 100_000));
    let hour = session(r#"{"access_token":"t","expires_in":3600}"#).await;
    assert!(at(&hour, 3589) && !at(&hour, 3590));
    assert!(hour.hand_out(hour.issued() - Duration::from_secs(1)).is_some(), "a clock that was set back");
}
