//! Faults, holds and the routes that steer them.

use super::*;

#[tokio::test]
async fn plays_each_fault_on_the_token_endpoint() {
    let clara = clara();
    let play = async |fault| {
        clara.play(Target::Token, fault, Times::ONCE);
        send(&clara, asking(&clara).body(GRANT.into()).unwrap()).await
    };
    assert_eq!(play(Fault::Unauthorized).await.status(), 401);
    assert_eq!(play(Fault::Unavailable).await.status(), 503);
    let limited = play(Fault::TooManyRequests(Duration::from_secs(7))).await;
    assert_eq!((limited.status().as_u16(), &limited.headers()[RETRY_AFTER]), (429, &"7".parse().unwrap()));
    let moved = play(Fault::Redirect).await;
    assert_eq!((moved.status().as_u16(), &moved.headers()[LOCATION]), (307, &ELSEWHERE.parse().unwrap()));
    assert_eq!(play(Fault::HtmlPage).await.headers()["content-type"], "text/html");
    let plain = play(Fault::WrongContentType).await;
    assert_eq!(plain.headers()["content-type"], "text/html");
    assert!(json_of(plain).await["access_token"].is_string());
    let error = play(Fault::ErrorIn200).await;
    assert_eq!(error.status(), 200);
    assert!(json_of(error).await["error"].is_string());
    let without = json_of(play(Fault::NoToken).await).await;
    assert_eq!((&without["access_token"], &without["expires_in"]), (&Value::Null, &300.into()));
    assert_eq!(json_of(play(Fault::OddExpiresIn).await).await["expires_in"], "300");
    let huge = play(Fault::HugeBody).await.into_body().collect().await.unwrap().to_bytes();
    assert!(huge.len() > 8 * 1024 * 1024);
    assert!(serde_json::from_slice::<Value>(&huge).unwrap()["access_token"].is_string());
    let echo = json_of(play(Fault::EchoSecret).await).await;
    assert!(
        echo["error_description"]
            .as_str()
            .unwrap()
            .contains(&basic(clara.client_id(), &clara.client_secret()))
    );
    assert_eq!(play(Fault::Slow(Duration::ZERO)).await.status(), 200);
    // What was sent is in the journal also where the answer was made up.
    let entries = clara.journal().token_entries();
    assert!(entries.iter().all(|entry| entry.body_text() == GRANT));
    assert!(!clara.revoke("unknown"));
}

#[tokio::test]
async fn holds_answers_until_released() {
    let clara = clara();
    let hold = clara.hold(Target::Token);
    let held = tokio::spawn({
        let clara = clara.clone();
        async move { token(&clara).await }
    });
    clara.journal().wait_for_token_requests(1).await;
    assert_eq!(clara.journal().token_entries()[0].status, None);
    // The other side goes on.
    assert_eq!(send(&clara, get("/api/v3/users", "x")).await.status(), 401);
    assert!(!held.is_finished());
    hold.release();
    assert!(!held.await.unwrap().is_empty());
    assert_eq!(clara.journal().token_entries()[0].status, Some(StatusCode::OK));
}

#[tokio::test]
async fn is_steered_by_its_control_routes() {
    let clara = clara();
    let token = token(&clara).await;
    let post = async |path: &str| {
        send(&clara, Request::post(path).body(Body::empty()).unwrap()).await.status().as_u16()
    };
    assert_eq!(post("/sandbox/faults/api/unavailable?times=2").await, 204);
    assert_eq!(post("/sandbox/faults/api/nonsense").await, 400);
    assert_eq!(send(&clara, get("/api/v3/users", &token)).await.status(), 503);
    let clear = Request::delete("/sandbox/faults").body(Body::empty()).unwrap();
    assert_eq!(send(&clara, clear).await.status(), 204);
    assert_eq!(send(&clara, get("/api/v3/users", &token)).await.status(), 200);
    assert_eq!(post("/sandbox/revoke").await, 200);
    assert_eq!(send(&clara, get("/api/v3/users", &token)).await.status(), 401);

    // The secret is in the journal, and is masked on the way out.
    assert_eq!(clara.journal().entries()[1].header("authorization"), Some(&*format!("Bearer {token}")));
    let journal =
        json_of(send(&clara, Request::get("/sandbox/journal").body(Body::empty()).unwrap()).await).await;
    assert_eq!(journal.as_array().unwrap().len(), 4);
    assert_eq!(journal[1]["headers"]["authorization"][0], "Bearer ***");
    assert!(!journal.to_string().contains(&token));
}
