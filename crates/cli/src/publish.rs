//! `claviger publish`: data frames to an MQTT broker, by way of a spool on disk.

use std::{
    cell::Cell,
    fs::File,
    io::{self, IsTerminal, Read},
    path::Path,
    time::Duration,
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_clarify::mqtt::{FrameLines, Progress, Publisher, Spool};
use claviger_profiles::Publishing;
use tokio::{task::spawn_blocking, time};

use crate::{
    args::{Choice, PublishArguments},
    console,
    environment::Environment,
    exit::Exit,
    failure::Failure,
    sandbox::stop_signal,
    settings,
};

/// Runs the command.
pub(crate) async fn run(
    choice: &Choice,
    arguments: PublishArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let mut stopped = std::pin::pin!(stop_signal()?);
    let profile = settings::load(choice, None, environment)?;
    let Publishing { publisher, spool_name, .. } = profile.publishing()?;
    // A named pipe is open when somebody writes to it.
    let opening = async { off(move || arguments.file.as_deref().map(open).transpose()).await? };
    let input = tokio::select! {
        input = opening => input?,
        () = stopped.as_mut() => return Ok(Exit::Other),
    };
    let spool = open_spool(environment, &spool_name)?;
    let publisher = publisher.with_patience(Duration::from_secs(arguments.patience)).with_warning(warn);
    let publisher = publisher.build(spool)?;

    let (mut fed, taken) = (None, Cell::new(0));
    let mut feeding = std::pin::pin!(feed(&publisher, input, &taken));
    let sent = tokio::select! {
        sent = publisher.run(async { fed = Some(feeding.as_mut().await) }) => Some(sent),
        () = stopped.as_mut() => None,
        () = show_progress(&publisher) => None,
    };
    // Who pipes something in has it nowhere else: what is there is kept, though it cannot be sent now.
    let fed = match fed {
        Some(fed) => Some(fed),
        None => time::timeout(GRACE, feeding).await.ok(),
    };
    let progress = publisher.progress();
    // Away with the line of progress, where there is one; elsewhere this is nothing.
    console::say("\x1b[K");
    console::note(&summary(progress));
    if !matches!(fed, Some(Ok(()))) {
        console::warn(&format!("the input was taken up to line {} and no further", taken.get()));
    }
    if progress.waiting > 0 {
        console::advise("run claviger publish without a FILE: it sends what is kept");
    }
    if let (Some(Err(_)), Some(Err(error))) = (&sent, &fed) {
        console::warn(&error.to_string());
    }
    let is_sent = sent.transpose()?.is_some();
    fed.transpose()?;
    Ok(if is_sent { Exit::Done } else { Exit::Other })
}

type Input = FrameLines<Box<dyn Read + Send>>;

/// Looks at each line of a file before anything of it is sent. Whatever is no file comes as it does by `-`.
fn open(path: &Path) -> Result<Input, Error> {
    if path == Path::new("-") {
        return Ok(FrameLines::new(Box::new(io::stdin())));
    }
    let file = File::open(path).map_err(|error| {
        Error::new(ErrorKind::Configuration, "the data frames cannot be read")
            .with_subject(path.display().to_string())
            .with_source(error)
    })?;
    FrameLines::check(&file)?;
    Ok(FrameLines::new(Box::new(file)))
}

fn open_spool(environment: &Environment, name: &str) -> Result<Spool, Error> {
    let folder = environment.variables().state_folder().ok_or_else(|| {
        Error::new(ErrorKind::Configuration, "there is no folder to keep data frames in")
            .with_advice("name one in $CLAVIGER_STATE_DIR")
    })?;
    let spool = Spool::builder(folder.join("mqtt").join(name)).with_root(folder).open()?;
    if spool.waiting() > 0 {
        console::note(&format!(
            "an earlier run has left {} data frames, which are sent first",
            spool.waiting()
        ));
    }
    if spool.cut_bytes() > 0 {
        console::warn(&format!(
            "the last of the kept data frames is torn: {} bytes were put aside in a file there (.torn)",
            spool.cut_bytes()
        ));
    }
    Ok(spool)
}

/// Reads where it may block.
async fn off<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    spawn_blocking(read)
        .await
        .map_err(|error| Error::new(ErrorKind::Runtime, "reading came to a bad end").with_source(error))
}

/// Puts all frames of the input into the spool, and counts the lines.
async fn feed(publisher: &Publisher, mut input: Option<Input>, taken: &Cell<u64>) -> Result<(), Error> {
    while let Some(mut lines) = input.take() {
        let reading = off(move || {
            let batch = lines.next_batch();
            (lines, batch)
        });
        let (lines, batch) = reading.await?;
        let batch = batch?;
        if !batch.is_empty() {
            publisher.publish(batch).await?;
            taken.set(lines.line_number());
            input = Some(lines);
        }
    }
    Ok(())
}

/// Says how far it has come, over and over in one line, where somebody looks on.
async fn show_progress(publisher: &Publisher) {
    let mut ticks = time::interval(Duration::from_millis(500));
    let is_seen = io::stderr().is_terminal();
    // Who is done at once has nothing to show.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if is_seen {
            console::say(&format!("\r\x1b[K{}\r", progress_line(publisher.progress())));
        }
    }
}

fn progress_line(Progress { acknowledged, waiting, .. }: Progress) -> String {
    format!("{acknowledged} published, {waiting} waiting")
}

fn summary(Progress { acknowledged, resent, waiting, .. }: Progress) -> String {
    let mut text = format!("{acknowledged} data frames are published");
    if resent > 0 {
        text.push_str(&format!("; {resent} were sent again, and may be there twice"));
    }
    if waiting > 0 {
        text.push_str(&format!("; {waiting} are kept"));
    }
    text
}

fn warn(error: &Error) {
    console::warn(&format!("{error}; trying again"));
}

/// How long to go on reading when nothing can be sent any more.
const GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_looked_at_as_a_whole_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames");
        std::fs::write(&path, "{\"times\":[],\"series\":{}}\nswordfish\n").unwrap();
        let error = open(&path).err().unwrap();
        assert_eq!(error.to_string(), "this is no data frame (line 2, column 1)");
        std::fs::remove_file(&path).unwrap();
        assert!(open(&path).err().unwrap().to_string().starts_with("the data frames cannot be read"));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_that_is_named_is_read_but_once() {
        use std::{io::Write, os::fd::AsRawFd};

        let (from, mut to) = io::pipe().unwrap();
        to.write_all(b"{\"times\":[],\"series\":{}}\n").unwrap();
        drop(to);
        let mut lines = open(Path::new(&format!("/dev/fd/{}", from.as_raw_fd()))).unwrap();
        assert_eq!(lines.next_batch().unwrap().len(), 1);
    }
}
