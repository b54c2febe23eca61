//! One connection to the broker, logged in.

use std::{future::poll_fn, io, time::Duration};

use claviger_auth_core::{Error, ErrorKind};
use claviger_mtls::{MtlsConnector, MtlsLayer, MtlsStream, Tls};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use secrecy::SecretString;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tower_layer::Layer;
use tower_service::Service;
use zeroize::Zeroizing;

use crate::mqtt::{
    Broker,
    packet::{self, Answer},
};

/// All that it takes to log in.
#[derive(Clone, Debug)]
pub(super) struct Login {
    user: String,
    password: SecretString,
    client_id: String,
    connector: MtlsConnector<HttpConnector>,
}

impl Login {
    pub(super) fn new(tls: Tls, client_id: String, user: String, password: SecretString) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // What waits in there for a slow line is taken for sent: the time for an answer runs already.
        tcp.set_send_buffer_size(Some(SEND_BUFFER));
        // Which plain addresses there may be, the broker's URL was asked for.
        let connector = MtlsLayer::new(tls).with_no_protocol().with_loopback_http().layer(tcp);
        Self { user, password, client_id, connector }
    }

    /// The packet that says who this is; an error if none can.
    pub(super) fn packet(&self, keep_alive: Duration) -> Result<Zeroizing<Vec<u8>>, Error> {
        packet::connect(&self.client_id, keep_alive.as_secs() as u16, &self.user, &self.password)
    }
}

/// A connection on which the broker has taken user and password.
#[derive(Debug)]
pub(super) struct Connection<S = TokioIo<MtlsStream<TokioIo<TcpStream>>>> {
    stream: S,
    inbox: Vec<u8>,
    keep_alive: Duration,
    /// When something was sent last.
    sent: Instant,
    /// When the broker was asked last whether it is there.
    asked: Instant,
    /// When something came from the broker last.
    heard: Instant,
}

/// What happens on a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Event {
    Acknowledged(u16),
    /// The one or the other side was silent for so long that the broker must be asked whether it is there.
    Silence,
}

