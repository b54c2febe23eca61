//! Requests over real connections on the loopback interface.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};
use claviger_mtls::{Identity, Trust};
use http::{StatusCode, Version, header::LOCATION};
use http_body_util::{BodyExt, Full};
use hyper::{server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    pki_types::PrivateKeyDer,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::*;

mod cold;
mod refused;
mod rotation;

const HTTP_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";

/// One authority for both sides, and a server that demands a client certificate.
struct Stage {
    authority: CertifiedIssuer<'static, KeyPair>,
    version: &'static SupportedProtocolVersion,
    protocol: &'static [u8],
}

impl Stage {
    fn new(version: &'static SupportedProtocolVersion, protocol: &'static [u8]) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { authority, version, protocol }
    }

    fn tls(&self) -> claviger_mtls::TlsBuilder {
        let trust = Trust::given([self.authority.pem().as_bytes()]).unwrap();
        Tls::builder(trust).with_crypto_provider(provider())
    }

    fn identity(&self) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client".into()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap().pem();
        Identity::builder()
            .with_crypto_provider(provider())
            .with_pem("client.crt", certificate.as_bytes())
            .with_pem("client.key", key.serialize_pem().as_bytes())
            .build()
            .unwrap()
    }

    /// What a server is set up with that demands a client certificate.
    fn demanding(&self) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        self.server_config(
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap(),
        )
    }

    /// What a server is set up with that asks for none.
    fn lenient(&self) -> ServerConfig {
        self.server_config(WebPkiClientVerifier::no_client_auth())
    }

    fn server_config(&self, verifier: Arc<dyn ClientCertVerifier>) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[self.version])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        config.alpn_protocols = vec![self.protocol.to_vec()];
        config
    }

    /// Serves [`echo`], and counts the connections.
    async fn serve(&self) -> (SocketAddr, Arc<AtomicUsize>) {
        let (acceptor, protocol) = (TlsAcceptor::from(Arc::new(self.demanding())), self.protocol);
        serve(move |tcp| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(tls) = acceptor.accept(tcp).await else { return };
                let (io, echo) = (TokioIo::new(tls), service_fn(echo));
                if protocol == HTTP_2 {
                    let _ = conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, echo).await;
                } else {
                    let _ = conn::http1::Builder::new().serve_connection(io, echo).await;
                }
            }
        })
        .await
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

async fn serve<F: Future<Output = ()> + Send + 'static>(
    answer: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let tcp = listener.accept().await.unwrap().0;
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(answer(tcp));
        }
    });
    (address, count)
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let moved = request.uri().path() == "/moved";
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let response = Response::new(Full::new(body));
    Ok(if moved { elsewhere(response) } else { response })
}

fn elsewhere(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, "/".parse().unwrap());
    response
}

fn request(uri: &str) -> Request<Full<Bytes>> {
    Request::post(uri).body(Full::from("hello")).unwrap()
}

fn https(address: SocketAddr, path: &str) -> String {
    format!("https://localhost:{}{path}", address.port())
}

async fn refusal(client: Client<Full<Bytes>>, uri: &str) -> Error {
    let error = client.oneshot(request(uri)).await.expect_err("it should have been refused");
    Error::find(&*error).unwrap_or_else(|| panic!("not one of ours: {error:?}")).clone()
}

fn any_client() -> ClientBuilder<Full<Bytes>> {
    Client::builder(Stage::new(&TLS13, HTTP_1).tls().build().unwrap())
}

