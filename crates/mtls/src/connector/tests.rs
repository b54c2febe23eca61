//! Handshakes with a real server on the loopback interface.

use std::{io, net::SocketAddr, sync::Arc};

use claviger_auth_core::ErrorKind;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{
    Identity,
    fixture::{Authority, Pair, provider},
};

mod alerts;
mod certificates;
mod rotation;

type Plain = TokioIo<MtlsStream<TokioIo<TcpStream>>>;

const BOTH_PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];
const BOTH: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A server that says "hello" once it has read "hi".
struct Server {
    authority: Authority,
    clients: Authority,
    pair: Pair,
    version: &'static SupportedProtocolVersion,
    protocols: &'static [&'static [u8]],
    asks: Asks,
}

#[derive(Clone, Copy, PartialEq)]
enum Asks {
    AndHangsUp,
    Demands,
    Nothing,
}

impl Server {
    fn new(version: &'static SupportedProtocolVersion) -> Self {
        let authority = Authority::new("server authority");
        let pair = authority.issue("localhost");
        let clients = Authority::new("client authority");
        Self { authority, clients, pair, version, protocols: BOTH_PROTOCOLS, asks: Asks::Demands }
    }

    async fn listen(&self) -> SocketAddr {
        let provider = provider();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.clients.pem().as_bytes()).unwrap()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let builder =
            ServerConfig::builder_with_provider(provider).with_protocol_versions(&[self.version]).unwrap();
        let builder = match self.asks {
            Asks::Demands => builder.with_client_cert_verifier(verifier.build().unwrap()),
            Asks::AndHangsUp => {
                builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
            }
            Asks::Nothing => builder.with_no_client_auth(),
        };
        let chain = vec![CertificateDer::from_pem_slice(self.pair.certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(self.pair.key.as_bytes()).unwrap();
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = self.protocols.iter().map(|name| name.to_vec()).collect();
        let hangs_up = self.asks == Asks::AndHangsUp;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        serve(move |tcp| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(tcp).await else { return };
                if hangs_up {
                    return;
                }
                let mut hi = [0; 2];
                if stream.read_exact(&mut hi).await.is_ok() {
                    stream.write_all(b"hello").await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            }
        })
        .await
    }
}

async fn serve<F: Future<Output = ()> + Send>(
    answer: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            answer(listener.accept().await.unwrap().0).await;
        }
    });
    address
}

async fn connect(layer: MtlsLayer, uri: &str) -> Result<Plain, BoxError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let mut connector = layer.layer(tcp);
    std::future::poll_fn(|cx| connector.poll_ready(cx)).await?;
    connector.call(uri.parse().unwrap()).await.map(TokioIo::new)
}

/// Connects and waits for the answer; only then has a TLS 1.3 server said what it thinks.
async fn converse(tls: Tls, uri: &str) -> Result<(String, bool), BoxError> {
    let mut stream = connect(MtlsLayer::new(tls), uri).await?;
    stream.write_all(b"hi").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok((answer, stream.inner().connected().is_negotiated_h2()))
}

async fn refusal(tls: Tls, uri: &str) -> Error {
    let error = converse(tls, uri).await.expect_err("it should have been refused");
    Error::find(&*error).unwrap_or_else(|| panic!("not one of ours: {error:?}")).clone()
}

fn https(address: SocketAddr) -> String {
    format!("https://localhost:{}", address.port())
}

fn told(error: &Error, address: SocketAddr) -> String {
    let subject = format!(" (localhost:{})", address.port());
    error.to_string().strip_suffix(&subject).unwrap_or_else(|| panic!("{error}")).to_owned()
}

