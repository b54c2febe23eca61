//! Waits on this machine for the browser to come back (RFC 8252 §7.3).

mod desk;
mod pages;

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_token_endpoint::TokenAnswer;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time,
};

use self::desk::{Desk, Outcome};
use crate::{Login, redirect_uri::RedirectUri};

/// Listens for one answer, on the loopback interface.
///
/// The port is closed when it is dropped, and when it has received. Whatever else is sent to it (other paths, methods
/// and hosts, a wrong state, too much) is answered and passed over: it neither ends a login nor holds it up.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Debug)]
pub struct Receiver {
    listener: TcpListener,
    address: SocketAddr,
    path: String,
    redirect_uri: String,
}

impl Receiver {
    pub(crate) async fn bind(redirect_uri: &RedirectUri) -> Result<Self, Error> {
        let wanted = redirect_uri.address()?;
        let taken = |error: std::io::Error| {
            Error::new(ErrorKind::Configuration, "cannot listen for the browser to come back")
                .with_subject(wanted.to_string())
                .with_source(error)
                .with_advice("end what else listens there, or register a redirect URI without a port")
        };
        let listener = TcpListener::bind(wanted).await.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let path = redirect_uri.path().to_owned();
        Ok(Self { listener, address, path, redirect_uri: redirect_uri.at(address) })
    }

    /// Returns where the browser is to be sent back to, with the port.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the answer to this login, makes tokens of it, has them kept, and only then shows in the browser
    /// whether that worked.
    ///
    /// The answer is taken out of the address bar at once, by a redirect to a page without parameters. The port is
    /// open for up to 3 s more, until the browser has that page.
    ///
    /// # Errors
    ///
    /// - [`Timeout`](ErrorKind::Timeout): nobody came back `within` that time.
    /// - those of [`Login::accept_redirect`], and those of `keep`.
    ///
    /// # Panics
    ///
    /// Panics where there is no tokio runtime with I/O and time enabled.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped the port is closed; the login can go on by [`Login::accept_redirect`].
    pub async fn receive<T>(
        self,
        login: &Login,
        within: Duration,
        keep: impl AsyncFnOnce(TokenAnswer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (desk, mut answer) = Desk::new(login.expected(), self.address, &self.path);
        let mut connections = Connections::default();
        let coming = self.serve(&desk, &mut connections, answer.recv());
        // The desk has the other end, so that there always is one.
        let Ok(Some(code)) = time::timeout(within, coming).await else {
            return Err(Error::new(ErrorKind::Timeout, "nobody logged in in time")
                .with_advice("log in again, and finish in the browser"));
        };
        let keeping = async { keep(login.exchange(code?).await?).await };
        let kept = self.serve(&desk, &mut connections, keeping).await;
        desk.tell(if kept.is_ok() { Outcome::Worked } else { Outcome::Failed });
        let showing = self.serve(&desk, &mut connections, desk.shown());
        // Who closed the browser does not see it.
        let _ = time::timeout(PAGE_PATIENCE, showing).await;
        kept
    }

    /// Takes connections until that is done.
    async fn serve<T>(
        &self,
        desk: &Arc<Desk>,
        connections: &mut Connections,
        until: impl Future<Output = T>,
    ) -> T {
        let mut until = pin!(until);
        loop {
            tokio::select! {
                biased;
                done = &mut until => return done,
                Some(_) = connections.open.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => connections.take(stream, Arc::clone(desk)),
                    // Out of descriptors, for one: there is nothing to do but to wait.
                    Err(_) => time::sleep(PAUSE).await,
                }
            }
        }
    }
}

/// The connections that are open. Where there are too many, the oldest gives way that has asked for nothing.
#[derive(Default)]
struct Connections {
    open: JoinSet<()>,
    /// In the order in which they came.
    silent: VecDeque<(AbortHandle, Arc<AtomicBool>)>,
}

impl Connections {
    fn take(&mut self, stream: TcpStream, desk: Arc<Desk>) {
        let has_asked = Arc::new(AtomicBool::new(false));
        self.silent.retain(|(task, has_asked)| !task.is_finished() && !has_asked.load(Ordering::Relaxed));
        if self.open.len() >= MOST_CONNECTIONS {
            let Some((oldest, _)) = self.silent.pop_front() else { return };
            oldest.abort();
        }
        let task = self.open.spawn(connection(stream, desk, Arc::clone(&has_asked)));
        self.silent.push_back((task, has_asked));
    }
}

/// Answers one request.
async fn connection(stream: TcpStream, desk: Arc<Desk>, has_asked: Arc<AtomicBool>) {
    let had_page = AtomicBool::new(false);
    let service = service_fn(async |request| {
        has_asked.store(true, Ordering::Relaxed);
        let answer = desk.answer(&request).await;
        had_page.store(answer.is_page, Ordering::Relaxed);
        Ok::<_, Infallible>(answer.response)
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_PATIENCE)
        .max_buf_size(LONGEST_REQUEST)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    // Only now is the page on its way.
    if served.is_ok() && had_page.load(Ordering::Relaxed) {
        desk.note_shown();
    }
}

/// A browser opens some ahead. Others have no business here.
const MOST_CONNECTIONS: usize = 64;
/// A browser sends the cookies of all ports of the host along.
const LONGEST_REQUEST: usize = 64 * 1024;
const REQUEST_PATIENCE: Duration = Duration::from_secs(5);
const PAGE_PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests;
