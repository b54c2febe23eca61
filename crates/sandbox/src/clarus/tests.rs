mod login;

use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{Method, request};
use serde_json::Value;

use super::*;
use crate::tests::{FORM, JSON, basic, json_of, post, send, with};

fn clarus() -> Clarus {
    Clarus::new("127.0.0.1:9".parse().unwrap(), Duration::from_secs(300)).unwrap()
}

async fn ask(clarus: &Clarus, request: Request) -> (u16, Value) {
    let answer = send(clarus.router(), request).await;
    let status = answer.status().as_u16();
    (status, if status == 204 { Value::Null } else { json_of(answer).await })
}

async fn token(clarus: &Clarus) -> String {
    let credentials = basic(clarus.client_id(), &clarus.client_secret());
    let asking = post("/oauth/token", FORM, "grant_type=client_credentials&scope=read+write");
    let (status, body) = ask(clarus, with(asking, "authorization", &credentials)).await;
    assert_eq!((status, &body["token_type"]), (200, &"Bearer".into()));
    assert_eq!(body["scope"], "read write");
    body["access_token"].as_str().unwrap().to_owned()
}

fn to(method: Method, path: &str, token: &str) -> request::Builder {
    Request::builder().method(method).uri(path).header(AUTHORIZATION, format!("Bearer {token}"))
}

fn get(path: &str, token: &str, subdomain: &str) -> Request {
    to(Method::GET, path, token).header("x-clarus-subdomain", subdomain).body(Body::empty()).unwrap()
}

fn sending(method: Method, path: &str, token: &str, body: &Value) -> Request {
    let builder = to(method, path, token).header("x-clarus-subdomain", "acme");
    builder.header("content-type", JSON).body(body.to_string().into()).unwrap()
}

#[tokio::test]
async fn takes_the_clients_credentials_in_either_way_and_never_in_both() {
    let clarus = clarus();
    token(&clarus).await;
    let (id, secret) = (clarus.client_id(), clarus.client_secret());
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let tolerated = with(post("/oauth/token", FORM, form.clone()), "x-clarus-subdomain", "acme");
    let (status, body) = ask(&clarus, tolerated).await;
    assert_eq!((status, body.get("scope")), (200, None));
    assert_eq!(clarus.journal().token_entries()[1].header("x-clarus-subdomain"), Some("acme"));
    let both = with(post("/oauth/token", FORM, form.clone()), "authorization", &basic(id, &secret));
    assert_eq!(ask(&clarus, both).await.0, 400);
    let wrong = ask(&clarus, post("/oauth/token", FORM, form.replace(&secret, "x"))).await;
    assert_eq!((wrong.0, &wrong.1["error"]), (401, &"invalid_client".into()));
    assert_eq!(ask(&clarus, post("/oauth/token", FORM, form.replace("client_cr", "x"))).await.0, 400);
}

#[tokio::test]
async fn every_api_request_names_one_tenant_of_the_client() {
    let clarus = clarus();
    let token = token(&clarus).await;
    let mut seen = Vec::new();
    for subdomain in clarus.subdomains() {
        let (status, body) = ask(&clarus, get("/api/products", &token, subdomain)).await;
        assert_eq!((status, &body["meta"]["subdomain"]), (200, &subdomain.into()));
        seen.push(body["data"].clone());
    }
    assert_ne!(seen[0], seen[1]);
    for path in ["/api/products", "/graphql"] {
        let method = if path == "/graphql" { Method::POST } else { Method::GET };
        let without = to(method, path, &token).body(Body::empty()).unwrap();
        let (status, body) = ask(&clarus, without).await;
        assert_eq!((status, &body["errors"][0]["status"]), (400, &"400".into()));
    }
    let twice = with(get("/api/products", &token, "acme"), "x-clarus-subdomain", "acme");
    assert_eq!(ask(&clarus, twice).await.0, 400);
    for foreign in [clarus.foreign_subdomain(), "nobody", "ACME", ""] {
        assert_eq!(ask(&clarus, get("/api/products", &token, foreign)).await.0, 403, "{foreign}");
    }
}

#[tokio::test]
async fn a_login_ends_the_session_and_leaves_the_token_made_by_hand() {
    let clarus = clarus();
    let token = token(&clarus).await;
    let status = async |token: &str| ask(&clarus, get("/api/orders", token, "acme")).await.0;
    assert_eq!((status(&token).await, status(clarus.static_token()).await), (200, 200));
    assert_eq!(clarus.end_session(), 1);
    clarus.expire_all();
    assert_eq!((status(&token).await, status(clarus.static_token()).await), (401, 200));
    assert_eq!(status(&self::token(&clarus).await).await, 200);
    let steered = post("/sandbox/end-session", JSON, "");
    assert_eq!(ask(&clarus, steered).await.1["revoked"], 1);
    assert!(clarus.revoke(clarus.static_token()));
    assert_eq!(status(clarus.static_token()).await, 401);
    assert!(!format!("{clarus:?}").contains(clarus.static_token()));
}

#[tokio::test]
async fn reads_and_writes_records() {
    let clarus = clarus();
    let token = token(&clarus).await;
    let (_, list) = ask(&clarus, get("/api/orders", &token, "acme")).await;
    let path = format!("/api/orders/{}", list["data"][0]["id"].as_str().unwrap());
    assert_eq!(ask(&clarus, get(&path, &token, "acme")).await.1["data"], list["data"][0]);
    assert_eq!(ask(&clarus, get(&path, &token, "acme-test")).await.0, 404);
    let record = json!({ "data": { "type": "orders", "attributes": { "code": "A" } } });
    let (status, made) = ask(&clarus, sending(Method::POST, "/api/orders", &token, &record)).await;
    assert_eq!((status, &made["data"]["attributes"]["code"]), (201, &"A".into()));
    for (method, path, body, status) in [
        (Method::PATCH, &*path, &record, 204),
        (Method::PATCH, "/api/orders/0", &record, 404),
        (Method::POST, "/api/orders", &json!({}), 422),
        (Method::POST, "/api/nothing", &record, 404),
        (Method::DELETE, "/api/orders", &record, 405),
    ] {
        let seen = ask(&clarus, sending(method.clone(), path, &token, body)).await.0;
        assert_eq!(seen, status, "{method} {path}");
    }
    let plain = to(Method::POST, "/api/orders", &token).header("x-clarus-subdomain", "acme");
    assert_eq!(ask(&clarus, plain.body("{}".into()).unwrap()).await.0, 415);
}

#[tokio::test]
async fn pages_through_a_connection() {
    let clarus = clarus();
    let token = token(&clarus).await;
    let query = async |query: &str, variables: Value| {
        let body = json!({ "query": query, "variables": variables });
        let (status, body) = ask(&clarus, sending(Method::POST, "/graphql", &token, &body)).await;
        assert_eq!(status, 200);
        body
    };
    let (mut after, mut seen) = (Value::Null, 0);
    loop {
        let variables = json!({ "first": 5, "after": after });
        let page = query("{ products { nodes { id } } }", variables).await["data"]["products"].clone();
        seen += page["edges"].as_array().unwrap().len();
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, 12);
    assert_eq!(query("{ __typename }", Value::Null).await["data"]["__typename"], "Query");
    for (text, variables) in
        [("{", json!({})), ("{ a { b } }", json!({ "first": 0 })), ("{ a }", json!({ "after": "x" }))]
    {
        let body = query(text, variables).await;
        assert!(body["data"].is_null() && body["errors"][0]["message"].is_string(), "{text}");
    }
    assert_eq!(ask(&clarus, get("/graphql", &token, "acme")).await.0, 405);
}
