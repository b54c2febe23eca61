//! Out of the spool: connection after connection, a window of frames at a time.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use claviger_auth_core::{Error, ErrorKind};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

use super::Shared;
use crate::mqtt::{
    connection::{Connection, Event},
    packet,
};

/// Sends until `until` is ready and all is acknowledged. Both are driven all the time, whatever is waited for.
pub(super) async fn run(shared: &Shared, until: impl Future<Output = ()>) -> Result<(), Error> {
    let end = End::default();
    let watching = async {
        until.await;
        end.is_near.store(true, Ordering::Relaxed);
        end.nears.notify_one();
        std::future::pending().await
    };
    tokio::select! {
        biased;
        ended = watching => ended,
        ended = connect_again(shared, &end) => ended,
    }
}

async fn connect_again(shared: &Shared, end: &End) -> Result<(), Error> {
    let (mut lucky, mut pause, mut fruitless) = (Instant::now(), shared.pause, 0);
    loop {
        let mut session = Session::default();
        let Err(error) = session.run(shared, end).await else { return Ok(()) };
        if session.was_well() {
            lucky = Instant::now();
        }
        if session.has_acknowledged {
            pause = shared.pause;
        }
        fruitless = if session.was_in_vain(&error) { fruitless + 1 } else { 0 };
        if fruitless == MOST_FRUITLESS {
            return Err(session.refused(shared).with_source(error));
        }
        let is_patient = shared.patience.is_none_or(|patience| lucky.elapsed() < patience);
        if !error.is_transient() || !is_patient {
            return Err(error);
        }
        (shared.warn)(&error);
        tokio::select! {
            () = sleep(shortened(pause)?) => {}
            () = end.nears.notified() => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// When it is to end.
#[derive(Debug, Default)]
struct End {
    is_near: AtomicBool,
    nears: Notify,
}

impl End {
    fn is_near(&self) -> bool {
        self.is_near.load(Ordering::Relaxed)
    }
}

/// One connection, and what is under way on it.
#[derive(Debug, Default)]
struct Session {
    is_logged_in: bool,
    is_sending: bool,
    has_sent: bool,
    has_acknowledged: bool,
    /// Sent and not acknowledged, or not in their turn yet; the oldest first.
    under_way: VecDeque<UnderWay>,
    last_id: u16,
}

#[derive(Debug)]
struct UnderWay {
    id: u16,
    number: u64,
    is_acknowledged: bool,
}

impl Session {
    async fn run(&mut self, shared: &Shared, end: &End) -> Result<(), Error> {
        shared.spool().rewind();
        if end.is_near() && shared.spool().waiting() == 0 {
            return Ok(());
        }
        let mut connection = Connection::open(&shared.broker, &shared.login).await?;
        self.is_logged_in = true;
        let mut stirred = Instant::now();
        loop {
            let packets = self.fill(shared)?;
            if !packets.is_empty() {
                (self.has_sent, self.is_sending) = (true, true);
                connection.send(&packets).await?;
                self.is_sending = false;
                stirred = Instant::now();
            }
            if end.is_near() && self.under_way.is_empty() {
                connection.close().await;
                return Ok(());
            }
            let overdue = sleep_until(stirred + 2 * shared.broker.keep_alive());
            let has_room = self.under_way.len() < shared.broker.window();
            tokio::select! {
                event = connection.next() => match event? {
                    Event::Acknowledged(id) => {
                        self.acknowledge(shared, &mut connection, id)?;
                        stirred = Instant::now();
                    }
                    Event::Silence => connection.ping().await?,
                },
                () = shared.appended.notified(), if has_room => {}
                () = end.nears.notified() => {}
                () = overdue, if !self.under_way.is_empty() => {
                    return Err(Error::new(ErrorKind::Timeout, "the broker acknowledges nothing any more"));
                }
            }
        }
    }

    /// Writes packets for as many frames as may be under way.
    fn fill(&mut self, shared: &Shared) -> Result<Vec<u8>, Error> {
        let (mut packets, mut spool) = (Vec::new(), shared.spool());
        while self.under_way.len() < shared.broker.window() && packets.len() < LARGEST_BATCH {
            let Some(record) = spool.read()? else { break };
            // MQTT 3.1.1 §2.3.1: never 0. That of 65,535 packets before is long acknowledged.
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            let end = record.number + 1;
            if record.is_resent && shared.counted.fetch_max(end, Ordering::Relaxed) < end {
                shared.resent.fetch_add(1, Ordering::Relaxed);
            }
            packet::publish(
                &mut packets,
                shared.broker.topic(),
                self.last_id,
                record.is_resent,
                &record.payload,
            );
            self.under_way.push_back(UnderWay {
                id: self.last_id,
                number: record.number,
                is_acknowledged: false,
            });
        }
        spool.mark_sent()?;
        Ok(packets)
    }

    /// Takes an acknowledgement and those that came with it, and moves the cursor once for all of them.
    fn acknowledge(&mut self, shared: &Shared, connection: &mut Connection, id: u16) -> Result<(), Error> {
        let mut id = Some(id);
        while let Some(acknowledged) = id {
            // A broker keeps to the order (MQTT 3.1.1 §4.6), so this is the first one; what is not under way is not ours.
            if let Some(it) = self.under_way.iter_mut().find(|it| it.id == acknowledged) {
                it.is_acknowledged = true;
            }
            id = match connection.ready()? {
                Some(Event::Acknowledged(next)) => Some(next),
                Some(Event::Silence) | None => None,
            };
        }
        let done = self.under_way.iter().take_while(|it| it.is_acknowledged).count();
        let Some(last) = self.under_way.drain(..done).next_back() else { return Ok(()) };
        shared.spool().acknowledge(last.number)?;
        shared.acknowledged.fetch_add(done as u64, Ordering::Relaxed);
        shared.cleared.notify_waiters();
        self.has_acknowledged = true;
        Ok(())
    }

    /// Whether it was logged in and frames, if there were any, were acknowledged.
    fn was_well(&self) -> bool {
        self.is_logged_in && (self.has_acknowledged || !self.has_sent)
    }

    /// Whether the broker closed the connection, or took no more, and had been sent frames, none of which it
    /// acknowledged.
    fn was_in_vain(&self, error: &Error) -> bool {
        let was_refused =
            error.kind() == ErrorKind::Connect || (self.is_sending && error.kind() == ErrorKind::Timeout);
        self.has_sent && !self.has_acknowledged && was_refused
    }

    /// Says which frame the broker does not take.
    fn refused(&self, shared: &Shared) -> Error {
        let (topic, spool) = (shared.broker.topic(), shared.spool());
        let number = self.under_way.front().map_or(0, |it| it.number);
        Error::new(ErrorKind::Protocol, "the broker closes the connection whenever a frame is sent")
            .with_subject(format!("{topic}, record {number} in {}", spool.folder().display()))
            .with_advice(
                "ask whether this user may publish to the topic, and how large a frame may be: MQTT 3.1.1 has no other \
                 way to refuse one",
            )
    }
}

/// Takes up to half of a pause away.
fn shortened(pause: Duration) -> Result<Duration, Error> {
    let mut byte = [0];
    fill(&mut byte)?;
    let [byte] = byte;
    Ok(pause - pause * u32::from(byte) / 512)
}

/// Fills with random bytes.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        Error::new(ErrorKind::Configuration, "the system has no random numbers")
            .with_advice("check the system's source of random numbers")
            .with_source(error)
    })
}

const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const MOST_FRUITLESS: u32 = 5;
/// Frames of 8 MiB are sent one by one; and what is small is sent together.
const LARGEST_BATCH: usize = 256 * 1024;
