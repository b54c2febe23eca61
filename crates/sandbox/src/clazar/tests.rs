use axum::body::Body;
use http::header::AUTHORIZATION;
use serde_json::Value;

use super::*;
use crate::tests::{FORM, JSON, basic, json_of, post, send, with};

fn clazar() -> Clazar {
    Clazar::new("127.0.0.1:9".parse().unwrap(), Duration::from_secs(300)).unwrap()
}

async fn ask(clazar: &Clazar, request: Request) -> (u16, Value) {
    let answer = send(clazar.router(), request).await;
    (answer.status().as_u16(), json_of(answer).await)
}

fn credentials(clazar: &Clazar) -> Value {
    json!({ "client_id": clazar.client_id(), "client_secret": clazar.client_secret() })
}

async fn token(clazar: &Clazar) -> String {
    let (status, body) = ask(clazar, post("/authenticate/", JSON, credentials(clazar).to_string())).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &"bearer".into(), &300.into()));
    body["access_token"].as_str().unwrap().to_owned()
}

fn get(path: &str, token: &str) -> Request {
    Request::get(path).header(AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn refuses_who_it_does_not_know() {
    let clazar = clazar();
    token(&clazar).await;
    let (id, secret) = (clazar.client_id(), clazar.client_secret());
    let json_with = |name: &str, value: &str| {
        let mut body = credentials(&clazar);
        body[name] = value.into();
        post("/authenticate/", JSON, body.to_string())
    };
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let without_grant = format!("client_id={id}&client_secret={secret}");
    let by_header = post("/authenticate/", FORM, "grant_type=client_credentials");
    let both = post("/authenticate/", JSON, credentials(&clazar).to_string());
    for (index, (request, status)) in [
        (json_with("client_secret", "x"), 401),
        (json_with("client_id", "x"), 401),
        (json_with("client_id", ""), 400),
        (json_with("grant_type", "password"), 400),
        (json_with("grant_type", "client_credentials"), 200),
        (post("/authenticate/", JSON, "{"), 400),
        (post("/authenticate/", JSON, "[]"), 400),
        (post("/authenticate/", FORM, form), 200),
        (post("/authenticate/", FORM, without_grant), 400),
        (with(by_header, "authorization", &basic(id, &secret)), 401),
        (with(both, "authorization", &basic(id, &secret)), 400),
        (Request::get("/authenticate/").body(Body::empty()).unwrap(), 405),
    ]
    .into_iter()
    .enumerate()
    {
        let (seen, body) = ask(&clazar, request).await;
        assert_eq!(seen, status, "case {index}");
        assert_eq!(body["error"].is_string(), status != 200, "case {index}");
    }
}

#[tokio::test]
async fn a_post_without_the_slash_is_sent_to_the_path_with_it() {
    let clazar = clazar();
    let asking = post("/authenticate?a=b", JSON, credentials(&clazar).to_string());
    let metering =
        with(post("/metering", JSON, "{}"), "authorization", &format!("Bearer {}", token(&clazar).await));
    for (request, location) in [(asking, "/authenticate/?a=b"), (metering, "/metering/")] {
        let answer = send(clazar.router(), request).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[LOCATION]),
            (301, &location.parse().unwrap())
        );
    }
    // It counts as a token request, and what was sent there is in the journal.
    let entries = clazar.journal().token_entries();
    assert_eq!((entries.len(), entries[1].status), (2, Some(StatusCode::MOVED_PERMANENTLY)));
    assert!(entries[1].body_text().contains("client_secret"));
}

#[tokio::test]
async fn pages_count_from_one() {
    let clazar = clazar();
    let token = token(&clazar).await;
    let (_, first) = ask(&clazar, get("/buyers/?page_size=20", &token)).await;
    assert_eq!((&first["count"], first["results"].as_array().unwrap().len()), (&25.into(), 20));
    let next = first["next"].as_str().unwrap();
    let (_, last) = ask(&clazar, get(next.strip_prefix(&clazar.api_url()).unwrap(), &token)).await;
    assert_eq!((last["results"].as_array().unwrap().len(), &last["next"]), (5, &Value::Null));
    for path in ["/buyers", "/listings", "/contracts/", "/private_offers", "/opportunities/", "/metering"] {
        assert_eq!(ask(&clazar, get(path, &token)).await.0, 200, "{path}");
    }
    for (path, status) in [
        ("/buyers?page=0", 400),
        ("/buyers?page_size=5001", 400),
        ("/buyers?page=9", 404),
        ("/nothing/", 404),
    ] {
        assert_eq!(ask(&clazar, get(path, &token)).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn metering_tells_of_each_record_by_itself() {
    let clazar = clazar();
    let token = format!("Bearer {}", token(&clazar).await);
    let list = Request::get("/contracts").header(AUTHORIZATION, &token).body(Body::empty()).unwrap();
    let contract = ask(&clazar, list).await.1["results"][0]["id"].clone();
    let records = json!({ "request": [
        { "contract_id": contract, "dimension": "seats", "quantity": "3" },
        { "contract_id": contract, "dimension": "seats", "quantity": "many" },
        { "contract_id": "0", "dimension": "seats", "quantity": 3 },
    ] });
    let metering = |body: String| with(post("/metering/", JSON, body), "authorization", &token);
    let (status, body) = ask(&clazar, metering(records.to_string())).await;
    let seen: Vec<_> = body["results"].as_array().unwrap().iter().map(|result| &result["status"]).collect();
    assert_eq!((status, json!(seen)), (200, json!(["success", "error", "error"])));
    assert_eq!(body["results"][2]["code"], "contract_not_found");
    assert_eq!(ask(&clazar, metering("{}".to_owned())).await.0, 400);
}
