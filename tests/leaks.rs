//! Looks for secrets where they must not show.

use std::{
    error,
    fmt::{Debug, Write as _},
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::{self, Runtime},
    time::timeout,
};
use tracing::subscriber::DefaultGuard;
use tracing_log::LogTracer;
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter, util::SubscriberInitExt as _};

/// What must not show, each with its name.
pub(crate) struct Secrets(pub(crate) Vec<(&'static str, String)>);

impl Secrets {
    pub(crate) fn absent_in(&self, place: &str, text: &str) {
        for (name, value) in &self.0 {
            if let Some(at) = text.find(value.as_str()) {
                let line = text[..at].rsplit('\n').next().unwrap_or_default();
                panic!("the {name} shows in {place}, after {line:?}");
            }
        }
    }

    pub(crate) fn absent_in_debug(&self, place: &str, value: &dyn Debug) {
        self.absent_in(place, &format!("{value:?}\n{value:#?}"));
    }

    pub(crate) fn absent_in_error(&self, place: &str, error: &(dyn error::Error + 'static)) {
        self.absent_in(place, &told(error));
    }
}

/// All that an error says, its sources and their payloads included.
fn told(error: &(dyn error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(text, "{error}\n{error:?}\n{error:#?}").unwrap();
        let payload = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match payload {
            Some(payload) => Some(payload),
            None => error.source(),
        };
    }
    text
}

/// Takes all that is logged on this thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes what is logged, at the most talkative level, until the guard is dropped.
    pub(crate) fn turn_on(&self) -> DefaultGuard {
        // What is logged by way of the crate `log` comes along; another test may have seen to that.
        let _ = LogTracer::init();
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish()
            .set_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A runtime for another thread: what a sandbox logs on it is not ours to keep quiet about.
pub(crate) fn elsewhere() -> Runtime {
    runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Runs on this thread, whose log is looked through. What is waited for in vain fails.
pub(crate) fn run_here<T>(work: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(PATIENCE, work).await.expect("it does not end") })
}

const PATIENCE: Duration = Duration::from_secs(60);
