//! Against a broker of the test's own, which does what brokers seldom do. The real one is in `tests/`.

use std::future::{pending, ready};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use super::*;
use crate::Credentials;

mod failures;

/// A broker that does what its test says, on one connection after the other.
struct Fake(TcpListener);

/// A client that has logged in.
struct Client(TcpStream);

#[derive(Debug, PartialEq)]
struct Message {
    is_resent: bool,
    id: u16,
    payload: String,
}

impl Fake {
    async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn publisher(&self, spool: Spool) -> Made {
        let builder = Publisher::builder(&config(), self.broker()).with_pause(Duration::from_millis(1));
        Made { builder, spool }
    }

    fn broker(&self) -> Broker {
        Broker::new(&format!("mqtt://{}", self.0.local_addr().unwrap())).unwrap().with_window(4)
    }

    /// Takes a connection and lets it log in; gives what it said.
    async fn accept(&self) -> (Client, Vec<u8>) {
        self.answer(0).await
    }

    async fn answer(&self, code: u8) -> (Client, Vec<u8>) {
        let mut client = Client(self.0.accept().await.unwrap().0);
        let (kind, body) = client.packet().await.unwrap();
        assert_eq!(kind, 0x10);
        client.0.write_all(&[0x20, 2, 0, code]).await.unwrap();
        (client, body)
    }
}

struct Made {
    builder: PublisherBuilder,
    spool: Spool,
}

impl Made {
    fn with(self, change: impl FnOnce(PublisherBuilder) -> PublisherBuilder) -> Self {
        Self { builder: change(self.builder), ..self }
    }

    fn build(self) -> Publisher {
        self.builder.build(self.spool).unwrap()
    }
}

impl Client {
    /// None when the connection ends.
    async fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let kind = self.0.read_u8().await.ok()?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = self.0.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.ok()?;
        Some((kind, body))
    }

    async fn message(&mut self) -> Option<Message> {
        let (kind, body) = self.packet().await?;
        if kind == 0xE0 {
            return None;
        }
        let body = body.strip_prefix(b"\0\x09dataframe").unwrap();
        let (id, payload) = body.split_first_chunk().unwrap();
        let is_resent = match kind {
            0x32 => false,
            0x3A => true,
            _ => panic!("{kind:x}"),
        };
        Some(Message {
            is_resent,
            id: u16::from_be_bytes(*id),
            payload: String::from_utf8(payload.to_vec()).unwrap(),
        })
    }

    async fn acknowledge(&mut self, id: u16) {
        let [high, low] = id.to_be_bytes();
        self.0.write_all(&[0x40, 2, high, low]).await.unwrap();
    }

    /// Acknowledges everything up to the client's farewell, and gives the payloads.
    async fn take_all(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.message().await {
            self.acknowledge(message.id).await;
            messages.push(message);
        }
        messages
    }
}

fn config() -> Config {
    Config::new(Credentials::basic_auth("acme", "swordfish".into())).with_trust(trust())
}

/// Some authority; the tests here go without TLS.
fn trust() -> claviger_mtls::Trust {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    claviger_mtls::Trust::given([ca.pem().as_bytes()]).unwrap()
}

fn text(number: usize) -> String {
    format!(r#"{{"times":[{number}],"series":{{"a":[1]}}}}"#)
}

fn frames(numbers: std::ops::Range<usize>) -> Vec<DataFrame> {
    numbers.map(|number| DataFrame::from_json(text(number)).unwrap()).collect()
}

fn payloads(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.payload.clone()).collect()
}

fn spool(folder: &tempfile::TempDir) -> Spool {
    Spool::builder(folder.path()).open().unwrap()
}

/// Moves the time on, all at once.
async fn pass(duration: Duration) {
    tokio::time::pause();
    tokio::time::advance(duration).await;
    tokio::time::resume();
}

#[tokio::test]
async fn logs_in_publishes_and_takes_leave() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder)).build();
    publisher.publish(frames(0..50)).await.unwrap();
    let (ran, (messages, hello)) = tokio::join!(publisher.run(ready(())), async {
        let (mut client, hello) = fake.accept().await;
        (client.take_all().await, hello)
    });
    ran.unwrap();
    let hello = String::from_utf8_lossy(&hello).into_owned();
    assert!(hello.ends_with("\0\x04acme\0\x09swordfish"), "{hello}");
    assert!(hello.contains("\x1e\0\x17claviger"), "30 s, and 23 characters: {hello:?}");
    assert_eq!(payloads(&messages), (0..50).map(text).collect::<Vec<_>>());
    assert!(messages.iter().all(|message| !message.is_resent));
    assert_eq!(publisher.progress(), Progress { acknowledged: 50, resent: 0, waiting: 0 });
    // With nothing to send, nobody is asked.
    publisher.run(ready(())).await.unwrap();
}

