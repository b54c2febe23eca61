//! What is under way in this process, and must not be cut off.

use std::{
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

impl UnderWay {
    /// From the first one on this process listens to signals itself, on the runtime that it is called on.
    pub(crate) fn begin(say: Say) -> Self {
        static LISTENING: Once = Once::new();
        COUNT.send_modify(|count| *count += 1);
        LISTENING.call_once(|| {
            // Where nobody may listen, signals do what they always do.
            if let Ok(signals) = Signals::new() {
                tokio::spawn(listen(signals, say));
            }
        });
        Self(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        COUNT.send_modify(|count| *count -= 1);
    }
}

/// Waits until no session is being renewed in this process: for the end of a program, whose tasks end with it.
///
/// A renewal may be under way that no request waited for, ahead of the end of its token.
pub async fn sessions_stored() {
    // The other end is never dropped.
    let _ = COUNT.subscribe().wait_for(|count| *count == 0).await;
}

#[expect(clippy::exit, reason = "it stands for the signal, which asks nobody either")]
async fn listen(mut signals: Signals, say: Say) {
    let code = signals.next().await;
    if *COUNT.borrow() > 0 {
        say(Words::Note("ends when the session is renewed and stored; interrupt again to end at once"));
        tokio::select! {
            _ = signals.next() => {}
            () = sessions_stored() => {}
        }
    }
    process::exit(code)
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

static COUNT: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));
