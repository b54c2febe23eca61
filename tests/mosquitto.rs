//! A real MQTT broker: mosquitto, with passwords, an access list and TLS.

use std::{
    fs,
    future::ready,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_clarify::{
    Config, Credentials,
    mqtt::{Broker, DataFrame, Publisher, Spool},
};
use claviger_mtls::Trust;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::timeout,
};

use crate::{
    authority::Authority,
    examples,
    real_software::{Running, Says, folder_with, free_address, needs},
};

/// mosquitto, which can be killed and started again. Publishers come over TLS, subscribers without.
pub(crate) struct Mosquitto {
    authority: Authority,
    folder: tempfile::TempDir,
    program: PathBuf,
    addresses: [SocketAddr; 2],
    running: Option<Running>,
}

impl Mosquitto {
    pub(crate) async fn start() -> Option<Self> {
        let program = needs("mosquitto")?;
        let authority = Authority::new("Some Authority");
        let server = authority.server();
        let folder = folder_with([
            ("ca.pem", authority.pem.clone()),
            ("server.crt", server.certificate),
            ("server.key", server.key),
            ("access", "user acme\ntopic write dataframe\nuser reader\ntopic read #\n".to_owned()),
            ("passwords", format!("acme:{PASSWORD}\nmute:{PASSWORD}\nreader:{PASSWORD}\n")),
        ]);
        // It is installed with the broker, and replaces the passwords in that file by their hashes.
        let hashed = Command::new("mosquitto_passwd").arg("-U").arg(folder.path().join("passwords")).status();
        assert!(hashed.unwrap().success());
        let addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); 2];
        let mut this = Self { authority, folder, program, addresses, running: None };
        this.restart().await;
        Some(this)
    }

    /// Starts it on two free ports. It remembers nothing.
    pub(crate) async fn restart(&mut self) {
        loop {
            self.addresses = [free_address().await, free_address().await];
            let settings = self.folder.path().join("mosquitto.conf");
            fs::write(&settings, self.settings()).unwrap();
            let mut command = Command::new(&self.program);
            let mut running = Running::start(command.arg("-c").arg(settings), Says::OnStderr);
            // Else somebody else took a port in the meantime.
            if running.listens_on(self.addresses[1]).await && running.listens_on(self.addresses[0]).await {
                self.running = Some(running);
                return;
            }
        }
    }

    /// SIGKILL, and it is gone.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    fn settings(&self) -> String {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let [tls, plain] = self.addresses.map(|address| address.port());
        // Whoever runs the tests as root gets a broker that stays root: the files are root's.
        format!(
            "user root\nallow_anonymous false\npassword_file {}\nacl_file {}\nmax_queued_messages 0\n\
             listener {tls} 127.0.0.1\ncertfile {}\nkeyfile {}\n\
             listener {plain} 127.0.0.1\n",
            file("passwords"),
            file("access"),
            file("server.crt"),
            file("server.key"),
        )
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtts://{}", self.addresses[0])
    }

    /// Its folder, with `ca.pem`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self, user: &str, password: &str) -> Config {
        let credentials = Credentials::basic_auth(user, password.into());
        Config::new(credentials).with_trust(Trust::given([self.authority.pem.as_bytes()]).unwrap())
    }

    /// Publishes three frames, and gives what came of it.
    async fn publish(&self, config: &Config, spool: &Path) -> Result<(), Error> {
        let spool = Spool::builder(spool).open().unwrap();
        let publisher = Publisher::builder(config, Broker::new(&self.url()).unwrap()).build(spool).unwrap();
        publisher.publish((0..3).map(frame).collect()).await.unwrap();
        publisher.run(ready(())).await
    }

    /// Subscribes to everything, with QoS 0: so it sends nothing that the broker could leave unread when it is killed.
    pub(crate) async fn subscribe(&self) -> Subscriber {
        let mut stream = BufReader::new(TcpStream::connect(self.addresses[1]).await.unwrap());
        let hello = format!("\0\x04MQTT\x04\u{2}\0\0\0\x01r\0\x06reader\0\x09{PASSWORD}");
        let mut hello = [&[0x10, hello.len() as u8], hello.as_bytes()].concat();
        // User name, password, and a clean session.
        hello[9] = 0xC2;
        stream.write_all(&hello).await.unwrap();
        stream.write_all(b"\x82\x06\0\x01\0\x01#\0").await.unwrap();
        let mut answers = [0; 9];
        stream.read_exact(&mut answers).await.unwrap();
        assert_eq!(answers, *b"\x20\x02\0\0\x90\x03\0\x01\0");
        Subscriber { stream }
    }
}

