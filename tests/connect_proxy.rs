//! A proxy that makes tunnels (`CONNECT`, RFC 9110 §9.3.6) and remembers all that it saw.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use claviger_client::Proxies;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// It connects to one server, whatever it is asked for: a client that goes around it finds nobody.
pub(crate) struct ConnectProxy {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    accepting: JoinHandle<()>,
}

/// What somebody who runs the proxy can know.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// The heads of the requests for a tunnel.
    pub(crate) heads: Vec<String>,
    /// What went either way through the tunnels.
    pub(crate) bytes: Vec<u8>,
}

impl ConnectProxy {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let accepting = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                loop {
                    let (client, _) = listener.accept().await.unwrap();
                    tokio::spawn(serve(client, server, Arc::clone(&seen)));
                }
            }
        });
        Self { address, seen, accepting }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// What our side takes for `HTTPS_PROXY`, with what it takes for `NO_PROXY`.
    pub(crate) fn proxies(&self, no_proxy: &str) -> Proxies {
        Proxies::new(&format!("http://{}", self.address), no_proxy).unwrap()
    }

    pub(crate) fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Seen {
    pub(crate) fn contains(&self, wanted: impl AsRef<[u8]>) -> bool {
        let wanted = wanted.as_ref();
        self.bytes.windows(wanted.len()).any(|window| window == wanted)
    }
}

async fn serve(mut client: TcpStream, server: SocketAddr, seen: Arc<Mutex<Seen>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    lock(&seen).heads.push(String::from_utf8(head).unwrap());
    let server = TcpStream::connect(server).await.unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    tokio::join!(copy(client_reads, server_writes, &seen), copy(server_reads, client_writes, &seen));
}

/// Passes on, until one of them ends: that is no matter of the proxy's.
async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, seen: &Mutex<Seen>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        lock(seen).bytes.extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
