use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
};

use claviger_auth_core::ManualClock;
use http::Response;
use tower::service_fn;

use super::*;
use crate::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, TokenRequest};

const ISSUER: &str = "https://auth.example/acme";
const OAUTH: &str = "/.well-known/oauth-authorization-server/acme";
const OPENID: &str = "/acme/.well-known/openid-configuration";

fn document() -> String {
    format!(
        r#"{{"issuer":"{ISSUER}","token_endpoint":"https://auth.example/t",
             "mtls_endpoint_aliases":{{"token_endpoint":"https://auth.example/mtls/t"}}}}"#
    )
}

/// Answers each path in its way, and counts the calls.
fn server(
    answer: impl Fn(&str, usize) -> (u16, String) + Clone + Send + Sync + 'static,
) -> (impl Transport + Clone, Arc<Mutex<Vec<String>>>) {
    let paths = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&paths);
    let calls = Arc::new(AtomicUsize::new(0));
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let path = request.uri().path().to_owned();
        let (status, body) = answer(&path, calls.fetch_add(1, Ordering::Relaxed));
        asked.lock().unwrap().push(path);
        let response = Response::builder().status(status).body(Full::<Bytes>::from(body)).unwrap();
        async move { Ok::<_, Infallible>(response) }
    });
    (service, paths)
}

fn paths(of: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut of.lock().unwrap())
}

#[tokio::test]
async fn asks_for_the_document_of_oauth_and_then_for_that_of_openid() {
    for (status, body) in
        [(404, ""), (200, "<html>"), (200, "{}"), (403, "{}"), (302, ""), (400, ""), (200, "[]")]
    {
        let (transport, asked) = server(move |path, _| match path {
            OPENID => (200, document()),
            _ => (status, body.to_owned()),
        });
        let discovery = Discovery::builder(ISSUER).build(transport).unwrap();
        let metadata = discovery.metadata().await.unwrap();
        assert_eq!(metadata.token_url().unwrap().unwrap(), "https://auth.example/t", "{status}");
        assert_eq!(paths(&asked), [OAUTH, OPENID], "{status}");
    }
    let (transport, asked) = server(|_, _| (200, document()));
    Discovery::builder(ISSUER).build(transport).unwrap().metadata().await.unwrap();
    assert_eq!(paths(&asked), [OAUTH]);
}

#[tokio::test]
async fn knows_where_the_documents_of_an_issuer_without_a_path_are() {
    for issuer in ["https://auth.example", "https://auth.example/"] {
        let (transport, asked) = server(|_, _| (404, String::new()));
        let discovery = Discovery::builder(issuer).build(transport).unwrap();
        let error = discovery.metadata().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(
            paths(&asked),
            ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
        );
    }
}

#[tokio::test]
async fn does_not_look_elsewhere_where_the_first_document_is_wrong_or_the_server_is_down() {
    for (status, body, kind) in [
        (200, r#"{"issuer":"https://evil.example"}"#, ErrorKind::Configuration),
        (200, "{", ErrorKind::Protocol),
        (503, "", ErrorKind::Unavailable),
        (429, "", ErrorKind::Unavailable),
    ] {
        let (transport, asked) = server(move |_, _| (status, body.to_owned()));
        let error = Discovery::builder(ISSUER).build(transport).unwrap().metadata().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}");
        assert_eq!(error.subject().unwrap(), format!("https://auth.example{OAUTH}"));
        assert_eq!(paths(&asked).len(), 1);
    }
}