/// Reads what the broker passes on.
pub(crate) struct Subscriber {
    stream: BufReader<TcpStream>,
}

impl Subscriber {
    /// The payload of the next message; none when the connection ends.
    pub(crate) async fn next(&mut self) -> Option<String> {
        assert_eq!(self.stream.read_u8().await.ok()?, 0x30);
        let length = self.stream.read_u8().await.ok()?;
        assert!(length < 0x80, "the frames of these tests are short");
        let mut body = vec![0; length.into()];
        self.stream.read_exact(&mut body).await.ok()?;
        let payload = body.strip_prefix(b"\0\x09dataframe").unwrap();
        Some(String::from_utf8(payload.to_vec()).unwrap())
    }
}

/// Stands before the broker, and lets nobody through until there is a subscriber.
struct Relay {
    address: SocketAddr,
    target: Arc<Mutex<Option<SocketAddr>>>,
}

impl Relay {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let target = Arc::new(Mutex::new(None));
        let current = Arc::clone(&target);
        tokio::spawn(async move {
            loop {
                let mut client = listener.accept().await.unwrap().0;
                let Some(target) = *current.lock().unwrap() else { continue };
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(target).await else { return };
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { address, target }
    }

    fn lead_to(&self, target: Option<SocketAddr>) {
        *self.target.lock().unwrap() = target;
    }
}

/// How often each frame has arrived.
struct Tally {
    times: Vec<u32>,
    distinct: usize,
}

impl Tally {
    fn add(&mut self, payload: &str) {
        let number = payload.strip_prefix(r#"{"times":["#).unwrap().split(']').next().unwrap();
        let times = &mut self.times[number.parse::<usize>().unwrap()];
        self.distinct += usize::from(*times == 0);
        *times += 1;
    }

    async fn read_until(&mut self, distinct: usize, subscriber: &mut Subscriber) {
        while self.distinct < distinct {
            let payload = timeout(PATIENCE, subscriber.next()).await.expect("nothing arrives any more");
            self.add(&payload.expect("the broker is gone"));
        }
    }
}

fn frame(number: usize) -> DataFrame {
    DataFrame::from_json(text(number)).unwrap()
}

pub(crate) fn text(number: usize) -> String {
    format!(r#"{{"times":[{number}],"series":{{"temperature":[21.5]}}}}"#)
}

/// mosquitto acknowledges a message when it has passed it on, and keeps nothing: what it has written to a subscriber's
/// socket arrives there though it is killed. So whatever it has acknowledged must have arrived, provided that there
/// always is a subscriber when there is a publisher: the relay sees to that. (It could keep messages for a subscriber
/// that comes later, but it acknowledges them before they are on the disk: a kill would lose some of them, and that
/// would be its own loss.)
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_though_the_broker_is_killed_five_times() {
    const FRAMES: usize = 100_000;
    const KILLS: usize = 5;
    let Some(mut broker) = Mosquitto::start().await else { return };
    let (relay, spool) = (Relay::start().await, tempfile::tempdir().unwrap());
    let publisher = {
        let spool = Spool::builder(spool.path()).with_limit(1024 * 1024).open().unwrap();
        let place = Broker::new(&format!("mqtts://{}", relay.address)).unwrap().with_window(50);
        let builder = Publisher::builder(&broker.config("acme", PASSWORD), place);
        builder.with_pause(Duration::from_millis(10)).build(spool).unwrap()
    };
    let end = Arc::new(Notify::new());
    let running = tokio::spawn({
        let (publisher, end) = (publisher.clone(), Arc::clone(&end));
        async move { publisher.run(end.notified()).await }
    });
    let publishing = tokio::spawn({
        let publisher = publisher.clone();
        async move {
            for start in (0..FRAMES).step_by(500) {
                publisher.publish((start..start + 500).map(frame).collect()).await.unwrap();
            }
            end.notify_one();
        }
    });

    let mut tally = Tally { times: vec![0; FRAMES], distinct: 0 };
    for kill in 1..=KILLS {
        let mut subscriber = broker.subscribe().await;
        relay.lead_to(Some(broker.addresses[0]));
        tally.read_until(FRAMES * kill / (KILLS + 1), &mut subscriber).await;
        relay.lead_to(None);
        broker.kill();
        while let Some(payload) = subscriber.next().await {
            tally.add(&payload);
        }
        broker.restart().await;
    }
    let mut subscriber = broker.subscribe().await;
    relay.lead_to(Some(broker.addresses[0]));
    tally.read_until(FRAMES, &mut subscriber).await;
    publishing.await.unwrap();
    running.await.unwrap().unwrap();

    let progress = publisher.progress();
    assert_eq!((progress.acknowledged, progress.waiting), (FRAMES as u64, 0));
    let missing = tally.times.iter().filter(|times| **times == 0).count();
    assert_eq!(missing, 0);
    let copies = tally.times.iter().map(|times| u64::from(*times)).sum::<u64>() - FRAMES as u64;
    println!(
        "{FRAMES} frames, {KILLS} kills: none lost, {copies} arrived twice, {} were resent",
        progress.resent
    );
    assert!(copies <= progress.resent && progress.resent <= (KILLS * 50) as u64, "{copies} {progress:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_user_are_refused() {
    let Some(broker) = Mosquitto::start().await else { return };
    for (user, password) in [("acme", "swordfisch"), ("nobody", PASSWORD)] {
        let spool = tempfile::tempdir().unwrap();
        let error = broker.publish(&broker.config(user, password), spool.path()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
        assert!(error.advice().contains("Basic Auth"), "{}", error.advice());
        let texts = format!("{error} {error:?}");
        assert!(!texts.contains(password), "{texts}");
        // Nothing is lost: with the right password it goes on.
        let right = broker.config("acme", PASSWORD);
        let mut subscriber = broker.subscribe().await;
        broker.publish(&right, spool.path()).await.unwrap();
        for number in [0, 1, 2, 0, 1, 2] {
            assert!(subscriber.next().await.unwrap().contains(&format!("[{number}]")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_is_not_trusted_gets_no_password() {
    let Some(broker) = Mosquitto::start().await else { return };
    let other = Authority::new("Somebody Else's Authority");
    let credentials = Credentials::basic_auth("acme", PASSWORD.into());
    let config = Config::new(credentials).with_trust(Trust::given([other.pem.as_bytes()]).unwrap());
    let spool = tempfile::tempdir().unwrap();
    let error = broker.publish(&config, spool.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.to_string().contains("from an authority that is not trusted"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_publishes_three_frames() {
    let Some(broker) = Mosquitto::start().await else { return };
    let path = |name: &str| broker.folder().join(name).display().to_string();
    let credentials = format!(
        r#"{{"apiUrl":"https://api.clarify.io/v1/","integration":"acme",
            "credentials":{{"type":"basic-auth","clientId":"acme","clientSecret":"{PASSWORD}"}}}}"#
    );
    fs::write(path("credentials.json"), credentials).unwrap();
    let mut subscriber = broker.subscribe().await;
    let words = [path("credentials.json"), path("spool"), broker.url(), path("ca.pem")];
    let ran = examples::run("claviger-clarify", "publish", &words.each_ref().map(String::as_str)).await;
    assert_eq!(ran.stdout, "3 published, 0 of them twice at most\n");
    for second in 0..3 {
        assert!(subscriber.next().await.unwrap().contains(&format!("[170000000{second}]")));
    }
}

/// The one thing that MQTT 3.1.1 cannot tell.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_access_list_denies_is_acknowledged_and_goes_nowhere() {
    let Some(broker) = Mosquitto::start().await else { return };
    let mut subscriber = broker.subscribe().await;
    let [mute, acme] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    broker.publish(&broker.config("mute", PASSWORD), mute.path()).await.unwrap();
    let spool = Spool::builder(acme.path()).open().unwrap();
    let place = Broker::new(&broker.url()).unwrap();
    let publisher = Publisher::builder(&broker.config("acme", PASSWORD), place).build(spool).unwrap();
    publisher.publish(vec![frame(7)]).await.unwrap();
    publisher.run(ready(())).await.unwrap();
    assert!(subscriber.next().await.unwrap().contains("[7]"), "those of mute came first, and are not here");
}

pub(crate) const PASSWORD: &str = "swordfish";
const PATIENCE: Duration = Duration::from_secs(30);
