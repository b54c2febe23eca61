use rustls::pki_types::ServerName;
use rustls::{ClientConfig, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;
use tokio_rustls::client;

use super::*;
use crate::fault::{Fault, Target, Times};
use crate::sandbox::{Options, Sandbox};

fn connector(
    sandbox: &Sandbox,
    identity: Option<&Identity>,
    version: &'static SupportedProtocolVersion,
) -> TlsConnector {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(sandbox.ca_pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        Some(identity) => {
            builder.with_client_auth_cert(vec![identity.certificate()], identity.private_key()).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    Arc::new(config).into()
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
        (&TLS12, Some(&expired), "CertificateExpired"),
        (&TLS12, Some(&foreign), "UnknownCA"),
    ] {
        let error = exchange(&sandbox, &connector(&sandbox, identity, version)).await.unwrap_err();
        assert!(error.to_string().contains(alert), "{error} is not {alert}");
    }
    // In TLS 1.2 there is no alert of that name.
    assert!(exchange(&sandbox, &connector(&sandbox, None, &TLS12)).await.is_err());
    clara.journal().wait_for_failed_handshakes(6).await;
    assert_eq!(clara.journal().entries().len(), 0);
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
