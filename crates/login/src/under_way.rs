//! What is under way in this process, and must not be cut off.

use std::{
    future::pending,
    process,
    sync::{LazyLock, Once},
};

use tokio::sync::watch;

use crate::{Say, Words};

/// Stands for one renewal of a session, for as long as it is there.
///
/// A program that is interrupted meanwhile ends when the renewal is stored: a server that hands out another refresh
/// token takes the one before for stolen when it comes again. If it is interrupted again, it ends at once. Without a
/// renewal it ends as ever.
pub(crate) struct UnderWay(());

/// What a signal and a renewal must agree about, under one lock.
struct State {
    renewals: usize,
    is_interrupted: bool,
}

impl UnderWay {
    /// From the first one on this process listens to signals itself, on the runtime that it is called on.
    pub(crate) fn begin(say: Say) -> Self {
        static LISTENING: Once = Once::new();
        STATE.send_modify(|state| state.renewals += 1);
        LISTENING.call_once(|| {
            // Where nobody may listen, signals do what they always do.
            if let Ok(signals) = Signals::new() {
                tokio::spawn(listen(signals, say));
            }
        });
        Self(())
    }

    /// Tells whether the program was interrupted meanwhile.
    pub(crate) fn is_last(&self) -> bool {
        STATE.borrow().is_interrupted
    }

    /// The renewal is through. In a program that was interrupted nothing comes after it: this does not return then.
    pub(crate) async fn end(self) {
        drop(self);
        unless_interrupted().await;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        STATE.send_modify(|state| state.renewals -= 1);
    }
}

/// Returns at once, or, once the program was interrupted, never: `listen` is about to end it.
async fn unless_interrupted() {
    // Its own statement: no lock is held while it waits.
    let is_interrupted = STATE.borrow().is_interrupted;
    if is_interrupted {
        pending::<()>().await;
    }
}

/// Waits until no session is being renewed in this process: for the end of a program, whose tasks end with it.
///
/// A renewal may be under way that no request waited for, ahead of the end of its token. If a signal came meanwhile,
/// the program ends here, with the exit code of that.
pub async fn sessions_stored() {
    none_under_way().await;
    unless_interrupted().await;
}

async fn none_under_way() {
    // The other end is never dropped.
    let _ = STATE.subscribe().wait_for(|state| state.renewals == 0).await;
}

#[expect(clippy::exit, reason = "it stands for the signal, which asks nobody either")]
async fn listen(mut signals: Signals, say: Say) {
    let code = signals.next().await;
    STATE.send_modify(|state| state.is_interrupted = true);
    let must_wait = STATE.borrow().renewals > 0;
    if must_wait {
        say(Words::Note("ends when the session is renewed and stored; interrupt again to end at once"));
        tokio::select! {
            _ = signals.next() => {}
            () = none_under_way() => {}
        }
    }
    process::exit(code)
}

/// Waits for a signal that ends programs, and returns the exit code that a shell has for it. Where nobody may listen,
/// signals do what they always do.
pub(crate) async fn interrupted() -> i32 {
    match Signals::new() {
        Ok(mut signals) => signals.next().await,
        Err(_) => pending().await,
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Returns the exit code that a shell has for it.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

#[cfg(not(unix))]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> i32 {
        let _ = self.0.recv().await;
        130
    }
}

static STATE: LazyLock<watch::Sender<State>> =
    LazyLock::new(|| watch::Sender::new(State { renewals: 0, is_interrupted: false }));
