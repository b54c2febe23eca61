//! Revocation and introspection; another secret at run time; and what is tried again.

use claviger_auth_core::{AccessToken, Thumbprint};

use super::*;

/// What was sent: the URL, the header and the body.
type Journal = Arc<Mutex<Vec<(String, Option<String>, String)>>>;

/// Builds over a transport that writes down what is sent, and gives this answer.
fn journaling(builder: TokenEndpointBuilder, status: u16, answer: &'static str) -> (TokenEndpoint, Journal) {
    let journal = Journal::default();
    let writing = Arc::clone(&journal);
    let endpoint = builder.build(service_fn(move |request: Request<Full<Bytes>>| {
        let journal = Arc::clone(&writing);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let authorization = parts.headers.get("authorization");
            let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
            let body = String::from_utf8(body.to_vec()).unwrap();
            journal.lock().unwrap().push((parts.uri.to_string(), authorization, body));
            Ok::<_, Infallible>(response(status, answer))
        }
    }));
    (endpoint.unwrap(), journal)
}

fn neighbours() -> TokenEndpointBuilder {
    basic()
        .with_revocation_url("https://auth.example/revoke")
        .with_introspection_url("https://auth.example/introspect")
}

fn token() -> AccessToken {
    AccessToken::bearer(&"a+b/c=".into()).unwrap()
}

const SENT: &str = "token=a%2Bb%2Fc%3D&token_type_hint=access_token";
const BASIC: &str = "Basic YWNtZTpzd29yZGZpc2g=";

#[tokio::test]
async fn takes_a_token_back() {
    let (endpoint, journal) = journaling(neighbours(), 200, "");
    endpoint.revoke(&token()).await.unwrap();
    let sent = journal.lock().unwrap().remove(0);
    assert_eq!(sent, ("https://auth.example/revoke".to_owned(), Some(BASIC.to_owned()), SENT.to_owned()));

    let (endpoint, _) = journaling(neighbours(), 401, r#"{"error":"invalid_client"}"#);
    let error = endpoint.revoke(&token()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.subject()),
        (ErrorKind::CredentialsRefused, Some("https://auth.example/revoke"))
    );
}

#[tokio::test]
async fn takes_a_refresh_token_back_by_its_name() {
    let (endpoint, journal) = journaling(neighbours(), 200, "");
    endpoint.revoke_refresh_token(&"a+b".into()).await.unwrap();
    let sent = journal.lock().unwrap().remove(0);
    assert_eq!(sent.0, "https://auth.example/revoke");
    assert_eq!(sent.2, "token=a%2Bb&token_type_hint=refresh_token");
}

#[tokio::test]
async fn asks_for_a_device_code_as_the_client_that_it_is() {
    let builder = basic().with_device_authorization_url("https://auth.example/device");
    let answer = r#"{"device_code":"d","user_code":"u","verification_uri":"https://auth.example/"}"#;
    let (endpoint, journal) = journaling(builder, 200, answer);
    let request = TokenRequest::device_authorization().with_scope("read");
    assert_eq!(endpoint.authorize_device(&request).await.unwrap().interval().as_secs(), 5);
    let sent = journal.lock().unwrap().remove(0);
    let expected = ("https://auth.example/device", Some(BASIC), "scope=read");
    assert_eq!((&*sent.0, sent.1.as_deref(), &*sent.2), expected);
}

