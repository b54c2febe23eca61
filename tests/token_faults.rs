//! A token endpoint that misbehaves.

use std::time::Duration;

use claviger_auth_core::{Error, ErrorKind};
use claviger_clara::Client;
use claviger_sandbox::{Fault, Target, Times};
use claviger_token_endpoint::TokenRequest;
use http::StatusCode;

use crate::clara_sandbox::{ClaraSandbox, TRANSACTIONS, get, send};

/// What a caller of the whole stack gets, when the token endpoint plays this fault.
async fn outcome(sandbox: &ClaraSandbox, fault: Fault) -> Result<StatusCode, Error> {
    sandbox.clara().play(Target::Token, fault, Times::ONCE);
    let result = send(&sandbox.client(), get(TRANSACTIONS)).await;
    sandbox.clara().clear_faults();
    result.map(|(status, _)| status)
}

type Expected = Option<(ErrorKind, Option<u16>, Option<&'static str>)>;

/// `None` where the right token is in a wrong dress.
fn expected(fault: Fault) -> Expected {
    Some(match fault {
        Fault::OddExpiresIn | Fault::Slow(_) | Fault::WrongContentType => return None,
        Fault::EchoSecret => (ErrorKind::Configuration, Some(400), Some("invalid_request")),
        Fault::ErrorIn200 => (ErrorKind::Unavailable, Some(200), Some("temporarily_unavailable")),
        Fault::HangUp => (ErrorKind::Connect, None, None),
        Fault::HtmlPage => (ErrorKind::Unavailable, Some(502), None),
        Fault::HugeBody | Fault::NoToken => (ErrorKind::Protocol, Some(200), None),
        Fault::Redirect => (ErrorKind::Protocol, Some(307), None),
        Fault::TooManyRequests(_) => (ErrorKind::Unavailable, Some(429), None),
        Fault::Unauthorized => (ErrorKind::CredentialsRefused, Some(401), Some("invalid_client")),
        Fault::Unavailable => (ErrorKind::Unavailable, Some(503), Some("temporarily_unavailable")),
        other => panic!("say what becomes of {other}"),
    })
}

#[tokio::test]
async fn each_fault_has_its_kind_and_no_second_request() {
    let sandbox = ClaraSandbox::start().await;
    for fault in Fault::ALL {
        // A second's delay is no fault with the default deadline; it is tested below with a short one.
        let fault = if let Fault::Slow(_) = fault { Fault::Slow(Duration::from_millis(20)) } else { fault };
        sandbox.journal().clear();
        match (outcome(&sandbox, fault).await, expected(fault)) {
            (Ok(status), None) => assert_eq!((status, sandbox.counts()), (StatusCode::OK, (1, 1)), "{fault}"),
            (Err(error), Some((kind, status, code))) => {
                let status = status.map(|status| StatusCode::from_u16(status).unwrap());
                let found = (error.kind(), error.status(), error.oauth_error());
                assert_eq!(found, (kind, status, code), "{fault}: {error}");
                assert_eq!(sandbox.counts(), (1, 0), "{fault}");
                assert!(!error.advice().is_empty());
            }
            (found, expected) => panic!("{fault}: {found:?} in the place of {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_429_says_how_long_to_wait() {
    let sandbox = ClaraSandbox::start().await;
    let wait = Duration::from_secs(7);
    let error = outcome(&sandbox, Fault::TooManyRequests(wait)).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(wait));
    assert!(error.is_transient());
    let error = outcome(&sandbox, Fault::Unavailable).await.unwrap_err();
    assert_eq!(error.retry_after(), None);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let sandbox = ClaraSandbox::start().await;
    let error = outcome(&sandbox, Fault::Redirect).await.unwrap_err();
    assert!(error.to_string().contains("redirect"), "{error}");
    let entries = sandbox.journal().entries();
    assert!(entries.iter().all(|entry| entry.path == "/oauth/token"), "{entries:?}");
    assert_eq!(entries.len(), 1);
}

#[tokio::test]
async fn no_answer_in_time_is_a_timeout_and_the_next_attempt_succeeds() {
    let sandbox = ClaraSandbox::start().await;
    let endpoint = sandbox.token_endpoint().with_timeout(Duration::from_millis(100));
    let endpoint = endpoint.build(sandbox.transport()).unwrap();
    let request = TokenRequest::client_credentials();
    let held = sandbox.clara().hold(Target::Token);
    let error = endpoint.request(&request).await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Timeout, true));
    assert_eq!(sandbox.journal().token_requests(), 1);
    held.release();
    endpoint.request(&request).await.unwrap();
}

#[tokio::test]
async fn a_wrong_secret_is_told_from_a_wrong_url() {
    let sandbox = ClaraSandbox::start().await;
    let id = sandbox.clara().client_id();
    let config = sandbox.config().with_client(id, "swordfish".into());
    let refused = send(&Client::new(&config).unwrap(), get(TRANSACTIONS)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::CredentialsRefused);
    assert_eq!(refused.oauth_error(), Some("invalid_client"));
    assert!(!refused.is_transient());

    let config = sandbox.config().with_token_url(&sandbox.url("/oauth/tokens")).unwrap();
    let missing = send(&Client::new(&config).unwrap(), get(TRANSACTIONS)).await.unwrap_err();
    assert_eq!((missing.kind(), missing.status()), (ErrorKind::Configuration, Some(StatusCode::NOT_FOUND)));
    assert!(missing.to_string().contains("/oauth/tokens"), "{missing}");
}

#[tokio::test]
async fn a_rotated_secret_is_refused_and_the_new_one_works_whatever_is_in_it() {
    let sandbox = ClaraSandbox::start().await;
    let client = sandbox.client();
    let secret = sandbox.clara().rotate_secret().unwrap();
    let error = send(&client, get(TRANSACTIONS)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
    for secret in [secret.as_str(), "a b%+/:&=\u{e9}\"\\"] {
        sandbox.clara().set_client_secret(secret);
        let (status, _) = send(&sandbox.client(), get(TRANSACTIONS)).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{secret}");
    }
}
