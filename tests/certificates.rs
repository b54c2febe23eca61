//! Who the client is, and who the server is: each way to get it wrong has its own kind and words.

use std::time::{Duration, SystemTime};

use claviger_auth_core::{BoxError, Error, ErrorKind, Origin, TokenCache, authorization::AuthorizationLayer};
use claviger_clara::{ClaraLayer, Client};
use claviger_mtls::{Identity, Tls, Trust};
use claviger_sandbox::Options;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tower::{Layer, Service, ServiceExt};

use crate::clara_sandbox::{ClaraSandbox, Full, TRANSACTIONS, get, identity, ours, send, transport};

/// The error of a request that never got as far as HTTP.
async fn refusal<S>(sandbox: &ClaraSandbox, service: S) -> Error
where
    S: Service<Request<Full>, Response = Response<Incoming>, Error = BoxError>,
{
    let error = service.oneshot(get(&sandbox.url(TRANSACTIONS))).await.map_err(ours).unwrap_err();
    assert_eq!(sandbox.counts(), (0, 0), "{error}");
    error
}

/// As [`refusal`], where it is the server who refuses.
async fn refusal_by_server<S>(sandbox: &ClaraSandbox, service: S) -> Error
where
    S: Service<Request<Full>, Response = Response<Incoming>, Error = BoxError>,
{
    let error = refusal(sandbox, service).await;
    sandbox.wait_for_failed_handshake().await;
    assert_eq!(error.kind(), ErrorKind::ClientCertificate, "{error}");
    error
}

async fn without_certificate() -> Error {
    let sandbox = ClaraSandbox::start().await;
    refusal_by_server(&sandbox, transport(Tls::builder(sandbox.trust()))).await
}

async fn from_a_foreign_authority() -> Error {
    let sandbox = ClaraSandbox::start().await;
    let foreign = identity(&sandbox.clara().issue_foreign_client_certificate("acme").unwrap());
    let id = sandbox.clara().client_id();
    let config = sandbox.config_of(id, sandbox.clara().client_secret(), foreign);
    refusal_by_server(&sandbox, Client::new(&config).unwrap()).await
}

