use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use claviger_sandbox_stage::{Fault, Peer, Times};
use http::header::{AUTHORIZATION, CACHE_CONTROL, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;

mod faults;

const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";

fn clara() -> Clara {
    Clara::new("127.0.0.1:9".parse().unwrap(), Duration::from_secs(300)).unwrap()
}

async fn send(clara: &Clara, request: Request) -> Response {
    clara.router().oneshot(request).await.unwrap()
}

async fn json_of(answer: Response) -> Value {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

fn basic(id: &str, secret: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
}

fn asking(clara: &Clara) -> request::Builder {
    let credentials = basic(clara.client_id(), &clara.client_secret());
    Request::post("/oauth/token").header("content-type", FORM).header(AUTHORIZATION, credentials)
}

async fn token(clara: &Clara) -> String {
    let answer = send(clara, asking(clara).body(GRANT.into()).unwrap()).await;
    json_of(answer).await["access_token"].as_str().unwrap().to_owned()
}

fn get(path: &str, token: &str) -> Request {
    Request::get(path).header(AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn issues_a_new_token_each_time() {
    let clara = clara();
    let answer = send(&clara, asking(&clara).body(GRANT.into()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    let body = json_of(answer).await;
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 300);
    assert_ne!(body["access_token"], token(&clara).await);
    // Two of Clara's samples send no body.
    let answer = send(&clara, asking(&clara).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn refuses_token_requests_as_rfc_6749_says() {
    let clara = clara();
    let (id, secret) = (clara.client_id().to_owned(), clara.client_secret());
    let post = || Request::post("/oauth/token").header("content-type", FORM);
    let good = basic(&id, &secret);
    let cases: Vec<(Request, u16, &str)> = vec![
        (asking(&clara).body("grant_type=password".into()).unwrap(), 400, "unsupported_grant_type"),
        (asking(&clara).body("scope=a".into()).unwrap(), 400, "invalid_request"),
        (asking(&clara).body(format!("{GRANT}&{GRANT}").into()).unwrap(), 400, "invalid_request"),
        (asking(&clara).body(format!("{GRANT}&client_id={id}").into()).unwrap(), 400, "invalid_request"),
        (
            asking(&clara).body(format!("{GRANT}&client_secret={secret}").into()).unwrap(),
            400,
            "invalid_request",
        ),
        (asking(&clara).header(AUTHORIZATION, &good).body(GRANT.into()).unwrap(), 400, "invalid_request"),
        (
            Request::post("/oauth/token").header(AUTHORIZATION, &good).body(GRANT.into()).unwrap(),
            400,
            "invalid_request",
        ),
        (
            asking(&clara).uri("/oauth/token?client_secret=x").body(GRANT.into()).unwrap(),
            400,
            "invalid_request",
        ),
        (post().header(AUTHORIZATION, basic(&id, "x")).body(GRANT.into()).unwrap(), 401, "invalid_client"),
        (
            post().header(AUTHORIZATION, basic("x", &secret)).body(GRANT.into()).unwrap(),
            401,
            "invalid_client",
        ),
        (
            post().body(format!("{GRANT}&client_id={id}&client_secret={secret}").into()).unwrap(),
            401,
            "invalid_client",
        ),
        (Request::get("/oauth/token").body(Body::empty()).unwrap(), 405, "invalid_request"),
    ];
    for (index, (request, status, error)) in cases.into_iter().enumerate() {
        let answer = send(&clara, request).await;
        assert_eq!(answer.status(), status, "case {index}");
        assert_eq!(answer.headers().contains_key(WWW_AUTHENTICATE), status == 401, "case {index}");
        assert_eq!(json_of(answer).await["error"], error, "case {index}");
    }
}

#[tokio::test]
async fn takes_a_secret_in_the_encoding_of_rfc_6749_only() {
    let clara = clara();
    clara.set_client_secret("a b%+/:ñ");
    let try_it = async |secret: &str| {
        let credentials = basic(clara.client_id(), secret);
        let request = Request::post("/oauth/token").header(AUTHORIZATION, credentials);
        send(&clara, request.body(Body::empty()).unwrap()).await.status()
    };
    assert_eq!(try_it("a+b%25%2B%2F%3A%C3%B1").await, StatusCode::OK);
    assert_eq!(try_it("a b%+/:ñ").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_rotated_secret_is_refused_and_its_tokens_stay() {
    let clara = clara();
    let token = token(&clara).await;
    let old = asking(&clara).body(GRANT.into()).unwrap();
    let secret = clara.rotate_secret().unwrap();
    assert_eq!(secret, clara.client_secret());
    assert_eq!(send(&clara, old).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send(&clara, get("/api/v3/cards", &token)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn pages_through_a_list() {
    let clara = clara();
    let token = token(&clara).await;
    let page = async |query: &str| {
        json_of(send(&clara, get(&format!("/api/v3/transactions?{query}"), &token)).await).await
    };
    let last = page("page=2&size=25").await;
    assert_eq!(last["content"].as_array().unwrap().len(), 10);
    assert_eq!((&last["totalPages"], &last["totalElements"]), (&3.into(), &60.into()));
    assert_ne!(last["content"], page("page=1&size=25").await["content"]);
    assert_eq!(page("page=18446744073709551615").await["content"], serde_json::json!([]));
    for query in ["size=101", "size=0", "page=-1", "size=x"] {
        assert_eq!(page(query).await["code"], "VALIDATION_ERROR", "{query}");
    }
    let uuid = last["content"][0]["uuid"].as_str().unwrap().to_owned();
    let documents = get(&format!("/api/v3/transactions/{uuid}/documents"), &token);
    assert_eq!(json_of(send(&clara, documents).await).await["transaction"], uuid);
    let unknown = get("/api/v3/transactions/0/documents", &token);
    assert_eq!(send(&clara, unknown).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn acts_as_the_company_of_the_header() {
    let clara = clara();
    let token = token(&clara).await;
    let mut seen = Vec::new();
    for tenant in clara.tax_identifiers() {
        let mut request = get("/api/v2/transactions", &token);
        request.headers_mut().insert("x-tax-identifier", tenant.parse().unwrap());
        let body = json_of(send(&clara, request).await).await;
        assert_eq!(body["company"]["taxIdentifier"], tenant);
        assert_eq!(body["totalElements"], 30);
        seen.push(body["content"].clone());
    }
    assert_ne!(seen[0], seen[1]);

    let mut foreign = get("/api/v2/transactions", &token);
    foreign.headers_mut().insert("x-tax-identifier", "XAXX010101000".parse().unwrap());
    let answer = send(&clara, foreign).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(json_of(answer).await["code"], "FORBIDDEN");

    let mut double = get("/api/v2/transactions", &token);
    for tenant in clara.tax_identifiers() {
        double.headers_mut().append("x-tax-identifier", tenant.parse().unwrap());
    }
    assert_eq!(send(&clara, double).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn refuses_every_token_but_a_good_one() {
    let clara = clara();
    let (token, expiring) = (token(&clara).await, token(&clara).await);
    let status = async |request| send(&clara, request).await.status();
    let with = |value: String| {
        Request::get("/api/v3/users").header(AUTHORIZATION, value).body(Body::empty()).unwrap()
    };
    assert_eq!(status(with(format!("bEaReR {token}"))).await, 200);
    assert_eq!(status(get(&format!("/api/v3/users?access_token={token}"), &token)).await, 400);
    assert_eq!(status(get("/api/v3/always-unauthorized", &token)).await, 401);
    assert_eq!(status(get("/api/v3/nothing", &token)).await, 404);
    assert_eq!(status(get("/nothing", &token)).await, 404);
    for value in [token.clone(), format!("Basic {token}"), "Bearer unknown".to_owned()] {
        let answer = send(&clara, with(value)).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()[WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"");
        let body = json_of(answer).await;
        assert_eq!(body["code"], "UNAUTHORIZED");
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    }
    let mut stolen = get("/api/v3/users", &token);
    let mut thief = Peer::default();
    thief.thumbprint = Some("another".to_owned());
    stolen.extensions_mut().insert(thief);
    assert_eq!(status(stolen).await, 401);
    assert!(clara.revoke(&token));
    assert_eq!(status(get("/api/v3/users", &token)).await, 401);
    clara.expire_all();
    assert_eq!(status(get("/api/v3/users", &expiring)).await, 401);
}

#[tokio::test]
async fn the_environments_have_nothing_in_common() {
    let clara = clara();
    let production = token(&clara).await;
    let credentials = basic(clara.test_client_id(), &clara.test_client_secret());
    let request = Request::post("/oauth/token").header(AUTHORIZATION, credentials);
    let body = json_of(send(&clara, request.body(Body::empty()).unwrap()).await).await;
    let test = body["access_token"].as_str().unwrap();
    let status = async |path, token| send(&clara, get(path, token)).await.status();
    assert_eq!(status("/api/v3/users", &production).await, 200);
    assert_eq!(status("/api-test/v3/users", test).await, 200);
    assert_eq!(status("/api-test/v3/users", &production).await, 401);
    assert_eq!(status("/api/v3/users", test).await, 401);
}

#[tokio::test]
async fn answers_a_creation_with_what_arrived() {
    let clara = clara();
    let token = token(&clara).await;
    let post = |path: &str, body: &'static str| {
        let mut request = get(path, &token);
        *request.method_mut() = Method::POST;
        *request.body_mut() = body.into();
        request
    };
    let answer = send(&clara, post("/api/v3/users", r#"{"name":"Ana"}"#)).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(json_of(answer).await["received"]["name"], "Ana");
    assert_eq!(send(&clara, post("/api/v1/subscribers", "not JSON")).await.status(), 400);
    assert_eq!(send(&clara, post("/api/v3/cards", "{}")).await.status(), 405);
    let uploaded = json_of(send(&clara, post("/api/v3/upload", "abc")).await).await;
    assert_eq!(uploaded["length"], 3);
    assert!(uploaded["sha256"].as_str().unwrap().starts_with("ba7816bf"));
    let large = send(&clara, get("/api/v3/large?bytes=200000", &token)).await;
    assert_eq!(large.into_body().collect().await.unwrap().to_bytes().len(), 200_000);
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let clara = clara();
    let token = token(&clara).await;
    let text = format!("{clara:?} {:?}", clara.journal());
    assert_eq!(clara.journal().token_requests(), 1);
    for secret in [clara.client_secret(), token, basic(clara.client_id(), &clara.client_secret())] {
        assert!(!text.contains(&secret));
    }
}

const ELSEWHERE: &str = "https://localhost:9/elsewhere";
