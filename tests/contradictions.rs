//! Where the documents of a provider do not fit together: what the client does, in a test whose name begins with the
//! number (`c1_…`). Most stand beside the code; here are those that take a whole answer or a whole stack.
//!
//! | number | where | what the documents say | what is done |
//! | --- | --- | --- | --- |
//! | C1 | Clarify | a token lives 2 h, 24 h or 86,400 s | as long as its answer says; a 401 counts more than the clock |
//! | C2 | Clarify | `Bearer <token>`, and a sample without the scheme | the scheme is sent; one that was pasted before a token comes off |
//! | C3 | Clarify | URLs and audience are blank | the file's `apiUrl` is wanted, and all URLs are made from it |
//! | C4 | Clarify | the secret is called a password | `clientSecret`; the type says what for |
//! | C5 | Clarify | the second type has several names | each of them, and no other |
//! | C6 | Clarify | scopes are apart by commas, in the RFC by spaces | by either |
//! | C7 | Clarify | a header in base64, and tokens that are not | tokens are sent as they are |
//! | C8 | Clarify | the version may be left out, samples have it | it is sent; the caller's stands above it |
//! | C9 | Clarify | tokens are limited in rate, no status says so | 429 and `Retry-After` are heeded, and all wait for one fetch |
//! | C10 | Clarify | missing, invalid and expired are all 401 | one more token, and the request once more |
//! | C11 | Clarify | a 2xx may be an error | no layer looks into bodies; `RpcClient` does, and nothing is sent again |
//! | C12 | Clara | the JSON is a specification, or the credentials | told apart by what is in it |
//! | C13 | Clara | which of the files is certificate, key, CA | told apart by what is in them |
//! | C14 | Clara | a token URL without a scheme | `https` |
//! | C15 | Clara | "OAuth 2.0", and no grant | client credentials by Basic, over the certificate |
//! | C16 | Clara | what the CA file is for | trusted beside the platform's |
//! | C17 | Clara | a token signed with HS256, by Auth0 | sent as it is, and not looked into |
//! | C18 | Clara | a token for a group, and one company per request | the company is the request's, the token everybody's |
//! | C19 | Clara | no certificate: a failed handshake, 511, or 401 | the first two are about the certificate, and not tried again |
//! | C20 | Clarus | a browser's endpoints, and client credentials | client credentials, and a token that was given |
//! | C21 | Clarus | scopes to be asked for, and no list | none, or what the caller says |
//! | C22 | Clarus | the subdomain on every request, or on the API's | on the API's; on token requests by choice |
//! | C23 | Clarus | JSON on every request, and a token endpoint with a form | where the request says nothing else, and not on that |
//! | C24 | Clarus | a token that is good, and a session that has ended | no token is fetched again and again |
//! | C25 | Clazar | client credentials, and no grant | JSON as documented |
//! | C26 | Clazar | a short life, 86,400 s, and a sample of 6 h | as C1 |
//! | C27 | Clazar | a lost secret means another key, or a rotated one | another secret begins with another token |
//! | C28 | Clazar | the menu has three names | no error names it |

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use claviger_auth_core::{AccessToken, BoxError, Error, ErrorKind, TokenCache};
use claviger_sandbox::{Fault, Target, Times};
use claviger_token_endpoint::Transport;
use http::{Request, Response, StatusCode};
use secrecy::ExposeSecret as _;
use tower::service_fn;

use crate::{
    clara_sandbox::{ClaraSandbox, Full, get, send},
    providers::{Providers, Stack, counts},
};

/// A token endpoint that says this, and how often it was asked.
fn saying(status: u16, answer: &'static str) -> (impl Transport, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let service = service_fn(move |_: Request<Full>| {
        count.fetch_add(1, Ordering::Relaxed);
        let response = Response::builder().status(status).body(Full::from(answer)).unwrap();
        std::future::ready(Ok::<_, BoxError>(response))
    });
    (service, asked)
}

/// What Clarify's stack makes of an answer.
async fn clarify_token(answer: &'static str) -> AccessToken {
    let providers = Providers::start().await;
    let source = providers.clarify_config().token_source(saying(200, answer).0).unwrap().unwrap();
    TokenCache::builder(source).build().token().await.unwrap()
}

fn seconds(token: &AccessToken) -> u64 {
    // It has begun to live.
    token.expires_in().unwrap().as_secs() + 1
}