impl Connection {
    /// Connects and logs in, within 20 s.
    pub(super) async fn open(broker: &Broker, login: &Login) -> Result<Self, Error> {
        let opening = async {
            let mut connector = login.connector.clone();
            let connected = match poll_fn(|cx| connector.poll_ready(cx)).await {
                Ok(()) => connector.call(broker.uri().clone()).await,
                Err(error) => Err(error),
            };
            let stream = connected.map_err(|error| match Error::find(&*error) {
                Some(found) => found.clone(),
                None => Error::new(ErrorKind::Connect, "could not connect to the broker").with_source(error),
            })?;
            let keep_alive = broker.keep_alive();
            Self::log_in(TokioIo::new(stream), keep_alive, &login.packet(keep_alive)?).await
        };
        let opened = timeout(LOGIN_DEADLINE, opening)
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, "the broker did not answer in time")));
        opened.map_err(|error| match error.subject() {
            Some(_) => error,
            None => error.with_subject(broker.address()),
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn log_in(stream: S, keep_alive: Duration, hello: &[u8]) -> Result<Self, Error> {
        let now = Instant::now();
        let mut connection =
            Self { stream, inbox: Vec::new(), keep_alive, sent: now, asked: now, heard: now };
        connection.send(hello).await?;
        loop {
            match packet::take(&mut connection.inbox)? {
                Some(Answer::Connected(code)) => return judge(code).map(|()| connection),
                Some(_) => return Err(out_of_turn()),
                None => connection.read().await?,
            }
        }
    }

    /// Sends packets. It must not be dropped before its end, unless with the connection.
    pub(super) async fn send(&mut self, packets: &[u8]) -> Result<(), Error> {
        let began = Instant::now();
        // However long all of it takes, a piece that stands still is the end of it.
        for piece in packets.chunks(PIECE) {
            let writing = async {
                self.stream.write_all(piece).await?;
                self.stream.flush().await
            };
            match timeout(self.keep_alive, writing).await {
                Ok(written) => written.map_err(lost)?,
                Err(_) => return Err(Error::new(ErrorKind::Timeout, "the broker takes nothing any more")),
            }
        }
        self.sent = Instant::now();
        // Nothing was read meanwhile.
        self.heard += began.elapsed();
        Ok(())
    }

    /// Asks the broker whether it is there.
    pub(super) async fn ping(&mut self) -> Result<(), Error> {
        self.send(&packet::PING).await?;
        self.asked = self.sent;
        Ok(())
    }

    /// Waits for the next event. It may be dropped: nothing is lost.
    pub(super) async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.ready()? {
                return Ok(event);
            }
            let given_up = self.heard + 2 * self.keep_alive;
            let deadline = given_up.min(self.sent.min(self.heard.max(self.asked)) + self.keep_alive);
            tokio::select! {
                biased;
                read = self.read() => read?,
                () = sleep_until(deadline) => match deadline == given_up {
                    true => return Err(Error::new(ErrorKind::Timeout, "the broker does not answer any more")),
                    false => return Ok(Event::Silence),
                },
            }
        }
    }

    /// Takes an event that has arrived already.
    pub(super) fn ready(&mut self) -> Result<Option<Event>, Error> {
        loop {
            match packet::take(&mut self.inbox)? {
                Some(Answer::Acknowledged(id)) => return Ok(Some(Event::Acknowledged(id))),
                Some(Answer::Pong) => {}
                Some(Answer::Connected(_)) => return Err(out_of_turn()),
                None => return Ok(None),
            }
        }
    }

    /// Takes leave. The broker has all that matters; so it does not matter whether this arrives.
    pub(super) async fn close(mut self) {
        if self.send(&packet::DISCONNECT).await.is_ok() {
            let _ = timeout(self.keep_alive, self.stream.shutdown()).await;
        }
    }

    async fn read(&mut self) -> Result<(), Error> {
        match self.stream.read_buf(&mut self.inbox).await.map_err(lost)? {
            0 => Err(Error::new(ErrorKind::Connect, "the broker closed the connection")),
            _ => {
                self.heard = Instant::now();
                Ok(())
            }
        }
    }
}

/// The return codes of MQTT 3.1.1 §3.2.2.3.
fn judge(code: u8) -> Result<(), Error> {
    let (kind, what, advice) = match code {
        0 => return Ok(()),
        1 => {
            (ErrorKind::Protocol, "the broker does not speak MQTT 3.1.1", "check the host name and the port")
        }
        2 => (
            ErrorKind::Configuration,
            "the broker refused the client id",
            "leave the client id out, or take another",
        ),
        3 => (ErrorKind::Unavailable, "the broker is not available", "try again later"),
        4 => (ErrorKind::CredentialsRefused, "the broker refused user name and password", NEW_CREDENTIALS),
        5 => (ErrorKind::CredentialsRefused, "the broker does not authorize this user", NEW_CREDENTIALS),
        _ => {
            (ErrorKind::Protocol, "the broker refused the connection for no known reason", "try again later")
        }
    };
    Err(Error::new(kind, what).with_advice(advice))
}

fn lost(error: io::Error) -> Error {
    match Error::find(&error) {
        Some(found) => found.clone(),
        None => Error::new(ErrorKind::Connect, "the connection to the broker was lost").with_source(error),
    }
}

fn out_of_turn() -> Error {
    Error::new(ErrorKind::Protocol, "the broker's answer is out of turn")
}