async fn expired() -> Error {
    let sandbox = ClaraSandbox::start().await;
    let issued = sandbox.clara().issue_expired_client_certificate("acme").unwrap();
    let parts = || [issued.certificate_pem().as_bytes(), issued.key_pem().leak().as_bytes()];
    let error = Identity::from_pem(parts()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    // Two days ago it was good: loaded then, it is the server's to refuse.
    let then = now() - Duration::from_secs(2 * 24 * 60 * 60);
    let loaded = Identity::from_pem_at(parts(), then).unwrap();
    let refused =
        refusal_by_server(&sandbox, transport(Tls::builder(sandbox.trust()).with_identity(loaded))).await;
    assert!(refused.to_string().contains("expired"), "{refused}");
    error
}

async fn key_of_another() -> Error {
    let sandbox = ClaraSandbox::start().await;
    let other = sandbox.clara().issue_client_certificate("other").unwrap();
    let certificate = sandbox.clara().identity().certificate_pem();
    let error = Identity::from_pem([certificate.as_bytes(), other.key_pem().as_bytes()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    error
}

async fn server_of_unknown_authority() -> Error {
    let sandbox = ClaraSandbox::start().await;
    let foreign = Trust::given([sandbox.clara().client_ca_pem().as_bytes()]).unwrap();
    let service = transport(Tls::builder(foreign).with_identity(sandbox.identity()));
    let error = refusal(&sandbox, service).await;
    assert_eq!(error.kind(), ErrorKind::Tls);
    error
}

async fn server_of_another_name() -> Error {
    // The server's certificate is for 127.0.0.1 and localhost.
    let elsewhere = Options::new().with_listen("127.0.0.2:0".parse().unwrap());
    let sandbox = ClaraSandbox::start_with(elsewhere).await;
    let error = refusal(&sandbox, sandbox.client()).await;
    assert_eq!(error.kind(), ErrorKind::Tls);
    error
}

#[tokio::test]
async fn each_mistake_has_its_own_words_and_advice() {
    let mistakes = [
        (without_certificate().await, "demands a client certificate"),
        (from_a_foreign_authority().await, "does not know the authority of the client certificate"),
        (expired().await, "expired"),
        (key_of_another().await, "belongs to another certificate"),
        (server_of_unknown_authority().await, "from an authority that is not trusted"),
        (server_of_another_name().await, "for another name"),
    ];
    for (index, (error, words)) in mistakes.iter().enumerate() {
        let text = words_of(error);
        assert!(text.contains(words), "{words} in {text}");
        let others = mistakes.iter().skip(index + 1);
        assert!(others.map(|(other, _)| words_of(other)).all(|other| other != text), "{text} twice");
        assert!(!error.is_transient(), "{text}");
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused_with_its_dates() {
    let error = expired().await;
    let yesterday = now() - Duration::from_secs(24 * 60 * 60);
    let subject = error.subject().unwrap().to_owned();
    assert!(subject.contains("valid until"), "{subject}");
    let year = 1970 + yesterday.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 31_556_952;
    assert!(subject.contains(&year.to_string()), "{subject}");
}

#[tokio::test]
async fn the_key_forms_of_rfc_5915_and_rfc_5958_are_the_same_identity() {
    let sandbox = ClaraSandbox::start().await;
    let issued = sandbox.clara().identity();
    let sec1 =
        Identity::from_pem([issued.key_sec1_pem().as_bytes(), issued.certificate_pem().as_bytes()]).unwrap();
    assert_eq!(sec1.thumbprint(), sandbox.identity().thumbprint());
    let clara = sandbox.clara();
    let config = sandbox.config_of(clara.client_id(), clara.client_secret(), sec1);
    let (status, _) = send(&Client::new(&config).unwrap(), get(TRANSACTIONS)).await.unwrap();
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_is_not_good_over_another_certificate() {
    let sandbox = ClaraSandbox::start().await;
    let other = identity(&sandbox.clara().issue_client_certificate("other").unwrap());
    let others = transport(Tls::builder(sandbox.trust()).with_identity(other));
    // The token is fetched with our certificate, and used with the other.
    let service = ClaraLayer::new(&sandbox.config(), sandbox.transport()).unwrap().layer(others);
    let (status, body) = send(&service, get(&sandbox.url(TRANSACTIONS))).await.unwrap();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(body["message"].as_str().unwrap().contains("bound to another certificate"), "{body}");
}

#[tokio::test]
async fn a_bound_token_is_not_even_sent_over_another_certificate() {
    let sandbox = ClaraSandbox::start().await;
    let source = || sandbox.source().with_binding(sandbox.identity().thumbprint());
    let origin = || Origin::https(&sandbox.clara().api_url()).unwrap();
    let other = identity(&sandbox.clara().issue_client_certificate("other").unwrap());
    let others = transport(Tls::builder(sandbox.trust()).with_identity(other));

    let layer = AuthorizationLayer::new(TokenCache::new(source()), origin()).with_identity(others.clone());
    let error = send(&layer.layer(others.clone()), get(&sandbox.url(TRANSACTIONS))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientCertificate);
    assert_eq!(sandbox.journal().api_requests(), 0, "refused before anything is sent");

    let layer = AuthorizationLayer::new(TokenCache::new(source()), origin());
    let error = send(&layer.layer(others), get(&sandbox.url(TRANSACTIONS))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientCertificate, "who cannot tell does not send");
    assert_eq!(sandbox.journal().api_requests(), 0);

    let own = sandbox.transport();
    let layer = AuthorizationLayer::new(TokenCache::new(source()), origin()).with_identity(own.clone());
    let (status, _) = send(&layer.layer(own), get(&sandbox.url(TRANSACTIONS))).await.unwrap();
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn two_identities_share_no_connection() {
    let sandbox = ClaraSandbox::start().await;
    let other = identity(&sandbox.clara().issue_client_certificate("other").unwrap());
    let others = transport(Tls::builder(sandbox.trust()).with_identity(other.clone()));
    for client in [sandbox.transport(), others.clone(), sandbox.transport(), others] {
        send(&client, get(&sandbox.url("/"))).await.unwrap();
    }
    let seen: Vec<_> =
        sandbox.journal().entries().into_iter().map(|entry| entry.peer.thumbprint.unwrap()).collect();
    let (ours, other) = (sandbox.identity().thumbprint().to_string(), other.thumbprint().to_string());
    assert_eq!(seen, [ours.clone(), other.clone(), ours, other]);
}

/// The words of an error and of what caused it, without names and numbers, which differ anyhow.
fn words_of(error: &Error) -> String {
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let texts: Vec<String> =
        chain.map(|error| error.to_string().split(" (").next().unwrap_or_default().to_owned()).collect();
    texts.join(": ")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the certificates of the sandbox are dated by the system's clock"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
