use std::{fs, path::Path};

use claviger_auth_core::PublishIdentity;
use tempfile::TempDir;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::Instant,
};

use super::*;
use crate::fixture::{Authority, Pair};

/// A folder with a certificate and a key in files of their own, and a `Tls` that began with them.
struct Folder {
    authority: Authority,
    folder: TempDir,
    tls: Tls,
}

impl Folder {
    fn new() -> Self {
        let authority = Authority::new("authority");
        let folder = tempfile::tempdir().unwrap();
        let pair = authority.issue("first");
        let tls = authority.tls().with_identity(pair.identity()).build().unwrap();
        let new = Self { authority, folder, tls };
        new.write(&pair);
        new
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, pair: &Pair) {
        fs::write(self.path("tls.crt"), &pair.certificate).unwrap();
        fs::write(self.path("tls.key"), &pair.key).unwrap();
    }

    fn rotation(&self) -> Rotation {
        Rotation::of_files(self.tls.clone(), [self.path("tls.crt"), self.path("tls.key")])
    }

    /// A rotation, and what it tells.
    fn told(&self) -> (Rotation, UnboundedReceiver<RotationEvent>) {
        let (sender, receiver) = unbounded_channel();
        let listener = move |event: &RotationEvent| sender.send(event.clone()).unwrap();
        (self.rotation().with_listener(listener), receiver)
    }

    fn shows(&self) -> String {
        self.tls.identity().unwrap().subject()
    }
}

fn failed(event: RotationEvent) -> Error {
    match event {
        RotationEvent::Failed(error) => error,
        RotationEvent::Replaced(identity) => panic!("replaced by {identity:?}"),
    }
}

fn replaced(event: RotationEvent) -> String {
    match event {
        RotationEvent::Failed(error) => panic!("{error}"),
        RotationEvent::Replaced(identity) => identity.subject(),
    }
}

#[test]
fn reads_the_files_anew_and_says_whether_they_changed() {
    let folder = Folder::new();
    let (rotation, mut told) = folder.told();
    assert!(rotation.reload().unwrap().is_none());
    assert!(told.try_recv().is_err());

    let pair = folder.authority.issue("second");
    folder.write(&pair);
    let new = rotation.reload().unwrap().unwrap();
    assert_eq!(rotation.tls().thumbprint(), Some(new.thumbprint()));
    assert_eq!(folder.tls.thumbprint(), Some(new.thumbprint()));
    assert_eq!(replaced(told.try_recv().unwrap()), "CN=second");
    // Another date, and another form of the same.
    fs::write(folder.path("tls.crt"), format!("# once more\r\n{}", pair.certificate)).unwrap();
    assert!(rotation.reload().unwrap().is_none());
}

#[test]
fn a_chain_alone_is_a_change() {
    let folder = Folder::new();
    let between = folder.authority.below("between");
    let pair = between.issue("second");
    folder.write(&pair);
    assert_eq!(folder.rotation().reload().unwrap().unwrap().chain_length(), 1);
    fs::write(folder.path("tls.crt"), format!("{}{}", pair.certificate, between.pem())).unwrap();
    assert_eq!(folder.rotation().reload().unwrap().unwrap().chain_length(), 2);
}

#[test]
fn what_is_half_written_or_bad_leaves_the_old_identity_and_is_told_once() {
    let folder = Folder::new();
    let (rotation, mut told) = folder.told();
    let pair = folder.authority.issue("second");
    let expired = folder.authority.issue_for_years("expired", 2020, 2021);
    let states: [(&str, &dyn Fn()); 5] = [
        ("belongs to another", &|| fs::write(folder.path("tls.crt"), &pair.certificate).unwrap()),
        ("", &|| fs::write(folder.path("tls.crt"), &pair.certificate[..200]).unwrap()),
        ("", &|| fs::write(folder.path("tls.crt"), "").unwrap()),
        ("cannot be read", &|| fs::remove_file(folder.path("tls.crt")).unwrap()),
        ("has expired", &|| folder.write(&expired)),
    ];
    for (words, make) in states {
        make();
        let error = rotation.reload().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(failed(told.try_recv().unwrap()).to_string(), error.to_string());
        assert_eq!(rotation.failure().unwrap().to_string(), error.to_string());
        rotation.reload().unwrap_err();
        assert!(told.try_recv().is_err(), "told again: {error}");
        assert_eq!(folder.shows(), "CN=first");
    }
    folder.write(&pair);
    rotation.reload().unwrap().unwrap();
    assert_eq!(replaced(told.try_recv().unwrap()), "CN=second");
    assert!(rotation.failure().is_none());
}