#[tokio::test]
async fn tells_how_long_the_server_asks_to_be_left_alone() {
    let busy = service_fn(|_| async {
        let response = Response::builder().status(503).header("retry-after", "90");
        Ok::<_, Infallible>(response.body(Full::<Bytes>::default()).unwrap())
    });
    let error = Discovery::builder(ISSUER).build(busy).unwrap().metadata().await.unwrap_err();
    assert!(error.to_string().starts_with("the server is not available"), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
}

#[tokio::test]
async fn keeps_the_document_for_an_hour_and_longer_where_no_other_can_be_had() {
    let clock = ManualClock::new();
    let (transport, asked) =
        server(|_, call| if call == 1 { (503, String::new()) } else { (200, document()) });
    let discovery = Discovery::builder(ISSUER).with_clock(clock.clone()).build(transport).unwrap();
    for (minutes, calls) in [(0, 1), (59, 0), (1, 1), (0, 0), (1, 1), (59, 0)] {
        clock.advance(Duration::from_secs(60 * minutes));
        discovery.clone().metadata().await.unwrap();
        assert_eq!(paths(&asked).len(), calls, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn older_metadata_outlives_every_failure_but_the_document_of_another_issuer() {
    let another = r#"{"issuer":"https://evil.example"}"#;
    for (status, body, outlives) in [
        (403, "{}", true),
        (404, "", true),
        (301, "", true),
        (200, "<html>We are back soon", true),
        (200, "{", true),
        (503, "", true),
        (200, another, false),
    ] {
        let clock = ManualClock::new();
        let (transport, _) =
            server(move |_, call| if call == 0 { (200, document()) } else { (status, body.to_owned()) });
        let discovery = Discovery::builder(ISSUER).with_clock(clock.clone()).build(transport).unwrap();
        discovery.metadata().await.unwrap();
        clock.advance(KEPT);
        for _ in 0..2 {
            assert_eq!(discovery.metadata().await.is_ok(), outlives, "{status} {body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_stops_no_token_request_while_there_is_older_metadata() {
    let clock = ManualClock::new();
    let answers = Arc::new(AtomicUsize::new(0));
    let answering = Arc::clone(&answers);
    let discovering = service_fn(move |_| {
        let first = answering.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if !first {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(document())))
        }
    });
    let tokens = service_fn(|_| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(r#"{"access_token":"t"}"#)))
    });
    let discovery = Discovery::builder(ISSUER).with_clock(clock.clone()).build(discovering).unwrap();
    let client = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
    let endpoint = TokenEndpoint::discovered(discovery, client).build(tokens).unwrap();
    let request = TokenRequest::client_credentials();
    endpoint.request(&request).await.unwrap();
    clock.advance(KEPT);
    for (seconds, asked) in [(15, 2), (10, 2), (10, 2)] {
        let start = tokio::time::Instant::now();
        endpoint.request(&request).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(seconds));
        assert_eq!(answers.load(Ordering::Relaxed), asked);
    }
    clock.advance(SPACING);
    let (one, other) = tokio::join!(endpoint.request(&request), endpoint.request(&request));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(answers.load(Ordering::Relaxed), 3, "one of them alone asked");
}

#[tokio::test(start_paused = true)]
async fn gives_up_in_time() {
    let hanging = service_fn(|_| std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>());
    let start = tokio::time::Instant::now();
    let error = Discovery::builder(ISSUER).build(hanging).unwrap().metadata().await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Timeout, Duration::from_secs(30)));
}

#[test]
fn takes_no_issuer_that_is_none() {
    for issuer in
        ["", "auth.example", "http://auth.example", "https://auth.example/?a=b", "https://auth.example/#a"]
    {
        let (transport, _) = server(|_, _| (404, String::new()));
        let error = Discovery::builder(issuer).build(transport).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{issuer}");
        assert!(error.subject().unwrap().starts_with("issuer"), "{error}");
    }
}

#[tokio::test]
async fn a_token_endpoint_goes_where_the_metadata_says() {
    use ClientAuthenticationMethod::{ClientSecretPost, TlsClientAuth};
    let secret = ClientAuthentication::new(ClientSecretPost, "acme").with_secret("swordfish".into());
    let certificate = ClientAuthentication::new(TlsClientAuth, "acme");
    for (client, aliases, path) in
        [(secret.clone(), false, "/t"), (secret, true, "/mtls/t"), (certificate, false, "/mtls/t")]
    {
        let (transport, asked) = server(|path, _| match path {
            OAUTH => (200, document()),
            _ => (200, r#"{"access_token":"t"}"#.to_owned()),
        });
        let discovery = Discovery::builder(ISSUER).build(transport.clone()).unwrap();
        let endpoint = TokenEndpoint::discovered(discovery, client);
        let endpoint =
            if aliases { endpoint.with_mtls_aliases() } else { endpoint }.build(transport).unwrap();
        for expected in [vec![OAUTH, path], vec![path]] {
            endpoint.request(&TokenRequest::client_credentials()).await.unwrap();
            assert_eq!(paths(&asked), expected);
        }
    }
}

#[tokio::test]
async fn a_client_of_another_method_goes_where_that_one_is_served() {
    use ClientAuthenticationMethod::{ClientSecretPost, TlsClientAuth};
    let secret = || ClientAuthentication::new(ClientSecretPost, "acme").with_secret("swordfish".into());
    let certificate = || ClientAuthentication::new(TlsClientAuth, "acme");
    for (first, second, aliases, expected) in [
        (secret(), certificate(), false, ["/t", "/mtls/t"]),
        (certificate(), secret(), false, ["/mtls/t", "/t"]),
        (certificate(), secret(), true, ["/mtls/t", "/mtls/t"]),
    ] {
        let (transport, asked) = server(|path, _| match path {
            OAUTH => (200, document()),
            _ => (200, r#"{"access_token":"t"}"#.to_owned()),
        });
        let discovery = Discovery::builder(ISSUER).build(transport.clone()).unwrap();
        let endpoint = TokenEndpoint::discovered(discovery, first);
        let endpoint =
            if aliases { endpoint.with_mtls_aliases() } else { endpoint }.build(transport).unwrap();
        endpoint.request(&TokenRequest::client_credentials()).await.unwrap();
        endpoint.replace(second).unwrap();
        endpoint.request(&TokenRequest::client_credentials()).await.unwrap();
        assert_eq!(paths(&asked)[1..], expected);
    }
}

#[cfg(feature = "jwt")]
#[tokio::test]
async fn assertions_are_for_the_issuer_that_was_discovered() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use http_body_util::BodyExt;

    let service = service_fn(|request: Request<Full<Bytes>>| async move {
        let answer = if request.method() == http::Method::GET {
            document()
        } else {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let claims = std::str::from_utf8(&body).unwrap().split('.').nth(1).unwrap();
            let claims: serde_json::Value =
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
            assert_eq!(claims["aud"], ISSUER);
            r#"{"access_token":"t"}"#.to_owned()
        };
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(answer)))
    });
    let client = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretJwt, "acme")
        .with_secret("swordfish".into());
    let discovery = Discovery::builder(ISSUER).build(service).unwrap();
    let endpoint = TokenEndpoint::discovered(discovery, client).build(service).unwrap();
    endpoint.request(&TokenRequest::client_credentials()).await.unwrap();
}
