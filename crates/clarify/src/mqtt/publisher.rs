//! Frames into the spool, and out of it to the broker.

mod flow;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_mtls::Tls;
use tokio::{
    sync::{self, Notify},
    task,
};

use crate::{
    Config, CredentialsType,
    mqtt::{Broker, DataFrame, Spool, connection::Login},
};

/// Publishes data frames at least once: from the spool, until the broker has acknowledged them.
///
/// [`publish`](Self::publish) puts frames into the spool, whether or not there is a connection; [`run`](Self::run)
/// sends what is there, over connection after connection. Nothing is sent unless somebody runs it. Clones share
/// everything.
///
/// # Duplicates
///
/// What was sent and not acknowledged when a connection or a process ended is sent again, marked as such (DUP): at
/// most as many frames as [`Broker::with_window`] says, each time. The broker may have had them.
/// [`Progress::resent`] counts them.
///
/// # Example
///
/// ```no_run
/// // no_run: it reads the file that Clarify issued, and publishes to Clarify.
/// use std::future;
/// use claviger_clarify::{
///     Config, Credentials,
///     mqtt::{Broker, DataFrame, Publisher, Spool},
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), claviger_auth_core::Error> {
/// let config = Config::new(Credentials::from_file("clarify-credentials.json")?);
/// let spool = Spool::builder("/var/lib/acme/spool").open()?;
/// let publisher = Publisher::builder(&config, Broker::production()).build(spool)?;
///
/// let frame = DataFrame::from_json(r#"{"times":[1700000000],"series":{"temperature":[21.5]}}"#)?;
/// publisher.publish(vec![frame]).await?;
/// publisher.run(future::ready(())).await?; // returns when all is acknowledged
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

struct Shared {
    broker: Broker,
    login: Login,
    pause: Duration,
    patience: Option<Duration>,
    warn: Box<dyn Fn(&Error) + Send + Sync>,
    spool: Mutex<Spool>,
    /// There is something new to send.
    appended: Notify,
    /// There may be room again.
    cleared: Notify,
    acknowledged: AtomicU64,
    resent: AtomicU64,
    /// Records before this one were counted as resent, if they were.
    counted: AtomicU64,
    running: sync::Mutex<()>,
}

impl Publisher {
    /// Takes the credentials and whom to trust, and where the broker is.
    #[must_use]
    pub fn builder(config: &Config, broker: Broker) -> PublisherBuilder {
        PublisherBuilder {
            config: config.clone(),
            broker,
            tls: None,
            pause: FIRST_PAUSE,
            patience: None,
            warn: Box::new(|_| {}),
        }
    }

    /// Puts frames into the spool, in this order, and returns when they are written out to the disk (fsync): once
    /// for all of them, so that a hundred together cost hardly more than one.
    ///
    /// While the spool is full it waits for [`run`](Self::run) to make room; it has no limit on that, so that
    /// whoever produces frames can choose one.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if a frame is larger than the spool may be, or the spool cannot be
    /// written: the disk is full, for one. Some of the frames may be in it.
    ///
    /// # Panics
    ///
    /// Where there is no tokio runtime.
    ///
    /// # Cancellation
    ///
    /// If it is dropped, some of the frames may be in the spool, and will be sent.
    pub async fn publish(&self, frames: Vec<DataFrame>) -> Result<(), Error> {
        let mut frames = frames;
        while !frames.is_empty() {
            let mut cleared = std::pin::pin!(self.shared.cleared.notified());
            // From here on, room that is made is not missed.
            cleared.as_mut().enable();
            let shared = Arc::clone(&self.shared);
            let appending = task::spawn_blocking(move || shared.append(frames));
            let (rest, count) = appending.await.map_err(|error| {
                Error::new(ErrorKind::Runtime, "the spool's work came to a bad end").with_source(error)
            })??;
            frames = rest;
            if count > 0 {
                self.shared.appended.notify_one();
            } else {
                cleared.await;
            }
        }
        Ok(())
    }

    /// Sends what is in the spool and what comes into it, until `until` is ready and all is acknowledged.
    ///
    /// `until` is driven along with it, so it may be what publishes. With [`std::future::ready`] that is the end of what is there; with [`std::future::pending`] it goes on for
    /// ever. A connection that fails for now is made again after a
    /// [pause](PublisherBuilder::with_pause).
    ///
    /// # Errors
    ///
    /// What no further attempt will mend; the frames stay in the spool.
    /// [`CredentialsRefused`](ErrorKind::CredentialsRefused): wrong user name or password.
    /// [`Tls`](ErrorKind::Tls) and [`ClientCertificate`](ErrorKind::ClientCertificate): the one or the other side is
    /// not trusted. [`Protocol`](ErrorKind::Protocol): that is no MQTT broker, or it closes the connection whenever a
    /// frame is sent, which is how some refuse a topic. [`Configuration`](ErrorKind::Configuration): the spool cannot
    /// be used, the broker refuses the client id, or somebody runs this publisher already. The last failure of any
    /// kind, once [patience](PublisherBuilder::with_patience) is at its end.
    ///
    /// # Panics
    ///
    /// Where there is no tokio runtime with I/O and time enabled.
    ///
    /// # Cancellation
    ///
    /// If it is dropped, what was not acknowledged yet is sent again by the next run.
    pub async fn run(&self, until: impl Future<Output = ()>) -> Result<(), Error> {
        let Ok(_running) = self.shared.running.try_lock() else {
            return Err(Error::new(ErrorKind::Configuration, "this publisher is already running")
                .with_advice("run it once; any number of tasks may publish through its clones"));
        };
        flow::run(&self.shared, until).await
    }

    /// Tells how far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress {
            acknowledged: self.shared.acknowledged.load(Ordering::Relaxed),
            resent: self.shared.resent.load(Ordering::Relaxed),
            waiting: self.shared.spool().waiting(),
        }
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { broker, login, .. } = &*self.shared;
        f.debug_struct("Publisher").field("broker", broker).field("login", login).finish_non_exhaustive()
    }
}

