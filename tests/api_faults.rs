//! An API that misbehaves: its answers are passed on, and nothing is tried again but authentication.

use std::time::Duration;

use claviger_auth_core::ErrorKind;
use claviger_sandbox::{Fault, Target, Times};
use http::{
    StatusCode,
    header::{CONTENT_TYPE, LOCATION, RETRY_AFTER},
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::clara_sandbox::{ClaraSandbox, TRANSACTIONS, get, ours, post, send};

/// The status that is passed on; `None` where there is no answer.
fn expected(fault: Fault) -> Option<u16> {
    Some(match fault {
        Fault::EchoSecret => 400,
        Fault::ErrorIn200 | Fault::HugeBody | Fault::NoToken | Fault::OddExpiresIn => 200,
        Fault::Slow(_) | Fault::WrongContentType => 200,
        Fault::HangUp => return None,
        Fault::HtmlPage => 502,
        Fault::Redirect => 307,
        Fault::TooManyRequests(_) => 429,
        Fault::Unauthorized => 401,
        Fault::Unavailable => 503,
        other => panic!("say what becomes of {other}"),
    })
}

#[tokio::test]
async fn each_answer_is_passed_on_after_one_request() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    send(&client, get(TRANSACTIONS)).await.unwrap();
    for fault in Fault::ALL {
        let fault = if let Fault::Slow(_) = fault { Fault::Slow(Duration::from_millis(20)) } else { fault };
        sandbox.journal().clear();
        sandbox.clara().play(Target::Api, fault, Times::ONCE);
        match (send(&client, post("/api/v3/users", "{}")).await, expected(fault)) {
            // A POST that made something: the rest of the faults only dress the right answer.
            (Ok((status, _)), Some(200)) if status == StatusCode::CREATED => {}
            (Ok((status, _)), Some(expected)) => assert_eq!(status.as_u16(), expected, "{fault}"),
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::Connect, "{fault}: {error}"),
            (found, expected) => panic!("{fault}: {found:?} in the place of {expected:?}"),
        }
        assert_eq!(sandbox.counts(), (0, 1), "{fault}: sent once, with the token that was there");
    }
}

#[tokio::test]
async fn an_answer_keeps_its_headers_and_its_body() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    let mut answers = Vec::new();
    for fault in [Fault::TooManyRequests(Duration::from_secs(9)), Fault::Redirect, Fault::HtmlPage] {
        sandbox.clara().play(Target::Api, fault, Times::ONCE);
        answers.push(client.clone().oneshot(get(TRANSACTIONS)).await.unwrap());
    }
    assert_eq!(answers[0].headers()[RETRY_AFTER], "9");
    assert!(answers[1].headers()[LOCATION].to_str().unwrap().starts_with("https://localhost:"));
    assert_eq!(answers[2].headers()[CONTENT_TYPE], "text/html");
    let page = answers.remove(2).into_body().collect().await.unwrap().to_bytes();
    assert!(page.starts_with(b"<html>"));
}

#[tokio::test]
async fn a_huge_answer_is_the_callers_to_read() {
    let sandbox = ClaraSandbox::start().await;
    sandbox.clara().play(Target::Api, Fault::HugeBody, Times::ONCE);
    let response = sandbox.client().oneshot(get(TRANSACTIONS)).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.len() > 8 * 1024 * 1024);
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_as_such() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    let config = sandbox.config();
    sandbox.sandbox.shutdown().await;
    let error = client.oneshot(get(TRANSACTIONS)).await.map_err(ours).unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Connect, true));
    let address = config.endpoints().origin().to_string();
    assert!(error.to_string().contains(address.trim_start_matches("https://")), "{error}");
}
