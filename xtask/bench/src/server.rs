//! The server of the measurements end to end: a process of its own, TLS 1.3, HTTP/1.1 and HTTP/2.

use std::{
    convert::Infallible,
    env,
    io::{BufRead, BufReader, Read, Write, stdin, stdout},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower::BoxError;

/// A server, until it is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub origin: String,
    /// What it shows.
    pub certificate: CertificateDer<'static>,
}

impl Server {
    /// Starts it.
    pub fn start() -> Result<Self, BoxError> {
        let mut command = Command::new(env::current_exe()?);
        let mut child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut port = String::new();
        output.read_line(&mut port)?;
        // The certificate on one line, in hexadecimal.
        let mut hex = String::new();
        output.read_line(&mut hex)?;
        let bytes = hex.trim().as_bytes().chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|_| "no certificate")?;
            u8::from_str_radix(pair, 16).map_err(|_| "no certificate")
        });
        let certificate = CertificateDer::from(bytes.collect::<Result<Vec<u8>, _>>()?);
        Ok(Self { child, origin: format!("https://localhost:{}", port.trim()), certificate })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the process does: tells its port and certificate, and serves until its input is closed.
pub fn serve() -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Whoever started it may be gone without a word.
    thread::spawn(|| {
        let _ = stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    runtime.block_on(accept())
}

async fn accept() -> Result<(), BoxError> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let hex: String = own.cert.der().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{}\n{hex}", listener.local_addr()?.port());
    stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let connection = auto::Builder::new(TokioExecutor::new());
            let _ = connection.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"ok"))))
}
