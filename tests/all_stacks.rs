//! What is alike at Clarify, Clarus and Clazar, each over its own stack. Clara's modules say more of the same.

use std::time::Duration;

use claviger_auth_core::{ErrorKind, Origin, StaticToken, authorization::AuthorizationLayer};
use claviger_sandbox::{Fault, Target, Times};
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::task::JoinSet;
use tower::Layer;

use crate::{
    clara_sandbox::{get, send},
    providers::{Providers, Stack, counts, rpc, sending, wait_for_token_request},
};

#[tokio::test]
async fn a_revoked_token_is_replaced_and_the_request_sent_once_more_with_its_body() {
    let providers = Providers::start().await;
    for stack in Stack::ALL {
        let (provider, client) = (stack.provider(&providers), stack.hasty(&providers));
        stack.call(&client).await.unwrap();
        provider.revoke_all();
        provider.journal().clear();
        assert!(stack.call(&client).await.unwrap().is_success(), "{stack:?}");
        assert_eq!(stack.counts(&providers), (1, 2), "{stack:?}");
        let [first, second] = &provider.journal().api_entries()[..] else { panic!("not two requests") };
        assert_eq!(first.status, Some(StatusCode::UNAUTHORIZED));
        assert!(first.body_length > 0);
        assert_eq!((&first.body, &first.path), (&second.body, &second.path), "{stack:?}");
        assert_ne!(first.header("authorization"), second.header("authorization"), "{stack:?}");
        // All but the token is as it was the first time.
        let others = |headers: &http::HeaderMap| {
            let mut headers = headers.clone();
            headers.remove("authorization");
            headers
        };
        assert_eq!(others(&first.headers), others(&second.headers), "{stack:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_young_is_not_thrown_away() {
    let providers = Providers::start().await;
    for stack in Stack::ALL {
        let (provider, client) = (stack.provider(&providers), stack.client(&providers));
        stack.call(&client).await.unwrap();
        provider.play(Target::Api, Fault::Unauthorized, Times::Count(10));
        for _ in 0..10 {
            assert_eq!(stack.call(&client).await.unwrap(), StatusCode::UNAUTHORIZED, "{stack:?}");
        }
        assert!(stack.call(&client).await.unwrap().is_success(), "{stack:?}");
        assert_eq!(stack.counts(&providers), (1, 12), "{stack:?}");
    }
}

#[tokio::test]
async fn many_callers_share_one_token() {
    let providers = Providers::start().await;
    for stack in Stack::ALL {
        let (provider, client) = (stack.provider(&providers), stack.client(&providers));
        let held = provider.hold(Target::Token);
        let mut tasks = JoinSet::new();
        for _ in 0..40 {
            let client = client.clone();
            tasks.spawn(async move { stack.call(&client).await });
        }
        wait_for_token_request(provider).await;
        held.release();
        for status in tasks.join_all().await {
            assert!(status.unwrap().is_success(), "{stack:?}");
        }
        assert_eq!(stack.counts(&providers), (1, 40), "{stack:?}");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_as_such_and_no_request_leaves() {
    let providers = Providers::start().await;
    for (stack, code) in [
        // Auth0's code, which the stubs of Clarify's own SDK have.
        (Stack::Clarify, Some("access_denied")),
        (Stack::Clarus, Some("invalid_client")),
        // Its body has words, and words of a server are not repeated.
        (Stack::Clazar, None),
    ] {
        let client = stack.client_with_secret(&providers, "swordfish");
        let error = stack.call(&client).await.unwrap_err();
        let found = (error.kind(), error.status(), error.oauth_error());
        let expected = (ErrorKind::CredentialsRefused, Some(StatusCode::UNAUTHORIZED), code);
        assert_eq!(found, expected, "{stack:?}: {error}");
        assert!(!error.is_transient());
        let url = stack.provider(&providers).token_url();
        assert!(error.to_string().contains(&url), "{stack:?}: {error}");
        assert_eq!(stack.counts(&providers), (1, 0), "{stack:?}");
    }
}

type Expected = Option<(ErrorKind, Option<u16>, Option<&'static str>)>;

/// `None` where the right token is in a wrong dress.
fn expected(stack: Stack, fault: Fault) -> Expected {
    // Clazar's errors have no code.
    let code = |code| (stack != Stack::Clazar).then_some(code);
    Some(match fault {
        Fault::OddExpiresIn | Fault::Slow(_) | Fault::WrongContentType => return None,
        Fault::EchoSecret if stack == Stack::Clazar => (ErrorKind::Protocol, Some(400), None),
        Fault::EchoSecret => (ErrorKind::Configuration, Some(400), code("invalid_request")),
        Fault::ErrorIn200 => (ErrorKind::Unavailable, Some(200), Some("temporarily_unavailable")),
        Fault::HangUp => (ErrorKind::Connect, None, None),
        Fault::HtmlPage => (ErrorKind::Unavailable, Some(502), None),
        Fault::HugeBody | Fault::NoToken => (ErrorKind::Protocol, Some(200), None),
        Fault::Redirect => (ErrorKind::Protocol, Some(307), None),
        Fault::TooManyRequests(_) => (ErrorKind::Unavailable, Some(429), None),
        Fault::Unauthorized if stack == Stack::Clarify => {
            (ErrorKind::CredentialsRefused, Some(401), code("access_denied"))
        }
        Fault::Unauthorized => (ErrorKind::CredentialsRefused, Some(401), code("invalid_client")),
        Fault::Unavailable => (ErrorKind::Unavailable, Some(503), code("temporarily_unavailable")),
        other => panic!("say what becomes of {other}"),
    })
}

#[tokio::test]
async fn each_fault_of_a_token_endpoint_has_its_kind_and_no_second_request() {
    let providers = Providers::start().await;
    for (stack, fault) in Stack::ALL.into_iter().flat_map(|stack| Fault::ALL.map(|fault| (stack, fault))) {
        let fault = if let Fault::Slow(_) = fault { Fault::Slow(Duration::from_millis(5)) } else { fault };
        let provider = stack.provider(&providers);
        provider.journal().clear();
        provider.play(Target::Token, fault, Times::ONCE);
        match (stack.call(&stack.client(&providers)).await, expected(stack, fault)) {
            (Ok(status), None) => {
                assert!(status.is_success(), "{stack:?}, {fault}: {status}");
                assert_eq!(stack.counts(&providers), (1, 1), "{stack:?}, {fault}");
            }
            (Err(error), Some((kind, status, code))) => {
                let status = status.map(|status| StatusCode::from_u16(status).unwrap());
                let found = (error.kind(), error.status(), error.oauth_error());
                assert_eq!(found, (kind, status, code), "{stack:?}, {fault}: {error}");
                assert_eq!(stack.counts(&providers), (1, 0), "{stack:?}, {fault}");
                assert!(!error.advice().is_empty());
            }
            (found, expected) => panic!("{stack:?}, {fault}: {found:?} in the place of {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_client_sends_nothing_to_another_provider() {
    let providers = Providers::start().await;
    for stack in Stack::ALL {
        let client = stack.client(&providers);
        stack.call(&client).await.unwrap();
        for other in Stack::ALL.into_iter().filter(|other| *other != stack) {
            let foreign = other.provider(&providers);
            foreign.journal().clear();
            for path in ["", "/v1/rpc", "/api/orders", "/buyers/"] {
                let url = format!("https://{}{path}", foreign.address());
                let error = send(&client, get(&url)).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Origin, "{stack:?} at {url}: {error}");
            }
            assert_eq!(counts(foreign), (0, 0), "of {stack:?} at {other:?}");
        }
    }
    // Clara shares her machine with them, and not her origin.
    assert_eq!(counts(providers.sandbox.clara()), (0, 0));
}

#[tokio::test]
async fn a_token_of_one_is_good_for_nothing_at_another() {
    // The control: were it sent there, this is how it would show.
    let providers = Providers::start().await;
    let clarify = claviger_clarify::Client::new(&providers.clarify_config()).unwrap();
    send(&clarify, sending("POST", "/rpc", &rpc("clarify.selectItems", json!({})))).await.unwrap();
    let token = clarify.tokens().unwrap().token().await.unwrap();
    let stolen = StaticToken::bearer(token.expose_secret().into()).unwrap();
    let clazar = providers.clazar();
    let layer = AuthorizationLayer::new(stolen, Origin::https(&clazar.api_url()).unwrap());
    let service = layer.layer(providers.clazar_config().transport().unwrap());
    let (status, _) = send(&service, get(&format!("{}/buyers/", clazar.api_url()))).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let sent = clazar.journal().api_entries()[0].header("authorization").unwrap().to_owned();
    assert_eq!(sent, format!("Bearer {}", token.expose_secret()));
}