#[tokio::test]
async fn mutual_tls_works_over_each_version_and_protocol() {
    for version in BOTH {
        for (protocols, h2) in [(BOTH_PROTOCOLS, true), (&BOTH_PROTOCOLS[1..], false)] {
            let server = Server { protocols, ..Server::new(version) };
            let address = server.listen().await;
            let identity = server.clients.issue("client").identity();
            let tls = server.authority.tls().with_identity(identity).build().unwrap();
            let (answer, negotiated_h2) = converse(tls, &https(address)).await.unwrap();
            assert_eq!((&*answer, negotiated_h2), ("hello", h2));
        }
    }
}

#[tokio::test]
async fn http_2_alone_is_offered_and_wanted_where_it_is_asked_for() {
    const HTTP_1_FIRST: &[&[u8]] = &[b"http/1.1", b"h2"];
    for (protocols, refused) in [
        (HTTP_1_FIRST, None),
        (&HTTP_1_FIRST[..1], Some("the server takes no version of HTTP that it was offered over TLS")),
        (&[], Some("the server does not speak HTTP/2 over TLS")),
    ] {
        let server = Server { asks: Asks::Nothing, protocols, ..Server::new(&TLS13) };
        let address = server.listen().await;
        let layer = MtlsLayer::new(server.authority.tls().build().unwrap()).with_http2_only();
        match (connect(layer, &https(address)).await, refused) {
            (Ok(stream), None) => assert!(stream.inner().connected().is_negotiated_h2()),
            (Err(error), Some(text)) => {
                let error = Error::find(&*error).unwrap();
                assert_eq!((error.kind(), &*told(error, address)), (ErrorKind::Tls, text));
            }
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_of_another_protocol_is_offered_none_where_it_is_asked_for() {
    let server = Server { asks: Asks::Nothing, protocols: &[b"mqtt"], ..Server::new(&TLS13) };
    let address = server.listen().await;
    let layer = MtlsLayer::new(server.authority.tls().build().unwrap());
    let error = connect(layer.clone(), &https(address)).await.unwrap_err();
    assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Tls);
    connect(layer.with_no_protocol(), &https(address)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_speaks_plain_http_is_told_as_such() {
    let address = serve(|mut tcp| async move {
        let _ = tcp.read(&mut [0; 1]).await;
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = tcp.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let error = refusal(Authority::new("any").tls().build().unwrap(), &https(address)).await;
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert_eq!(told(&error, address), "the server does not speak TLS on this port");
}

#[tokio::test]
async fn a_server_that_hangs_up_is_told_as_such() {
    let address = serve(|tcp| async move { drop(tcp) }).await;
    let error = refusal(Authority::new("any").tls().build().unwrap(), &https(address)).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(told(&error, address), "the server hung up before it answered");
    assert!(error.advice().contains("client certificate"), "{}", error.advice());
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_and_hangs_up_is_told_from_one_that_does_not_ask() {
    for version in BOTH {
        let server = Server { asks: Asks::AndHangsUp, ..Server::new(version) };
        let address = server.listen().await;
        let error = refusal(server.authority.tls().build().unwrap(), &https(address)).await;
        assert_eq!(error.kind(), ErrorKind::ClientCertificate, "{error:?}");
        assert_eq!(
            told(&error, address),
            "the server asked for a client certificate, and hung up when there was none"
        );
        let identity = server.clients.issue("client").identity();
        let tls = server.authority.tls().with_identity(identity).build().unwrap();
        let error = refusal(tls, &https(address)).await;
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        // Only TLS 1.2 tells whether a certificate was accepted.
        let text = if version == &TLS12 {
            "the server hung up before it answered"
        } else {
            "the server hung up after it was shown the client certificate"
        };
        assert_eq!(told(&error, address), text);
    }
}

#[tokio::test]
async fn an_alert_in_the_place_of_the_first_answer_is_told() {
    let of = |number: u8| match number {
        42 => "the server says that the client certificate is bad",
        44 => "the server says that the client certificate was revoked",
        45 => "the server says that the client certificate expired",
        48 => "the server does not know the authority of the client certificate",
        49 => "the server knows the client certificate and denies it access",
        70 => "the server speaks neither TLS 1.2 nor 1.3",
        116 => "the server demands a client certificate",
        _ => "the server does not know this host name",
    };
    for number in [42, 44, 45, 48, 49, 70, 112, 116] {
        let address = serve(move |mut tcp| async move {
            let _ = tcp.read(&mut [0; 1024]).await;
            let _ = tcp.write_all(&[21, 3, 3, 0, 2, 2, number]).await;
            let _ = tcp.read_to_end(&mut Vec::new()).await;
        })
        .await;
        let (authority, clients) = (Authority::new("any"), Authority::new("clients"));
        let tls = authority.tls().with_identity(clients.issue("client").identity()).build().unwrap();
        let error = refusal(tls, &https(address)).await;
        assert_eq!(told(&error, address), of(number));
        let is_ours = !matches!(number, 70 | 112);
        assert_eq!(error.kind() == ErrorKind::ClientCertificate, is_ours, "{error}");
    }
}

#[tokio::test]
async fn a_handshake_can_be_looked_at() {
    for (version, name) in BOTH.into_iter().zip(["TLS 1.2", "TLS 1.3"]) {
        for asks in [Asks::Demands, Asks::Nothing] {
            let server = Server { asks, ..Server::new(version) };
            let address = server.listen().await;
            let identity = server.clients.issue("client").identity();
            let tls = server.authority.tls().with_identity(identity).build().unwrap();
            let stream = connect(MtlsLayer::new(tls), &https(address)).await.unwrap();
            let mut extras = http::Extensions::new();
            stream.inner().connected().get_extras(&mut extras);
            let handshake = extras.get::<crate::ConnectionReport>().unwrap().handshake().unwrap();
            assert_eq!(
                (handshake.version(), handshake.asked_for_certificate()),
                (name, asks == Asks::Demands)
            );
            let [server] = &*handshake.server_certificates() else { panic!("not one") };
            assert_eq!((&*server.subject, &*server.issuer), ("CN=localhost", "CN=server authority"));
            assert_eq!(server.names, ["localhost"]);
        }
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = refusal(Authority::new("any").tls().build().unwrap(), &https(address)).await;
    assert_eq!((error.kind(), &*told(&error, address)), (ErrorKind::Connect, "the connection was refused"));
}

#[tokio::test]
async fn plain_http_is_for_loopback_and_by_name_only() {
    let address = serve(|mut tcp| async move { tcp.write_all(b"plain").await.unwrap() }).await;
    let layer = MtlsLayer::new(Authority::new("any").tls().build().unwrap());
    let uri = format!("http://localhost:{}", address.port());
    let error = connect(layer.clone(), &uri).await.expect_err("it was not asked for");
    assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Configuration);

    let layer = layer.with_loopback_http();
    let mut answer = String::new();
    connect(layer.clone(), &uri).await.unwrap().read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "plain");
    for elsewhere in ["http://api.example", "/relative", "ftp://localhost"] {
        let error = connect(layer.clone(), elsewhere).await.expect_err(elsewhere);
        assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Configuration, "{elsewhere}");
    }
}

#[tokio::test]
async fn the_kind_of_an_io_error_stays_and_the_failure_is_kept() {
    let server = Server::new(&TLS13);
    let address = server.listen().await;
    let layer = MtlsLayer::new(server.authority.tls().build().unwrap());
    let mut stream = connect(layer, &https(address)).await.unwrap();
    let mut extras = http::Extensions::new();
    stream.inner().connected().get_extras(&mut extras);
    let failure = extras.get::<crate::ConnectionReport>().unwrap();
    assert!(failure.error().is_none());
    let error = stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(failure.error().unwrap().to_string(), Error::find(&error).unwrap().to_string());
    assert_eq!(
        told(failure.error().unwrap(), address),
        "the server demands a client certificate",
        "nothing was written, so nothing could race the alert"
    );
}
