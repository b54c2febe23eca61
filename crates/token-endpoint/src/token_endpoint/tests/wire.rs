//! Whole requests over HTTP, read by a server that is not ours.

use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{basic_auth, body_json, body_string, header, header_exists, method, path, query_param},
};

use super::*;

fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn endpoint(server: &str, method: Method) -> TokenEndpoint {
    TokenEndpoint::builder(format!("{server}/oauth/token?tenant=acme"), acme(method))
        .with_loopback_http()
        .build(client())
        .unwrap()
}

#[tokio::test]
async fn sends_a_form_with_basic() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/oauth/token"))
        .and(query_param("tenant", "acme"))
        .and(basic_auth("acme", "swordfish"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(header("content-length", "50"))
        .and(body_string("grant_type=client_credentials&scope=read+write%2F1"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(TOKEN, "text/plain"))
        .expect(1)
        .mount(&server)
        .await;
    let request = TokenRequest::client_credentials().with_scope("read write/1");
    let answer = endpoint(&server.uri(), Method::ClientSecretBasic).request(&request).await.unwrap();
    assert_eq!(answer.access_token().expose_secret(), "abc");
}

#[tokio::test]
async fn sends_the_secret_in_the_form_and_nowhere_else() {
    let server = MockServer::start().await;
    Mock::given(header_exists("authorization")).respond_with(ResponseTemplate::new(400)).mount(&server).await;
    Mock::given(body_string("grant_type=client_credentials&client_id=acme&client_secret=swordfish"))
        .respond_with(ResponseTemplate::new(200).set_body_string(TOKEN))
        .mount(&server)
        .await;
    let endpoint = endpoint(&server.uri(), Method::ClientSecretPost);
    let answer = endpoint.request(&TokenRequest::client_credentials()).await.unwrap();
    assert_eq!(answer.access_token().expose_secret(), "abc");
}

#[tokio::test]
async fn sends_json_without_a_grant_type() {
    let server = MockServer::start().await;
    Mock::given(header("content-type", "application/json"))
        .and(body_json(serde_json::json!({"client_id": "acme", "client_secret": "swordfish"})))
        .respond_with(ResponseTemplate::new(201).set_body_string(TOKEN))
        .mount(&server)
        .await;
    let request = TokenRequest::client_credentials().without_grant_type();
    assert!(endpoint(&server.uri(), Method::Json).request(&request).await.is_ok());
}

/// Answers one request with these very bytes, and hangs up.
async fn raw(bytes: &'static [u8]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"=client_credentials") {
            assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0, "the request broke off");
        }
        stream.write_all(bytes).await.unwrap();
    });
    url
}

#[tokio::test]
async fn shows_neither_a_status_line_nor_what_is_no_http() {
    for (answer, kind) in [
        (
            &b"HTTP/1.1 401 swordfish\r\nx-echo: swordfish\r\ncontent-length: 9\r\n\r\nswordfish"[..],
            "CredentialsRefused",
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"access_token\":\"swordfish\"", "Connect"),
        (b"swordfish swordfish swordfish\r\n\r\n", "Connect"),
        (b"HTTP/1.1 swordfish\r\n\r\n", "Connect"),
        (b"", "Connect"),
    ] {
        let error = refusal(&endpoint(&raw(answer).await, Method::ClientSecretBasic)).await;
        assert_eq!(format!("{:?}", error.kind()), kind, "{error:?}");
        assert!(!format!("{error} {error:?}").contains("swordfish"), "{error:?}");
    }
}

#[tokio::test]
async fn says_that_nobody_listens() {
    // The port of a listener that is gone.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = refusal(&endpoint(&url, Method::ClientSecretBasic)).await;
    assert_eq!(error.to_string(), format!("could not reach the token endpoint ({url}/oauth/token)"));
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "connection refused");
}