#[tokio::test]
async fn c1_a_token_of_clarify_lives_as_long_as_the_answer_says() {
    let providers = Providers::start().await;
    for (hours, fault) in [(2, None), (24, None), (24, Some(Fault::OddExpiresIn))] {
        let clarify = providers.clarify();
        clarify.set_token_life(Duration::from_secs(hours * 3600));
        if let Some(fault) = fault {
            clarify.play(Target::Token, fault, Times::ONCE);
        }
        let client = claviger_clarify::Client::<Full>::new(&providers.clarify_config()).unwrap();
        let token = client.tokens().unwrap().token().await.unwrap();
        assert!(seconds(&token).abs_diff(hours * 3600) <= 1, "{token:?}");
    }
    let token = clarify_token(r#"{"access_token":"t","token_type":"Bearer"}"#).await;
    assert_eq!(token.expires_in(), None, "and the cache has a short life for those");
}

#[tokio::test]
async fn c6_scopes_are_told_apart_by_commas_and_by_spaces() {
    let answer = r#"{"access_token":"t","token_type":"Bearer","scope":"invoke:integration,admin clarify"}"#;
    assert_eq!(clarify_token(answer).await.scopes(), ["invoke:integration", "admin", "clarify"]);
}

#[tokio::test]
async fn c9_a_token_endpoint_that_limits_its_rate_is_left_alone_for_as_long_as_it_asks() {
    let providers = Providers::start().await;
    let clarify = providers.clarify();
    clarify.play(Target::Token, Fault::TooManyRequests(Duration::from_secs(120)), Times::ONCE);
    let client = Stack::Clarify.client(&providers);
    for _ in 0..5 {
        let error = Stack::Clarify.call(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::Unavailable, Some(StatusCode::TOO_MANY_REQUESTS))
        );
        assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
    }
    assert_eq!(counts(clarify), (1, 0));
}

#[tokio::test]
async fn c17_a_token_is_sent_as_it_is_whatever_its_header_says() {
    let sandbox = ClaraSandbox::start().await;
    // {"alg":"HS256","typ":"JWT"}, an end in 1970, and no signature.
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjF9.";
    let answer = r#"{"access_token":"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjF9.","expires_in":3600}"#;
    let source = sandbox.config().token_source(saying(200, answer).0).unwrap();
    let fetched = TokenCache::builder(source).build().token().await.unwrap();
    assert_eq!(fetched.expose_secret(), token);
    assert!(seconds(&fetched) >= 3599);
}

#[tokio::test]
async fn c19_a_511_is_about_the_certificate_and_never_tried_again() {
    let sandbox = ClaraSandbox::start().await;
    let (endpoint, asked) = saying(511, "<html>Network Authentication Required</html>");
    let tokens = TokenCache::builder(sandbox.config().token_source(endpoint).unwrap()).build();
    for _ in 0..3 {
        let error = tokens.token().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::ClientCertificate, false), "{error}");
        assert!(error.advice().contains("certificate"), "{}", error.advice());
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // A 401 is about the credentials, where the handshake has shown that the certificate is good.
    sandbox.clara().play(Target::Token, Fault::Unauthorized, Times::ONCE);
    let error = send(&sandbox.client(), get("/api/v3/users")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
}

#[tokio::test]
async fn c20_clarus_takes_the_token_of_a_client_and_one_that_was_given() {
    let providers = Providers::start().await;
    let clarus = providers.clarus();
    let given = claviger_auth_core::StaticToken::bearer(clarus.static_token().into()).unwrap();
    for (config, tokens) in [(providers.clarus_config(), 1), (providers.clarus_config_of("acme", given), 0)] {
        clarus.journal().clear();
        let client = claviger_clarus::Client::new(&config).unwrap();
        assert_eq!(send(&client, get("/api/products")).await.unwrap().0, StatusCode::OK);
        assert_eq!(counts(clarus), (tokens, 1));
    }
}

#[tokio::test]
async fn c26_a_token_of_clazar_lives_as_long_as_the_answer_says() {
    let providers = Providers::start().await;
    for hours in [6, 24] {
        providers.clazar().set_token_life(Duration::from_secs(hours * 3600));
        let client = claviger_clazar::Client::<Full>::new(&providers.clazar_config()).unwrap();
        let token = client.tokens().unwrap().token().await.unwrap();
        assert!(seconds(&token).abs_diff(hours * 3600) <= 1, "{token:?}");
    }
}

#[tokio::test]
async fn c28_no_error_names_a_menu_of_clazars() {
    let providers = Providers::start().await;
    for fault in Fault::ALL {
        if matches!(fault, Fault::Slow(_)) {
            continue;
        }
        providers.clazar().play(Target::Token, fault, Times::ONCE);
        let client = Stack::Clazar.client(&providers);
        let Err(error) = Stack::Clazar.call(&client).await else { continue };
        let words = words(&error);
        for menu in ["Settings", "Integrations", "API Access", "Machine to Machine", "API Keys"] {
            assert!(!words.contains(menu), "{words}");
        }
    }
}

fn words(error: &Error) -> String {
    format!("{error}: {}", error.advice())
}

#[test]
fn each_contradiction_has_a_test() {
    fn read(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    read(here, &mut text);
    read(&here.join("../crates"), &mut text);
    let number = |rest: &str| rest.split('_').next()?.parse::<u32>().ok();
    let numbers: BTreeSet<_> = text.split("fn c").skip(1).filter_map(number).collect();
    let rows = include_str!("contradictions.rs").lines().filter_map(|line| line.strip_prefix("//! | C"));
    let told: BTreeSet<_> = rows.filter_map(|row| row.split(' ').next()?.parse().ok()).collect();
    assert_eq!((&numbers, told.len()), (&told, 28));
}