#[tokio::test]
async fn sends_over_http_1_and_http_2_and_keeps_the_connection() {
    for (protocol, version) in [(HTTP_1, Version::HTTP_11), (HTTP_2, Version::HTTP_2)] {
        let stage = Stage::new(&TLS13, protocol);
        let (address, connections) = stage.serve().await;
        let client = Client::builder(stage.tls().with_identity(stage.identity()).build().unwrap()).build();
        for _ in 0..3 {
            let response = client.clone().oneshot(request(&https(address, "/"))).await.unwrap();
            assert_eq!(response.version(), version);
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
        }
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn a_missing_client_certificate_is_told_over_every_version_and_protocol() {
    for version in [&TLS12, &TLS13] {
        for protocol in [HTTP_1, HTTP_2] {
            let stage = Stage::new(version, protocol);
            let (address, _) = stage.serve().await;
            let client = Client::builder(stage.tls().build().unwrap()).build();
            let error = refusal(client, &https(address, "/")).await;
            assert_eq!(error.kind(), ErrorKind::ClientCertificate, "{version:?} {protocol:?} {error:?}");
            assert_eq!(error.subject(), Some(&*format!("localhost:{}", address.port())));
        }
    }
}

#[tokio::test]
async fn follows_no_redirect() {
    let stage = Stage::new(&TLS13, HTTP_1);
    let (address, _) = stage.serve().await;
    let client = Client::builder(stage.tls().with_identity(stage.identity()).build().unwrap()).build();
    let response = client.oneshot(request(&https(address, "/moved"))).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn refuses_what_names_no_https_host_before_anything_is_sent() {
    let client = any_client().build();
    for uri in
        ["/relative", "localhost:443", "http://localhost/", "ftp://localhost/", "https://u:p@localhost/"]
    {
        let error = refusal(client.clone(), uri).await;
        assert_eq!(error.kind(), ErrorKind::Configuration, "{uri}");
    }
}

#[tokio::test]
async fn speaks_plain_http_to_this_machine_when_asked_to() {
    let (address, _) = serve(|tcp| async move {
        let _ = conn::http1::Builder::new().serve_connection(TokioIo::new(tcp), service_fn(echo)).await;
    })
    .await;
    let uri = format!("http://127.0.0.1:{}/", address.port());
    let response = any_client().with_loopback_http().build().oneshot(request(&uri)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(refusal(any_client().build(), &uri).await.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn tells_what_is_no_http_from_a_server_that_hangs_up() {
    let cases = [
        (&b"no HTTP at all\r\n\r\n"[..], ErrorKind::Protocol, "the server's answer is not HTTP"),
        (b"", ErrorKind::Connect, "the server hung up before it answered"),
    ];
    for (answer, kind, text) in cases {
        let (address, _) = serve(move |mut tcp| async move {
            // All of the request is read: else the system resets the connection.
            let mut seen = Vec::new();
            while !seen.ends_with(b"hello") {
                seen.push(tcp.read_u8().await.unwrap());
            }
            tcp.write_all(answer).await.unwrap();
        })
        .await;
        let uri = format!("http://127.0.0.1:{}/", address.port());
        let error = refusal(any_client().with_loopback_http().build(), &uri).await;
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(error.to_string(), format!("{text} ({})", uri.trim_end_matches('/')));
    }
}

/// A server may echo what it was sent in the debug data of a GOAWAY (RFC 9113 §6.8).
#[tokio::test]
async fn no_word_of_a_server_gets_into_an_error() {
    let stage = Stage::new(&TLS13, HTTP_2);
    let acceptor = TlsAcceptor::from(Arc::new(stage.lenient()));
    let (address, _) = serve(move |tcp| {
        let acceptor = acceptor.clone();
        async move {
            let mut tls = acceptor.accept(tcp).await.unwrap();
            let mut preface = [0; 24];
            tls.read_exact(&mut preface).await.unwrap();
            let words = b"you sent swordfish";
            let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
            let go_away = [0, 0, 8 + words.len() as u8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11];
            tls.write_all(&[&settings[..], &go_away, words].concat()).await.unwrap();
            // Up to the client's end, so that nothing is reset.
            let _ = tls.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    let client = Client::builder(stage.tls().build().unwrap()).build();
    let error = refusal(client, &format!("https://localhost:{}/", address.port())).await;
    let first: &(dyn std::error::Error + 'static) = &error;
    let chain = std::iter::successors(Some(first), |error| error.source());
    let told: String = chain.map(|error| format!("{error} {error:?}")).collect();
    assert!(!told.contains("swordfish") && !told.contains("you sent"), "{told}");
    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = refusal(any_client().build(), &https(address, "/")).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.to_string(), format!("the connection was refused (localhost:{})", address.port()));
}

#[tokio::test]
async fn refuses_an_http_version_that_nobody_speaks() {
    let mut request = request("https://localhost/");
    *request.version_mut() = Version::HTTP_3;
    let error = any_client().build().oneshot(request).await.unwrap_err();
    assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Configuration);
}

#[tokio::test(start_paused = true)]
async fn gives_up_on_a_server_that_accepts_and_never_speaks() {
    let (address, _) = serve(|mut tcp| async move {
        let _ = tcp.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let start = tokio::time::Instant::now();
    let client = any_client().with_connect_timeout(Duration::from_secs(3)).build();
    let error = refusal(client, &https(address, "/")).await;
    assert_eq!(start.elapsed().as_secs(), 3);
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().starts_with("no connection within the time allowed"), "{error}");
}

#[test]
fn shows_and_publishes_who_it_is() {
    let stage = Stage::new(&TLS13, HTTP_1);
    let identity = stage.identity();
    let client: Client<Full<Bytes>> =
        Client::builder(stage.tls().with_identity(identity.clone()).build().unwrap()).build();
    assert_eq!(client.thumbprint(), Some(identity.thumbprint()));
    assert!(format!("{client:?}").contains(&identity.thumbprint().to_string()));
}

#[test]
fn keeps_its_auto_traits() {
    fn check<T: Clone + Send + Sync + Unpin + 'static>() {}
    fn check_future<T: Send>() {}
    check::<Client<Full<Bytes>>>();
    check_future::<ResponseFuture>();
}
