//! Another identity while sessions could be resumed, as the server sees it.

use claviger_auth_core::PublishIdentity;
use rustls::{HandshakeKind, pki_types::ServerName};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsConnector;

use super::*;

/// A server that says which certificate it saw, and how the handshake went.
async fn witness(clients: &Authority, pair: &Pair, version: &'static SupportedProtocolVersion) -> SocketAddr {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(clients.pem().as_bytes()).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    serve(move |tcp| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(tcp).await.unwrap();
            stream.read_exact(&mut [0; 2]).await.unwrap();
            let tls = stream.get_ref().1;
            let certificate = Sha256::digest(&tls.peer_certificates().unwrap()[0]);
            let seen = certificate.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let how = if tls.handshake_kind() == Some(HandshakeKind::Resumed) { "resumed" } else { "full" };
            stream.write_all(format!("{seen} {how}").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    })
    .await
}

/// Connects with a configuration that was given away for good.
async fn ask(config: &Arc<ClientConfig>, address: SocketAddr) -> String {
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await.unwrap();
    stream.write_all(b"hi").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn no_handshake_shows_the_old_identity_once_it_was_replaced() {
    for version in BOTH {
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        let address = witness(&clients, &servers.issue("localhost"), version).await;
        let (old, new) = (clients.issue("old").identity(), clients.issue("new").identity());
        let [first, second] = [&old, &new].map(|identity| identity.thumbprint().to_string());
        let tls = servers.tls().with_identity(old).build().unwrap();
        let owned = Arc::new(tls.owned_client_config());
        let sessions = async || {
            let ours = converse(tls.clone(), &https(address)).await.unwrap().0;
            (ours, ask(&owned, address).await)
        };

        assert_eq!(sessions().await, (format!("{first} full"), format!("{first} full")));
        let (ours, theirs) = sessions().await;
        assert_eq!(ours, format!("{first} resumed"), "there was a session to be resumed");
        assert_eq!(theirs, format!("{first} full"));

        tls.replace_identity(new).unwrap();
        assert_eq!(PublishIdentity::thumbprint(&tls).unwrap().to_string(), second);
        assert_eq!(sessions().await, (format!("{second} full"), format!("{second} full")));
        let (ours, theirs) = sessions().await;
        assert_eq!(ours, format!("{second} resumed"), "resumption goes on, with the new one");
        assert_eq!(theirs, format!("{second} full"));
    }
}

#[test]
fn a_key_that_cannot_be_used_leaves_the_old_identity() {
    #[derive(Debug)]
    struct Once(std::sync::atomic::AtomicBool);
    impl rustls::crypto::KeyProvider for Once {
        fn load_private_key(
            &self,
            key: PrivateKeyDer<'static>,
        ) -> Result<Arc<dyn rustls::sign::SigningKey>, rustls::Error> {
            if self.0.swap(true, std::sync::atomic::Ordering::Relaxed) {
                return Err(rustls::Error::General("swordfish".into()));
            }
            provider().key_provider.load_private_key(key)
        }
    }
    static ONCE: Once = Once(std::sync::atomic::AtomicBool::new(false));
    let authority = Authority::new("authority");
    let once = rustls::crypto::CryptoProvider { key_provider: &ONCE, ..Arc::unwrap_or_clone(provider()) };
    let old = authority.issue("old").identity();
    let tls = Tls::builder(authority.trust())
        .with_identity(old.clone())
        .with_crypto_provider(Arc::new(once))
        .build()
        .unwrap();
    let error = tls.replace_identity(authority.issue("new").identity()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!format!("{error:?}").contains("swordfish"));
    assert_eq!(tls.thumbprint(), Some(old.thumbprint()));
}