#[tokio::test]
async fn asks_what_the_server_knows_of_a_token() {
    // {"x5t#S256": 32 bytes of 7}
    let answer = r#"{"active":true,"sub":"swordfish","cnf":{"x5t#S256":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}}"#;
    let (endpoint, journal) = journaling(neighbours(), 200, answer);
    let known = endpoint.introspect(&token()).await.unwrap();
    assert_eq!(journal.lock().unwrap()[0].0, "https://auth.example/introspect");
    assert_eq!(journal.lock().unwrap()[0].2, SENT);
    assert_eq!((known.is_active(), known.json()), (true, answer));
    assert_eq!(known.binding(), Some(Thumbprint::from_sha256([7; 32])));
    assert!(!format!("{known:?}").contains("swordfish"), "{known:?}");

    let (endpoint, _) = journaling(neighbours(), 200, r#"{"active":false}"#);
    let known = endpoint.introspect(&token()).await.unwrap();
    assert_eq!((known.is_active(), known.binding()), (false, None));

    for (status, answer, kind) in [
        (200, "", ErrorKind::Protocol),
        (200, "{}", ErrorKind::Protocol),
        (200, r#"{"active":"swordfish"}"#, ErrorKind::Protocol),
        (200, r#"{"active":true,"active":false}"#, ErrorKind::Protocol),
        (200, "<html>swordfish", ErrorKind::Protocol),
        (401, "", ErrorKind::CredentialsRefused),
        (403, r#"{"error":"access_denied"}"#, ErrorKind::CredentialsRefused),
        (503, "", ErrorKind::Unavailable),
    ] {
        let (endpoint, _) = journaling(neighbours(), status, answer);
        let error = endpoint.introspect(&token()).await.unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (kind, status), "{answer}");
        assert!(!format!("{error:?}").contains("swordfish"), "{error:?}");
    }
}

#[tokio::test]
async fn says_which_endpoint_refused_and_for_how_long() {
    for (status, answer, words) in [
        (301, "", "redirects"),
        (400, r#"{"error":"invalid_request"}"#, "found the request wrong"),
        (400, "<html>", "answered with an HTML page"),
        (400, "<html>No required SSL certificate was sent", "demands a client certificate"),
        (401, "", "refused the client credentials"),
        (403, "", "denied access"),
        (404, "", "at this URL"),
        (407, "", "asks for credentials"),
        (415, "", "does not take this kind of body"),
        (418, "", "refused the request"),
        (503, "", "is not available"),
    ] {
        let endpoint = neighbours().build(service_fn(move |_| async move {
            let mut response = response(status, answer);
            response.headers_mut().insert("retry-after", HeaderValue::from_static("90"));
            Ok::<_, Infallible>(response)
        }));
        let endpoint = endpoint.unwrap();
        let revoked = endpoint.revoke(&token()).await.unwrap_err();
        let introspected = endpoint.introspect(&token()).await.unwrap_err();
        for (error, name) in [(revoked, "revocation endpoint"), (introspected, "introspection endpoint")] {
            let said = format!("{error} {}", error.advice());
            assert!(error.to_string().contains(name) && said.contains(words), "{said}");
            assert!(!said.contains("token endpoint") && !said.contains("token URL"), "{said}");
            let wait = (status == 503).then_some(Duration::from_secs(90));
            assert_eq!(error.retry_after(), wait, "{status}");
        }
    }
    let gone = neighbours().build(service_fn(|_| async { Err::<Response<Full<Bytes>>, _>("no") })).unwrap();
    let error = gone.revoke(&token()).await.unwrap_err();
    assert!(error.to_string().starts_with("could not reach the revocation endpoint"), "{error}");
    let error = gone.introspect(&token()).await.unwrap_err();
    assert!(error.to_string().starts_with("could not reach the introspection endpoint"), "{error}");
}

#[tokio::test]
async fn says_what_is_not_known_of_the_server() {
    let (endpoint, journal) = journaling(basic(), 200, "");
    for error in
        [endpoint.revoke(&token()).await.unwrap_err(), endpoint.introspect(&token()).await.unwrap_err()]
    {
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.subject().unwrap().ends_with("_endpoint"), "{error}");
    }
    assert!(journal.lock().unwrap().is_empty());
}

#[tokio::test]
async fn another_secret_is_used_from_the_next_request_on_by_all_clones() {
    let (endpoint, journal) = journaling(basic(), 200, TOKEN);
    let clone = endpoint.clone();
    let request = TokenRequest::client_credentials();
    endpoint.request(&request).await.unwrap();
    clone.replace(acme(Method::ClientSecretPost).with_secret("marlin".into())).unwrap();
    endpoint.request(&request).await.unwrap();
    let bad = ClientAuthentication::new(Method::ClientSecretPost, "acme");
    assert_eq!(endpoint.replace(bad).unwrap_err().subject(), Some("client_secret"));
    clone.request(&request).await.unwrap();
    let sent: Vec<_> = journal.lock().unwrap().drain(..).map(|(_, header, body)| (header, body)).collect();
    let form = "grant_type=client_credentials";
    let posted = (None, format!("{form}&client_id=acme&client_secret=marlin"));
    assert_eq!(sent, [(Some(BASIC.to_owned()), form.to_owned()), posted.clone(), posted]);
}

#[tokio::test]
async fn a_request_under_way_goes_on_with_the_secret_that_it_began_with() {
    let (began, go_on) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let (beginning, going_on) = (Arc::clone(&began), Arc::clone(&go_on));
    let endpoint = basic().build(service_fn(move |request: Request<Full<Bytes>>| {
        let (began, go_on) = (Arc::clone(&beginning), Arc::clone(&going_on));
        async move {
            began.notify_one();
            go_on.notified().await;
            assert_eq!(request.headers()["authorization"], BASIC);
            Ok::<_, Infallible>(response(200, TOKEN))
        }
    }));
    let endpoint = endpoint.unwrap();
    let request = TokenRequest::client_credentials();
    let replacing = async {
        began.notified().await;
        endpoint.replace(acme(Method::ClientSecretPost)).unwrap();
        go_on.notify_one();
    };
    let (answer, ()) = tokio::join!(endpoint.request(&request), replacing);
    assert!(answer.is_ok(), "{answer:?}");
}

/// Counts how often it is asked, and fails in this way each time, or only so often.
fn refusing(kind: std::io::ErrorKind, failures: usize) -> (TokenEndpoint, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let endpoint = basic().build(service_fn(move |_| {
        let call = counted.fetch_add(1, Ordering::Relaxed);
        async move { if call < failures { Err(std::io::Error::from(kind)) } else { Ok(response(200, TOKEN)) } }
    }));
    (endpoint.unwrap(), calls)
}

#[tokio::test]
async fn a_connection_that_was_refused_is_tried_once_more_and_no_other() {
    use std::io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, TimedOut, UnexpectedEof};
    let request = TokenRequest::client_credentials();
    for (kind, failures, expected, good) in [
        (ConnectionRefused, 1, 2, true),
        (ConnectionRefused, 9, 2, false),
        (ConnectionReset, 1, 1, false),
        (BrokenPipe, 1, 1, false),
        (TimedOut, 1, 1, false),
        (UnexpectedEof, 1, 1, false),
    ] {
        let (endpoint, calls) = refusing(kind, failures);
        assert_eq!(endpoint.request(&request).await.is_ok(), good, "{kind:?}");
        assert_eq!(calls.load(Ordering::Relaxed), expected, "{kind:?}");
    }
    for status in [400, 401, 429, 500, 503] {
        let (endpoint, journal) = journaling(basic(), status, "");
        endpoint.request(&request).await.unwrap_err();
        assert_eq!(journal.lock().unwrap().len(), 1, "{status}");
    }
}