#[tokio::test]
async fn no_more_is_under_way_than_the_window_and_acknowledgements_may_be_out_of_order() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder)).build();
    publisher.publish(frames(0..6)).await.unwrap();
    let (ran, ()) = tokio::join!(publisher.run(ready(())), async {
        let mut client = fake.accept().await.0;
        for id in 1..=4 {
            assert_eq!(client.message().await.unwrap().id, id);
        }
        for id in [3, 77, 1] {
            client.acknowledge(id).await;
        }
        assert_eq!(client.message().await.unwrap().id, 5);
        assert_eq!(publisher.progress().acknowledged, 1, "the second is still under way");
        client.acknowledge(2).await;
        assert_eq!(client.message().await.unwrap().id, 6);
        assert_eq!(publisher.progress().acknowledged, 3);
        for id in 4..=6 {
            client.acknowledge(id).await;
        }
        assert!(client.message().await.is_none());
    });
    ran.unwrap();
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_and_counted() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let warnings = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&warnings);
    let publisher = fake.publisher(spool(&folder));
    let publisher = publisher.with(|builder| {
        builder.with_warning(move |error| {
            assert_eq!(error.kind(), ErrorKind::Connect);
            count.fetch_add(1, Ordering::Relaxed);
        })
    });
    let publisher = publisher.build();
    publisher.publish(frames(0..9)).await.unwrap();
    let (ran, messages) = tokio::join!(publisher.run(ready(())), async {
        let mut client = fake.accept().await.0;
        for id in 1..=4 {
            client.message().await.unwrap();
            if id < 3 {
                client.acknowledge(id).await;
            }
        }
        // Two more came with those two.
        assert_eq!(client.message().await.unwrap().payload, text(4));
        assert_eq!(client.message().await.unwrap().payload, text(5));
        drop(client);
        fake.accept().await.0.take_all().await
    });
    ran.unwrap();
    assert_eq!(payloads(&messages), (2..9).map(text).collect::<Vec<_>>());
    assert_eq!(messages.iter().filter(|message| message.is_resent).count(), 4);
    assert_eq!(publisher.progress(), Progress { acknowledged: 9, resent: 4, waiting: 0 });
    assert_eq!(warnings.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn another_process_goes_on_where_one_was_killed() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder)).build();
    publisher.publish(frames(0..9)).await.unwrap();
    tokio::select! {
        _ = publisher.run(pending()) => panic!("it goes on for ever"),
        () = async {
            let mut client = fake.accept().await.0;
            for _ in 0..4 {
                client.message().await.unwrap();
            }
            client.acknowledge(1).await;
            client.message().await.unwrap();
        } => {}
    }
    drop(publisher);
    let publisher = fake.publisher(spool(&folder)).build();
    let (ran, messages) =
        tokio::join!(publisher.run(ready(())), async { fake.accept().await.0.take_all().await });
    ran.unwrap();
    assert_eq!(payloads(&messages), (1..9).map(text).collect::<Vec<_>>());
    assert_eq!(publisher.progress(), Progress { acknowledged: 8, resent: 4, waiting: 0 });
}

#[tokio::test]
async fn sends_what_is_published_meanwhile_until_it_is_told_to_end() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder)).build();
    let (end, arrived) = (Notify::new(), Notify::new());
    let (ran, (), ()) = tokio::join!(
        publisher.run(end.notified()),
        async {
            let mut client = fake.accept().await.0;
            for number in 0..30 {
                let message = client.message().await.unwrap();
                assert_eq!(message.payload, text(number));
                client.acknowledge(message.id).await;
                arrived.notify_one();
            }
            assert!(client.message().await.is_none());
        },
        async {
            for number in 0..30 {
                publisher.publish(frames(number..number + 1)).await.unwrap();
                arrived.notified().await;
            }
            end.notify_one();
        }
    );
    ran.unwrap();
}

#[tokio::test]
async fn whoever_publishes_waits_while_the_spool_is_full() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let small = Spool::builder(folder.path()).with_limit(500).open().unwrap();
    let publisher = fake.publisher(small).build();
    tokio::time::pause();
    let mut publishing = std::pin::pin!(publisher.publish(frames(0..100)));
    let waiting = tokio::time::timeout(Duration::from_secs(60), publishing.as_mut());
    assert!(waiting.await.is_err(), "nobody makes room");
    tokio::time::resume();
    assert!((1..15).contains(&publisher.progress().waiting));
    let end = Notify::new();
    let (ran, messages, ()) = tokio::join!(
        publisher.run(end.notified()),
        async { fake.accept().await.0.take_all().await },
        async {
            publishing.await.unwrap();
            end.notify_one();
        }
    );
    ran.unwrap();
    assert_eq!(payloads(&messages), (0..100).map(text).collect::<Vec<_>>());
}

#[tokio::test]
async fn is_run_once_at_a_time() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder)).build();
    tokio::select! {
        biased;
        _ = publisher.run(pending()) => panic!("it goes on for ever"),
        second = publisher.run(ready(())) => {
            assert!(second.unwrap_err().to_string().contains("already running"));
        }
    }
    publisher.run(ready(())).await.unwrap();
}

#[test]
fn takes_basic_credentials_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(Credentials::client_credentials("i", "acme", "swordfish".into()));
    let error = Publisher::builder(&config, Broker::production()).build(spool(&folder)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.advice().contains("API key"), "{}", error.advice());
    let error = Publisher::builder(&self::config(), Broker::production().with_topic("#"));
    assert!(error.build(spool(&folder)).is_err());
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(100);