impl Shared {
    /// Appends what there is room for, and returns what is left. It blocks.
    fn append(&self, mut frames: Vec<DataFrame>) -> Result<(Vec<DataFrame>, usize), Error> {
        let (count, file) = self.spool().append(&frames)?;
        // Not under the lock: whoever sends need not wait for it.
        file.sync_data().map_err(|error| self.spool().broken(error))?;
        frames.drain(..count);
        Ok((frames, count))
    }

    /// Nothing that is done with it can panic halfway.
    fn spool(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells how far a [`Publisher`] has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// How many frames were acknowledged since it was built.
    pub acknowledged: u64,
    /// How many frames were sent once more since it was built, by it or after a process that ended: so many the broker
    /// may have twice. One that was sent three times counts once.
    pub resent: u64,
    /// How many frames in the spool are not acknowledged yet.
    pub waiting: u64,
}

/// Makes a [`Publisher`].
pub struct PublisherBuilder {
    config: Config,
    broker: Broker,
    tls: Option<Tls>,
    pause: Duration,
    patience: Option<Duration>,
    warn: Box<dyn Fn(&Error) + Send + Sync>,
}

impl PublisherBuilder {
    /// Connects with this, an identity for one. Default: [`Config::tls`]. The identity is the one that is current at
    /// each handshake; no HTTP is offered, whatever it offers elsewhere.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sets how long it waits before it connects again; twice as long each further time, up to a minute, until a frame is
    /// acknowledged. Each wait is
    /// shortened by up to half at random, so that a broker that comes back is not stormed. Default: 1 s.
    #[must_use]
    pub fn with_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Gives up once it has failed for so long: from the end of the last connection that was good, which is one on which
    /// a frame was acknowledged or there was none to send. Default: never.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Tells this function of each connection that failed and is made again. It must not block.
    #[must_use]
    pub fn with_warning(mut self, warn: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.warn = Box::new(warn);
        self
    }

    /// Puts it together over a spool. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the credentials are for OAuth 2.0, which the broker does not
    /// take, or cannot stand in a packet, if the broker's topic or client id cannot; and those of [`Config::tls`].
    pub fn build(self, spool: Spool) -> Result<Publisher, Error> {
        let Self { config, broker, tls, pause, patience, warn } = self;
        let credentials = config.credentials();
        if credentials.credentials_type() != CredentialsType::BasicAuth {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the MQTT broker takes Basic Auth credentials alone",
            )
            .with_advice("make Basic Auth credentials (an API key) for the integration in Clarify"));
        }
        broker.check()?;
        let tls = match tls {
            Some(tls) => tls,
            None => config.tls()?,
        };
        let client_id = match broker.client_id() {
            Some(id) => id.to_owned(),
            None => random_client_id()?,
        };
        let (user, password) = (credentials.client_id().to_owned(), credentials.client_secret().clone());
        let login = Login::new(tls, client_id, user, password);
        login.packet(broker.keep_alive())?;
        let shared = Shared {
            broker,
            login,
            pause,
            patience,
            warn,
            spool: Mutex::new(spool),
            appended: Notify::new(),
            cleared: Notify::new(),
            acknowledged: AtomicU64::new(0),
            resent: AtomicU64::new(0),
            counted: AtomicU64::new(0),
            running: sync::Mutex::new(()),
        };
        Ok(Publisher { shared: Arc::new(shared) })
    }
}

impl fmt::Debug for PublisherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublisherBuilder").field("broker", &self.broker).finish_non_exhaustive()
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// One for each publisher: a broker closes the older of two connections with the same.
fn random_client_id() -> Result<String, Error> {
    let mut bytes = [0; 8];
    flow::fill(&mut bytes)?;
    Ok(format!("claviger{:015x}", u64::from_le_bytes(bytes) >> 4))
}

#[cfg(test)]
mod tests;
