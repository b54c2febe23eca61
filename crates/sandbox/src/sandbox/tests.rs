use std::io;
use std::sync::Arc;

use claviger_sandbox_stage::{Fault, Identity, Peer, Target, Times};
use http::Request;
use http_body_util::Empty;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn connector(
    sandbox: &Sandbox,
    identity: Option<&Identity>,
    version: &'static SupportedProtocolVersion,
) -> TlsConnector {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(sandbox.ca_pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        Some(identity) => {
            let certificate = CertificateDer::from(identity.certificate_der().to_vec());
            let key = PrivatePkcs8KeyDer::from(identity.key_der());
            builder.with_client_auth_cert(vec![certificate], key.into()).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    Arc::new(config).into()
}

/// Opens an HTTP/2 connection; the task ends when it does.
async fn multiplexed(sandbox: &Sandbox) -> (SendRequest<Empty<bytes::Bytes>>, JoinHandle<()>) {
    let identity = Some(sandbox.clara().identity());
    let mut config = (**connector(sandbox, identity, &TLS13).config()).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tls = connect(sandbox, &TlsConnector::from(Arc::new(config))).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await.unwrap();
    let ended = tokio::spawn(async move {
        let _ = connection.await;
    });
    (sender, ended)
}

fn users(sandbox: &Sandbox) -> Request<Empty<bytes::Bytes>> {
    Request::get(format!("{}/api/v3/users", sandbox.clara().api_url())).body(Empty::new()).unwrap()
}

async fn connect(sandbox: &Sandbox, connector: &TlsConnector) -> io::Result<client::TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(sandbox.clara().address()).await?;
    connector.connect(ServerName::try_from("127.0.0.1").unwrap(), tcp).await
}

/// Sends one request and reads until the connection is closed.
async fn exchange(sandbox: &Sandbox, connector: &TlsConnector) -> io::Result<String> {
    let mut tls = connect(sandbox, connector).await?;
    tls.write_all(b"GET /api/v3/users HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    tls.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn sandbox() -> Sandbox {
    Sandbox::start(Options::new()).await.unwrap()
}

#[tokio::test]
async fn names_its_client_and_sees_a_resumed_session() {
    for version in [&TLS12, &TLS13] {
        let sandbox = sandbox().await;
        let identity = sandbox.clara().issue_client_certificate("somebody").unwrap();
        let connector = connector(&sandbox, Some(&identity), version);
        for _ in 0..2 {
            assert!(exchange(&sandbox, &connector).await.unwrap().starts_with("HTTP/1.1 401 "));
        }
        let peers: Vec<_> = sandbox.clara().journal().entries().into_iter().map(|entry| entry.peer).collect();
        assert_eq!(peers[0].name.as_deref(), Some("somebody"));
        assert_eq!(peers[0].thumbprint, Some(identity.thumbprint()));
        assert_eq!((peers[0].resumed, peers[1].resumed), (false, true));
        assert_eq!(peers[1].thumbprint, Some(identity.thumbprint()));
    }
}

#[tokio::test]
async fn says_in_an_alert_why_a_handshake_fails() {
    let sandbox = sandbox().await;
    let clara = sandbox.clara();
    let expired = clara.issue_expired_client_certificate("late").unwrap();
    let foreign = clara.issue_foreign_client_certificate("stranger").unwrap();
    for (version, identity, alert) in [
        (&TLS13, None, "CertificateRequired"),
        (&TLS13, Some(&expired), "CertificateExpired"),
        (&TLS13, Some(&foreign), "UnknownCA"),
        (&TLS12, None, "CertificateRequired"),
        (&TLS12, Some(&expired), "CertificateExpired"),
        (&TLS12, Some(&foreign), "UnknownCA"),
    ] {
        let error = exchange(&sandbox, &connector(&sandbox, identity, version)).await.unwrap_err();
        assert!(error.to_string().contains(alert), "{error} is not {alert}");
    }
    clara.journal().wait_for_failed_handshakes(6).await;
    assert_eq!(clara.journal().entries().len(), 0);
}

#[tokio::test]
async fn one_who_is_still_sending_sees_the_alert() {
    let sandbox = sandbox().await;
    // The handshake is over for the client before the server has looked for its certificate.
    let mut tls = connect(&sandbox, &connector(&sandbox, None, &TLS13)).await.unwrap();
    tls.write_all(&vec![b'x'; 4 * 1024 * 1024]).await.unwrap();
    let error = tls.read(&mut [0]).await.unwrap_err();
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
}

#[tokio::test]
async fn one_who_hangs_in_the_handshake_holds_up_nobody() {
    let sandbox = sandbox().await;
    let silent = TcpStream::connect(sandbox.clara().address()).await.unwrap();
    let connector = connector(&sandbox, Some(sandbox.clara().identity()), &TLS13);
    assert!(exchange(&sandbox, &connector).await.unwrap().starts_with("HTTP/1.1 401 "));
    drop(silent);
}

#[tokio::test]
async fn hangs_up_without_an_answer() {
    let sandbox = sandbox().await;
    let connector = connector(&sandbox, Some(sandbox.clara().identity()), &TLS13);
    sandbox.clara().play(Target::Api, Fault::HangUp, Times::ONCE);
    let answer = exchange(&sandbox, &connector).await.unwrap_or_default();
    assert_eq!(answer, "");
    assert_eq!(sandbox.clara().journal().entries()[0].status, None);
    assert!(exchange(&sandbox, &connector).await.unwrap().starts_with("HTTP/1.1 401 "));
}

#[tokio::test]
async fn hangs_up_on_a_whole_http2_connection() {
    let sandbox = sandbox().await;
    let (mut sender, ended) = multiplexed(&sandbox).await;
    assert_eq!(sender.send_request(users(&sandbox)).await.unwrap().status(), 401);
    sandbox.clara().play(Target::Api, Fault::HangUp, Times::ONCE);
    assert!(sender.send_request(users(&sandbox)).await.is_err());
    timeout(PATIENCE, ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn holds_a_thousand_answers_on_one_http2_connection() {
    let sandbox = sandbox().await;
    let (sender, _ended) = multiplexed(&sandbox).await;
    let hold = sandbox.clara().hold(Target::Api);
    let mut answers = JoinSet::new();
    for _ in 0..1000 {
        answers.spawn(sender.clone().send_request(users(&sandbox)));
    }
    timeout(PATIENCE, sandbox.clara().journal().wait_for_api_requests(1000)).await.unwrap();
    hold.release();
    assert!(answers.join_all().await.into_iter().all(|answer| answer.unwrap().status() == 401));
}

#[tokio::test]
async fn refuses_to_listen_beyond_loopback() {
    let error = Sandbox::start(Options::new().with_listen("0.0.0.0:0".parse().unwrap())).await.unwrap_err();
    assert!(error.to_string().contains("loopback"), "{error}");
}

#[tokio::test]
async fn is_gone_when_shut_down_or_dropped() {
    let first = sandbox().await;
    let address = first.clara().address();
    let connector = connector(&first, Some(first.clara().identity()), &TLS13);
    let mut idle = connect(&first, &connector).await.unwrap();
    first.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);

    let second = sandbox().await;
    let mut silent = TcpStream::connect(second.clara().address()).await.unwrap();
    drop(second);
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn clara_alone_asks_for_a_certificate() {
    let sandbox = sandbox().await;
    let connector = connector(&sandbox, None, &TLS13);
    let providers: [&Provider; 3] = [sandbox.clarify(), sandbox.clarus(), sandbox.clazar()];
    for provider in providers {
        let tcp = TcpStream::connect(provider.address()).await.unwrap();
        let mut tls = connector.connect(ServerName::try_from("127.0.0.1").unwrap(), tcp).await.unwrap();
        tls.write_all(b"GET /nothing HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        tls.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", provider.address());
        assert_eq!(provider.journal().entries()[0].peer, Peer::default());
    }
    assert_eq!(sandbox.clara().journal().entries().len(), 0);
    let addresses = [sandbox.clara(), providers[0], providers[1], providers[2]].map(Provider::address);
    sandbox.shutdown().await;
    for address in addresses {
        assert!(TcpStream::connect(address).await.is_err());
    }
}
