use std::time::Duration;

use claviger_sandbox_stage::{Emulate as _, Fault, Grant, Times};
use http::header::AUTHORIZATION;
use tower::ServiceExt as _;

use super::*;

/// What came back: status, metadata, messages, trailers.
struct Answer {
    status: StatusCode,
    metadata: HeaderMap,
    messages: Vec<Bytes>,
    trailers: HeaderMap,
}

impl Answer {
    /// The status in the headers, and the one in the trailers.
    fn code(&self) -> (Option<&str>, Option<&str>) {
        (code_in(&self.metadata), code_in(&self.trailers))
    }
}

fn code_in(headers: &HeaderMap) -> Option<&str> {
    headers.get(GRPC_STATUS).map(|code| code.to_str().unwrap())
}

struct Client {
    clara: Clara,
    token: String,
}

impl Client {
    fn new() -> Self {
        let clara = Clara::new("127.0.0.1:9".parse().unwrap(), Duration::from_secs(300)).unwrap();
        let (token, _) = clara.tokens().issue(Grant::to("production")).unwrap();
        Self { clara, token }
    }

    async fn send(&self, method: &str, metadata: &[(&'static str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::post(format!("/claviger.sandbox.v1.Echo/{method}"))
            .header(CONTENT_TYPE, "application/grpc")
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in metadata {
            request = request.header(*name, *value);
        }
        let answer = self.clara.router().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap();
        let trailers = body.trailers().cloned().unwrap_or_default();
        let messages = messages(body.to_bytes()).unwrap();
        Answer { status: head.status, metadata: head.headers, messages, trailers }
    }
}

fn framed(messages: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for message in messages {
        body.push(0);
        body.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend_from_slice(message.as_bytes());
    }
    body
}

#[tokio::test]
async fn answers_each_method_and_names_the_company() {
    let client = Client::new();
    let said = client.send("Say", &[("x-tax-identifier", "ACME8001011H0")], framed(&["hello"])).await;
    assert_eq!((said.code(), &said.messages[..]), ((None, Some("0")), &["hello".into()][..]));
    assert_eq!(said.metadata["sandbox-tenant"], "ACME8001011H0");

    let collected = client.send("Collect", &[], framed(&["one", "", "three"])).await;
    assert_eq!(collected.messages, ["3 8"]);
    assert_eq!(collected.metadata.get("sandbox-tenant"), None);

    assert_eq!(client.send("Repeat", &[], framed(&["x"])).await.messages, ["x", "x", "x"]);
    let none = client.send("Repeat", &[("sandbox-times", "0")], framed(&["x"])).await;
    assert_eq!((none.code(), none.messages.len()), ((None, Some("0")), 0));

    let entries = client.clara.journal().api_entries();
    assert_eq!((entries.len(), &*entries[0].path), (4, "/claviger.sandbox.v1.Echo/Say"));
}

#[tokio::test]
async fn what_cannot_be_read_is_told_in_the_headers_alone() {
    let client = Client::new();
    for (method, body, code) in [
        ("Nothing", framed(&["x"]), "12"),
        ("Say", framed(&[]), "3"),
        ("Say", framed(&["one", "two"]), "3"),
        ("Say", vec![0, 0, 0], "13"),
        ("Say", vec![0, 0, 0, 0, 9, b'x'], "13"),
        ("Say", vec![1, 0, 0, 0, 1, b'x'], "12"),
    ] {
        let answer = client.send(method, &[], body).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::OK, (Some(code), None)));
        assert!(answer.messages.is_empty() && answer.metadata.contains_key(GRPC_MESSAGE));
    }
    let many = client.send("Repeat", &[("sandbox-times", "1001")], framed(&["x"])).await;
    assert_eq!(many.code(), (Some("3"), None));
    let mut request = Request::post("/claviger.sandbox.v1.Echo/Say").body(Body::empty()).unwrap();
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {}", client.token).parse().unwrap());
    let answer = client.clara.router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn says_no_in_the_headers_or_where_it_is_asked_to() {
    let client = Client::new();
    let other = [("x-tax-identifier", "XXX010101AB1")];
    assert_eq!(client.send("Say", &other, framed(&["x"])).await.code(), (Some("7"), None));

    client.clara.revoke_all();
    let answer = client.send("Say", &[], framed(&["x"])).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::OK, (Some("16"), None)));
    for (place, messages) in [("trailers", 0), ("trailers-after-message", 1)] {
        let answer = client.send("Repeat", &[("sandbox-status-in", place)], framed(&["x"])).await;
        assert_eq!((answer.code(), answer.messages.len()), ((None, Some("16")), messages), "{place}");
        assert!(answer.trailers.contains_key(GRPC_MESSAGE));
    }
}

#[tokio::test]
async fn the_token_of_the_other_environment_is_not_good_here() {
    let mut client = Client::new();
    (client.token, _) = client.clara.tokens().issue(Grant::to("test")).unwrap();
    assert_eq!(client.send("Say", &[], framed(&["x"])).await.code(), (Some("16"), None));
}

#[tokio::test]
async fn plays_the_faults_of_the_api() {
    let client = Client::new();
    client.clara.play(Target::Api, Fault::Unauthorized, Times::ONCE);
    let request = Request::post("/claviger.sandbox.v1.Echo/Say").body(Body::empty()).unwrap();
    let answer = client.clara.router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}
