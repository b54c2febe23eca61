use std::sync::Mutex;

use bytes::Bytes;
use claviger_mtls::{Tls, Trust};
use http_body_util::Empty;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tower::ServiceExt;

use super::*;
use crate::Client;

/// A proxy that answers every request for a tunnel with `answer`, and what it was asked.
async fn proxy(answer: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut lines = BufReader::new(&mut stream).lines();
            while let Some(line) = lines.next_line().await.unwrap().filter(|line| !line.is_empty()) {
                seen.lock().unwrap().push(line);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

fn client(proxies: Proxies) -> Client<Empty<Bytes>> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = parameters.self_signed(&key).unwrap().pem();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls =
        Tls::builder(Trust::given([ca.as_bytes()]).unwrap()).with_crypto_provider(provider).build().unwrap();
    Client::builder(tls).with_loopback_http().with_proxies(proxies).build()
}

async fn error(client: Client<Empty<Bytes>>, uri: &str) -> Error {
    let request = http::Request::get(uri).body(Empty::new()).unwrap();
    Error::find(&*client.oneshot(request).await.unwrap_err()).unwrap().clone()
}

/// The error and all its causes.
fn chain(error: &Error) -> String {
    let first: &(dyn std::error::Error + 'static) = error;
    let chain = std::iter::successors(Some(first), |error| error.source());
    chain.map(|error| format!("{error} {error:?}")).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn asks_the_proxy_for_a_tunnel_with_its_password() {
    let (address, asked) = proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let proxies = Proxies::new(&format!("http://Aladdin:open%20sesame@{address}"), "").unwrap();
    let error = error(client(proxies), "https://api.example/").await;
    let asked = asked.lock().unwrap().join("\n");
    assert!(asked.starts_with("CONNECT api.example:443 HTTP/1.1"), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "{asked}");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.subject(), Some(&*format!("proxy {address}")));
    let told = chain(&error);
    assert!(told.starts_with("the proxy asks for a user and a password"), "{told}");
    assert!(error.advice().contains("user:password@"), "{}", error.advice());
    assert!(!told.contains("sesame") && !told.contains("QWxh"), "{told}");
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_not_there_is_named() {
    let (address, _) = proxy("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    for (address, words) in [(address, "refused the connection"), (gone, "cannot be reached")] {
        let error = error(client(Proxies::new(&address, "").unwrap()), "https://api.example/").await;
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_eq!(error.subject(), Some(&*format!("proxy {address}")));
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_hangs_is_named() {
    // It takes connections, and nobody speaks.
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = hanging.local_addr().unwrap();
    let error = error(client(Proxies::new(&address.to_string(), "").unwrap()), "https://api.example/").await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    let told = format!("no connection within the time allowed (proxy {address}, for api.example)");
    assert_eq!(error.to_string(), told);
    assert!(error.advice().contains("NO_PROXY"), "{}", error.advice());
}

#[tokio::test]
async fn plain_http_to_this_machine_never_goes_through_it() {
    let (address, asked) = proxy("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let (api, _) = proxy("HTTP/1.1 204 No Content\r\n\r\n").await;
    let request = http::Request::get(format!("http://{api}/")).body(Empty::new()).unwrap();
    let response = client(Proxies::new(&address, "").unwrap()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 204);
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn hosts_domains_and_networks_are_reached_without_it() {
    let proxies =
        Proxies::new("proxy.example:3128", "localhost, .internal.example,10.0.0.0/8,127.0.0.1").unwrap();
    let through = |uri: &str| proxies.proxy_for(&uri.parse().unwrap());
    assert_eq!(through("https://api.example/"), Some("proxy.example:3128".to_owned()));
    for straight in [
        "https://localhost:8443/",
        "https://internal.example/",
        "https://a.internal.example/",
        "https://10.1.2.3/",
        "https://127.0.0.1/",
        "http://api.example/",
    ] {
        assert_eq!(through(straight), None, "{straight}");
    }
    let none = Proxies::new("proxy.example", "*").unwrap();
    for straight in ["https://api.example/", "https://127.0.0.1/", "https://[::1]/"] {
        assert_eq!(none.proxy_for(&straight.parse().unwrap()), None, "{straight}");
    }
}

#[test]
fn refuses_what_is_no_proxy_and_does_not_repeat_it() {
    for bad in
        ["", "https://proxy.example", "socks5://u:swordfish@proxy.example", "http://", "a b", "ftp://x"]
    {
        let error = Proxies::new(bad, "").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{bad}");
        assert!(!format!("{error:?}").contains("swordfish"));
    }
    assert!(
        !format!("{:?}", Proxies::new("http://u:swordfish@proxy.example", "").unwrap()).contains("swordfish")
    );
}