/// So little goes through a line of 5 kbit/s within the default keep-alive.
const PIECE: usize = 16 * 1024;
const SEND_BUFFER: usize = 128 * 1024;
const LOGIN_DEADLINE: Duration = Duration::from_secs(20);
const NEW_CREDENTIALS: &str =
    "check the Basic Auth credentials (API key) of the integration in Clarify, or make new ones";

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_broker_is_asked_and_then_given_up() {
        let (ours, mut broker) = duplex(1_000);
        broker.write_all(&[0x20, 2, 0, 0]).await.unwrap();
        let keep_alive = Duration::from_secs(30);
        let mut connection = Connection::log_in(ours, keep_alive, b"hello").await.unwrap();
        let began = Instant::now();
        for round in 1..4 {
            assert_eq!(connection.next().await.unwrap(), Event::Silence);
            assert_eq!(began.elapsed(), round * keep_alive);
            connection.ping().await.unwrap();
            broker.write_all(&[0xD0, 0]).await.unwrap();
        }
        assert_eq!(connection.next().await.unwrap(), Event::Silence);
        connection.ping().await.unwrap();
        // What is sent meanwhile does not put it off.
        tokio::time::advance(keep_alive / 2).await;
        connection.send(b"more").await.unwrap();
        assert_eq!(connection.next().await.unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(began.elapsed(), 5 * keep_alive);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_sends_all_the_time_notices_a_silent_broker_as_soon() {
        let (ours, mut broker) = duplex(1_000);
        broker.write_all(&[0x20, 2, 0, 0]).await.unwrap();
        let keep_alive = Duration::from_secs(30);
        let mut connection = Connection::log_in(ours, keep_alive, b"hello").await.unwrap();
        let (began, mut pings) = (Instant::now(), 0);
        let error = loop {
            connection.send(b"more").await.unwrap();
            match timeout(Duration::from_secs(7), connection.next()).await {
                Ok(Ok(Event::Silence)) => {
                    connection.ping().await.unwrap();
                    pings += 1;
                }
                Ok(event) => break event.unwrap_err(),
                Err(_) => assert!(began.elapsed() < 3 * keep_alive, "nobody notices"),
            }
        };
        assert_eq!((error.kind(), began.elapsed(), pings), (ErrorKind::Timeout, 2 * keep_alive, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_takes_its_time() {
        let (ours, mut broker) = duplex(PIECE);
        broker.write_all(&[0x20, 2, 0, 0]).await.unwrap();
        let keep_alive = Duration::from_secs(30);
        let mut connection = Connection::log_in(ours, keep_alive, b"").await.unwrap();
        let began = Instant::now();
        let (sent, ()) = tokio::join!(connection.send(&[0; 20 * PIECE]), async {
            let mut piece = [0; PIECE];
            for _ in 0..20 {
                tokio::time::sleep(keep_alive / 2).await;
                broker.read_exact(&mut piece).await.unwrap();
            }
            broker.write_all(&[0x40, 2, 0, 1]).await.unwrap();
        });
        sent.unwrap();
        assert!(began.elapsed() > 5 * keep_alive);
        assert_eq!(connection.next().await.unwrap(), Event::Acknowledged(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_broker_that_takes_nothing_is_given_up() {
        let (ours, mut broker) = duplex(10);
        broker.write_all(&[0x20, 2, 0, 0]).await.unwrap();
        let mut connection = Connection::log_in(ours, Duration::from_secs(30), b"hello").await.unwrap();
        assert_eq!(connection.send(&[0; 100]).await.unwrap_err().kind(), ErrorKind::Timeout);
    }

    #[tokio::test]
    async fn what_no_broker_says_first_is_told_as_such() {
        for answer in [&b"HTTP/1.1 400 Bad Request"[..], &[0x40, 2, 0, 1]] {
            let (ours, mut broker) = duplex(1_000);
            broker.write_all(answer).await.unwrap();
            let error = Connection::log_in(ours, Duration::from_secs(30), b"hello").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn every_refusal_has_its_kind() {
        assert!(judge(0).is_ok());
        let kinds = [
            (1, ErrorKind::Protocol),
            (2, ErrorKind::Configuration),
            (3, ErrorKind::Unavailable),
            (4, ErrorKind::CredentialsRefused),
            (5, ErrorKind::CredentialsRefused),
            (6, ErrorKind::Protocol),
        ];
        for (code, kind) in kinds {
            assert_eq!(judge(code).unwrap_err().kind(), kind, "{code}");
        }
    }
}
