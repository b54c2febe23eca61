use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_sandbox_stage::{Emulate as _, Fault, Grant, Provider, Target, Times};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::clarify::Clarify;
use crate::clarus::Clarus;
use crate::clazar::Clazar;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";

pub(crate) async fn send(router: Router, request: Request) -> Response {
    router.oneshot(request).await.unwrap()
}

pub(crate) async fn json_of(answer: Response) -> Value {
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

pub(crate) fn post(path: &str, content_type: &str, body: impl Into<Body>) -> Request {
    Request::post(path).header(CONTENT_TYPE, content_type).body(body.into()).unwrap()
}

pub(crate) fn with(mut request: Request, name: &'static str, value: &str) -> Request {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

type Tried = (Router, Provider, Request, fn() -> Request);

/// The three beside Clara: a router, what steers it, a token request and a call without its token.
fn all() -> Vec<Tried> {
    let (address, life) = ("127.0.0.1:9".parse().unwrap(), Duration::from_secs(300));
    let (clarify, clarus, clazar) = (
        Clarify::new(address, life).unwrap(),
        Clarus::new(address, life).unwrap(),
        Clazar::new(address, life).unwrap(),
    );
    let form = |provider: &Provider, rest: &str| {
        let (id, secret) = (provider.client_id(), provider.client_secret());
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}{rest}")
    };
    let audience = format!("&audience={}", clarify.api_url());
    vec![
        (
            clarify.router(),
            Provider::clone(&clarify),
            post("/v1/oauth/token", FORM, form(&clarify, &audience)),
            || post("/v1/rpc", JSON, r#"{"jsonrpc":"2.0","id":1,"method":"clarify.selectItems"}"#),
        ),
        (clarus.router(), Provider::clone(&clarus), post("/oauth/token", FORM, form(&clarus, "")), || {
            let request = Request::get("/api/orders").body(Body::empty()).unwrap();
            with(request, "x-clarus-subdomain", "acme")
        }),
        (clazar.router(), Provider::clone(&clazar), post("/authenticate/", FORM, form(&clazar, "")), || {
            Request::get("/contracts").body(Body::empty()).unwrap()
        }),
    ]
}

async fn issued(router: &Router, asking: Request) -> Value {
    let answer = send(router.clone(), asking).await;
    assert_eq!(answer.status(), 200);
    json_of(answer).await
}

#[tokio::test]
async fn a_token_is_good_until_it_expires_or_is_revoked() {
    for (router, provider, asking, call) in all() {
        let name = provider.token_url();
        let status = async |token: &str| {
            let answer =
                send(router.clone(), with(call(), "authorization", &format!("Bearer {token}"))).await;
            assert_eq!(answer.headers().contains_key(WWW_AUTHENTICATE), answer.status() == 401, "{name}");
            answer.status().as_u16()
        };
        let body = issued(&router, asking).await;
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(body["expires_in"], 300, "{name}");
        assert_eq!(status(token).await, 200, "{name}");
        assert_eq!(status("unknown").await, 401, "{name}");
        provider.expire_all();
        assert_eq!(status(token).await, 401, "{name}");
        let (token, _) = provider.tokens().issue(Grant::to("client")).unwrap();
        assert_eq!(status(&token).await, 200, "{name}");
        assert!(provider.revoke(&token));
        assert_eq!(status(&token).await, 401, "{name}");
        assert_eq!(send(router.clone(), call()).await.status(), 401, "{name}");
        let twice = with(with(call(), "authorization", "Bearer a"), "authorization", "Bearer b");
        assert_eq!(send(router.clone(), twice).await.status(), 400, "{name}");
    }
}

#[tokio::test]
async fn each_keeps_its_own_journal_and_plays_its_own_faults() {
    for (router, provider, asking, call) in all() {
        let name = provider.token_url();
        provider.play(Target::Token, Fault::OddExpiresIn, Times::ONCE);
        provider.set_token_life(Duration::from_secs(7));
        assert_eq!(issued(&router, asking).await["expires_in"], "7", "{name}");
        provider.play(Target::Api, Fault::Unauthorized, Times::ONCE);
        let refused = send(router.clone(), call()).await;
        assert_eq!(refused.headers()[WWW_AUTHENTICATE], "Bearer error=\"invalid_token\"", "{name}");
        let entries = provider.journal().entries();
        let seen: Vec<_> =
            entries.iter().map(|entry| (entry.target, entry.status.unwrap().as_u16())).collect();
        assert_eq!(seen, [(Target::Token, 200), (Target::Api, 401)], "{name}");
        assert!(entries[0].body_text().contains(&provider.client_secret()), "{name}");

        let steer = |path: &str| Request::post(path).body(Body::empty()).unwrap();
        assert_eq!(send(router.clone(), steer("/sandbox/faults/api/unavailable")).await.status(), 204);
        assert_eq!(send(router.clone(), call()).await.status(), 503, "{name}");
        let revoked = json_of(send(router.clone(), steer("/sandbox/revoke")).await).await;
        assert!(revoked["revoked"].is_u64(), "{name}");
        let nothing = Request::get("/nothing/at/all").body(Body::empty()).unwrap();
        assert_eq!(send(router.clone(), nothing).await.status(), 404, "{name}");
    }
}

#[tokio::test]
async fn a_rotated_secret_is_refused_at_once() {
    for (router, provider, asking, _) in all() {
        let old = provider.client_secret();
        assert_ne!(provider.rotate_secret().unwrap(), old);
        let answer = send(router, asking).await;
        assert_eq!(answer.status(), 401);
        let text = json_of(answer).await.to_string();
        assert!(text.contains("error") && !text.contains(&old));
        assert!(!format!("{provider:?}").contains(&provider.client_secret()));
    }
}