#[tokio::test(start_paused = true)]
async fn looks_at_the_files_by_itself_until_it_is_dropped() {
    let folder = Folder::new();
    folder.write(&folder.authority.issue("second"));
    let (rotation, mut told) = folder.told();
    let begun = Instant::now();
    let watch = rotation.start().unwrap();
    assert_eq!(replaced(told.recv().await.unwrap()), "CN=second");
    assert_eq!(begun.elapsed(), Duration::ZERO, "what changed before it began is seen at once");

    let pair = folder.authority.issue("third");
    fs::write(folder.path("tls.key"), &pair.key).unwrap();
    assert!(failed(told.recv().await.unwrap()).to_string().contains("belongs to another"));
    assert!(begun.elapsed() >= Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(folder.shows(), "CN=second");
    fs::write(folder.path("tls.crt"), &pair.certificate).unwrap();
    assert_eq!(replaced(told.recv().await.unwrap()), "CN=third");
    assert!(begun.elapsed() < Duration::from_secs(61), "{:?}", begun.elapsed());

    drop((watch, rotation));
    folder.write(&folder.authority.issue("fourth"));
    assert!(told.recv().await.is_none(), "the task and its listener are gone");
    assert_eq!(folder.shows(), "CN=third");
}

#[tokio::test(start_paused = true)]
async fn sees_a_file_that_is_renamed_into_place() {
    let folder = Folder::new();
    let (rotation, mut told) = folder.told();
    let _watch = rotation.with_interval(Duration::from_secs(5)).start().unwrap();
    let pair = folder.authority.issue("second");
    fs::write(folder.path("new.key"), &pair.key).unwrap();
    fs::write(folder.path("new.crt"), &pair.certificate).unwrap();
    fs::rename(folder.path("new.key"), folder.path("tls.key")).unwrap();
    fs::rename(folder.path("new.crt"), folder.path("tls.crt")).unwrap();
    // Between the two it may have looked: then it says so, and looks again.
    while let RotationEvent::Failed(error) = told.recv().await.unwrap() {
        assert!(error.to_string().contains("belongs to another"), "{error}");
    }
    assert_eq!(folder.shows(), "CN=second");
}

/// As the kubelet does it: `tls.crt` is a link to `..data/tls.crt`, and `..data` one to a folder with a date for its
/// name, which is replaced by a rename.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn sees_the_links_that_kubernetes_swaps() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    let secret = |name: &str, pair: &Pair| {
        fs::create_dir(folder.path(name)).unwrap();
        fs::write(folder.path(name).join("tls.crt"), &pair.certificate).unwrap();
        fs::write(folder.path(name).join("tls.key"), &pair.key).unwrap();
        symlink(name, folder.path("..data_tmp")).unwrap();
        fs::rename(folder.path("..data_tmp"), folder.path("..data")).unwrap();
    };
    for name in ["tls.crt", "tls.key"] {
        fs::remove_file(folder.path(name)).unwrap();
        symlink(Path::new("..data").join(name), folder.path(name)).unwrap();
    }
    secret("..2026_01_01", &folder.authority.issue("second"));
    let (rotation, mut told) = folder.told();
    let _watch = rotation.start().unwrap();
    assert_eq!(replaced(told.recv().await.unwrap()), "CN=second");
    secret("..2026_02_02", &folder.authority.issue("third"));
    fs::remove_dir_all(folder.path("..2026_01_01")).unwrap();
    assert_eq!(replaced(told.recv().await.unwrap()), "CN=third");
}

#[test]
fn wants_a_runtime_to_watch_and_none_to_reload() {
    let folder = Folder::new();
    assert_eq!(folder.rotation().start().unwrap_err().kind(), ErrorKind::Runtime);
    folder.rotation().reload().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_stops_nothing() {
    let folder = Folder::new();
    let (sender, mut receiver) = unbounded_channel();
    let rotation = folder.rotation().with_listener(move |event| {
        sender.send(event.clone()).unwrap();
        panic!("in a listener");
    });
    let _watch = rotation.start().unwrap();
    for name in ["second", "third"] {
        folder.write(&folder.authority.issue(name));
        assert_eq!(replaced(receiver.recv().await.unwrap()), format!("CN={name}"));
    }
}

#[test]
fn shows_no_key() {
    let folder = Folder::new();
    let key = fs::read_to_string(folder.path("tls.key")).unwrap();
    let (rotation, mut told) = folder.told();
    fs::write(folder.path("tls.crt"), &key).unwrap();
    rotation.reload().unwrap_err();
    let text = format!("{rotation:?} {:?}", told.try_recv().unwrap());
    assert!(key.lines().filter(|line| !line.contains("--")).all(|line| !text.contains(line)), "{text}");
}

#[test]
fn the_last_failure_is_told_while_the_files_are_read() {
    let folder = Folder::new();
    let (asked, rotation) = (Arc::new(Mutex::new(Vec::new())), Arc::new(std::sync::OnceLock::new()));
    let (asking, reading) = (Arc::clone(&asked), Arc::clone(&rotation));
    let made = Rotation::new(folder.tls, move || {
        let rotation: &Rotation = reading.get().unwrap();
        asking.lock().unwrap().push(rotation.failure().is_some());
        Err(Error::new(ErrorKind::Configuration, "it cannot be read"))
    });
    let rotation = rotation.get_or_init(|| made);
    rotation.reload().unwrap_err();
    rotation.reload().unwrap_err();
    assert_eq!(*asked.lock().unwrap(), [false, true]);
}

#[test]
fn nobody_reads_while_the_listener_is_told_what_was_read_before() {
    let folder = Folder::new();
    let turn = Arc::new(std::sync::OnceLock::<Arc<Mutex<()>>>::new());
    let taken = Arc::clone(&turn);
    let told = Arc::new(Mutex::new(0));
    let count = Arc::clone(&told);
    let rotation = folder.rotation().with_listener(move |_| {
        assert!(taken.get().unwrap().try_lock().is_err(), "another could read, and be told first");
        *count.lock().unwrap() += 1;
    });
    turn.get_or_init(|| Arc::clone(&rotation.turn));
    folder.write(&folder.authority.issue("second"));
    rotation.reload().unwrap().unwrap();
    assert_eq!(*told.lock().unwrap(), 1);
}
