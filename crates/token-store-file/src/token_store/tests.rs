//! The store over a source that counts, in a folder of its own.

use std::{fs, path::PathBuf, sync::atomic::AtomicUsize};

use claviger_auth_core::{ErrorKind, ManualClock};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

/// Issues `t1`, `t2`, …
#[derive(Clone, Debug, Default)]
struct Issuer {
    issued: Arc<AtomicUsize>,
    slow: bool,
}

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        if self.slow {
            time::sleep(Duration::from_millis(100)).await;
        }
        let number = self.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let token = AccessToken::bearer(&format!("swordfish{number}").into())?;
        Ok(token.with_expires_in(Duration::from_secs(3600)).with_scopes(["a", "b"]))
    }
}

struct Runs {
    folder: TempDir,
    issuer: Issuer,
    clock: ManualClock,
    key: Key,
    client_secret: &'static str,
}

impl Runs {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            issuer: Issuer::default(),
            clock: ManualClock::new(),
            key: Key::new("custom", "https://auth.example/token", "acme"),
            client_secret: "s",
        }
    }

    /// As another process has it: it shares nothing but the folder.
    fn store(&self) -> TokenStore {
        let folder = self.folder.path().join("claviger");
        TokenStore::builder(folder, self.key.clone())
            .with_client_secret(self.client_secret.into())
            .with_clock(self.clock.clone())
            .build(self.issuer.clone())
            .unwrap()
    }

    async fn cold(&self) -> String {
        let token = self.store().fetch(Fetch::Cold).await.unwrap();
        token.expose_secret().trim_start_matches("swordfish").to_owned()
    }

    fn file(&self, extension: &str) -> PathBuf {
        let name = format!("claviger/{}.{extension}", self.key.file_name());
        self.folder.path().join(name)
    }

    fn issued(&self) -> usize {
        self.issuer.issued.load(Ordering::Relaxed)
    }
}

fn shelf(store: &TokenStore) -> &Shelf {
    store.shelf.as_ref().unwrap()
}

fn number(token: &AccessToken) -> &str {
    token.expose_secret().trim_start_matches("swordfish")
}

#[tokio::test]
async fn twenty_runs_make_one_token_request() {
    let runs = Runs::new();
    let store = runs.store();
    assert_eq!(number(&store.fetch(Fetch::Cold).await.unwrap()), "1");
    assert!(!store.last_was_kept());
    runs.clock.advance(Duration::from_secs(60));
    for _ in 0..20 {
        let store = runs.store();
        let token = store.fetch(Fetch::Cold).await.unwrap();
        assert_eq!(number(&token), "1");
        assert_eq!((token.expires_in().unwrap().as_secs(), token.scopes().len()), (3540, 2));
        assert!(store.last_was_kept());
    }
    assert_eq!(runs.issued(), 1);
    runs.clock.advance(Duration::from_secs(3530));
    assert_eq!(runs.cold().await, "2", "the first has come too near its end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_at_once_make_one_token_request() {
    let mut runs = Runs::new();
    runs.issuer.slow = true;
    let stores: Vec<_> = (0..20).map(|_| runs.store()).collect();
    let tasks: Vec<_> = stores
        .into_iter()
        .map(|store| tokio::spawn(async move { store.fetch(Fetch::Cold).await.unwrap() }))
        .collect();
    for task in tasks {
        assert_eq!(number(&task.await.unwrap()), "1");
    }
    assert_eq!(runs.issued(), 1);
}

#[tokio::test]
async fn never_hands_back_what_was_rejected() {
    let runs = Runs::new();
    let (one, other) = (runs.store(), runs.store());
    let first = one.fetch(Fetch::Cold).await.unwrap();
    let second = one.fetch(Fetch::Rejected(&first)).await.unwrap();
    assert_eq!(number(&second), "2");
    // Another process had the first one too: what was fetched meanwhile is good for it as well.
    let third = other.fetch(Fetch::Rejected(&first)).await.unwrap();
    assert_eq!((number(&third), runs.issued()), ("2", 2));
    assert!(third.age() < Duration::from_secs(5), "a cache leaves it alone for a while");
    assert_eq!(runs.cold().await, "2");
    assert_eq!(number(&other.fetch(Fetch::Early).await.unwrap()), "3", "ahead of its end it is replaced");
}

#[tokio::test]
async fn another_client_or_secret_gets_another_token() {
    let mut runs = Runs::new();
    assert_eq!(runs.cold().await, "1");
    runs.client_secret = "mistyped";
    assert_eq!(runs.cold().await, "2");
    runs.key = Key::new("custom", "https://auth.example/token", "other");
    assert_eq!(runs.cold().await, "3");
    assert_eq!(
        fs::read_dir(runs.folder.path().join("claviger")).unwrap().count(),
        4,
        "two tokens, two locks"
    );
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_it_fetch() {
    let runs = Runs::new();
    assert_eq!(runs.cold().await, "1");
    runs.clock.set_wall(runs.clock.wall() - Duration::from_secs(3600));
    assert_eq!(runs.cold().await, "2");
}

#[tokio::test]
async fn replaces_what_cannot_be_used_and_says_so() {
    let runs = Runs::new();
    runs.cold().await;
    let good = fs::read_to_string(runs.file("json")).unwrap();
    for bad in ["", "swordfish", good.get(..40).unwrap(), &good.replace("\"version\":1", "\"version\":9")] {
        fs::write(runs.file("json"), bad).unwrap();
        let store = runs.store();
        store.fetch(Fetch::Cold).await.unwrap();
        let said = shelf(&store).warning.get().unwrap();
        assert!(said.contains("another is fetched") && !said.contains("sword"), "{said}");
        let store = runs.store();
        store.fetch(Fetch::Cold).await.unwrap();
        assert!(shelf(&store).warning.get().is_none(), "it was replaced");
    }
    assert_eq!(runs.issued(), 5);
}

#[tokio::test(start_paused = true)]
async fn goes_on_without_it_when_another_process_hangs() {
    let runs = Runs::new();
    let store = runs.store();
    let lock = shelf(&store).file.try_lock().unwrap().unwrap();
    assert_eq!(number(&store.fetch(Fetch::Cold).await.unwrap()), "1");
    assert!(shelf(&store).warning.get().unwrap().contains("holds on"));
    assert!(!runs.file("json").exists(), "what is not ours is not written");
    drop(lock);
    assert_eq!(runs.cold().await, "2");
}

#[tokio::test(start_paused = true)]
async fn waits_for_as_long_as_another_process_may_take() {
    // The second is there just before patience ends, when nobody looks but the one last time.
    for (millis, holds) in [(30_000, false), (34_999, true)] {
        let runs = Runs::new();
        let (one, other) = (runs.store(), runs.store());
        let other = Arc::clone(other.shelf.as_ref().unwrap());
        let lock = other.file.try_lock().unwrap().unwrap();
        let holder = tokio::spawn(async move {
            time::sleep(Duration::from_millis(millis)).await;
            let token = AccessToken::bearer(&"swordfish-of-the-other".into()).unwrap();
            let now = other.clock.wall();
            let owner = Owner { certificate: None, client_secret: Some("s".into()) };
            let bytes = Kept::new(token, now, &owner).unwrap().encode().unwrap();
            other.file.write(&bytes, &lock).unwrap();
            holds.then_some(lock)
        });
        let token = one.fetch(Fetch::Cold).await.unwrap();
        assert_eq!((number(&token), runs.issued()), ("-of-the-other", 0), "{millis}");
        assert!(one.last_was_kept() && shelf(&one).warning.get().is_none());
        holder.await.unwrap();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn replaces_what_others_may_read_and_what_is_no_file() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let runs = Runs::new();
    runs.cold().await;
    let (path, elsewhere) = (runs.file("json"), runs.folder.path().join("elsewhere"));
    let expose = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    let spoil: [&dyn Fn(); 4] = [
        &|| expose(0o640),
        &|| expose(0o604),
        &|| {
            fs::rename(&path, &elsewhere).unwrap();
            symlink(&elsewhere, &path).unwrap();
        },
        &|| {
            fs::remove_file(&path).unwrap();
            rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
        },
    ];
    for (index, spoil) in spoil.into_iter().enumerate() {
        spoil();
        let store = runs.store();
        let token = time::timeout(Duration::from_secs(20), store.fetch(Fetch::Cold)).await.unwrap().unwrap();
        assert_eq!(number(&token), (index + 2).to_string());
        let said = shelf(&store).warning.get().unwrap();
        assert!(said.contains("another is fetched"), "{said}");
        let made = fs::symlink_metadata(&path).unwrap();
        assert!(made.is_file() && made.permissions().mode() & 0o777 == 0o600);
    }
}

#[tokio::test]
async fn a_failed_fetch_leaves_the_lock_to_others() {
    struct Refused;

    #[async_trait]
    impl TokenSource for Refused {
        async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
            Err(Error::new(ErrorKind::CredentialsRefused, "no"))
        }
    }

    let runs = Runs::new();
    let mut store = runs.store();
    store.source = Arc::new(Refused);
    for _ in 0..2 {
        assert_eq!(store.fetch(Fetch::Cold).await.unwrap_err().kind(), ErrorKind::CredentialsRefused);
    }
    assert!(shelf(&store).warning.get().is_none());
    assert_eq!(runs.cold().await, "1");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_takes_nothing_fails_no_request() {
    let runs = Runs::new();
    let store = runs.store();
    // Not by its permissions, which root does not heed: something else is in the place of the files.
    fs::create_dir(runs.file("lock")).unwrap();
    assert_eq!(number(&store.fetch(Fetch::Cold).await.unwrap()), "1");
    let words = shelf(&store).warning.get().unwrap();
    assert!(words.contains("not kept") && words.contains(MEND) && words.ends_with(".json)"), "{words}");
    fs::remove_dir(runs.file("lock")).unwrap();
    fs::create_dir(runs.file("new")).unwrap();
    let store = runs.store();
    assert_eq!(number(&store.fetch(Fetch::Cold).await.unwrap()), "2");
    assert!(shelf(&store).warning.get().unwrap().contains("not kept"));
}

#[tokio::test]
async fn without_a_folder_it_passes_on_what_is_fetched() {
    let runs = Runs::new();
    fs::write(runs.folder.path().join("claviger"), "in its place").unwrap();
    let told = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&told);
    let store = TokenStore::builder(runs.folder.path().join("claviger"), runs.key.clone())
        .with_warning(move |words| {
            assert!(words.starts_with("tokens are not kept: ") && words.ends_with("claviger)"), "{words}");
            count.fetch_add(1, Ordering::Relaxed);
        })
        .build(runs.issuer.clone())
        .unwrap();
    for expected in ["1", "2"] {
        assert_eq!(number(&store.fetch(Fetch::Cold).await.unwrap()), expected);
    }
    assert_eq!((told.load(Ordering::Relaxed), store.last_was_kept()), (1, false));
}

#[tokio::test]
async fn shows_no_secret() {
    let store = Runs::new().store();
    let token = store.fetch(Fetch::Cold).await.unwrap();
    assert!(token.expose_secret().contains("swordfish"), "there was one to be found");
    let builder = TokenStore::builder("a", Runs::new().key).with_client_secret("swordfish".into());
    assert!(!format!("{store:?} {builder:?}").contains("swordfish"));
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_kept_no_longer_and_no_other() {
    let runs = Runs::new();
    let store = runs.store();
    assert!(store.kept().await.unwrap().is_none(), "none is fetched for that");
    let token = store.fetch(Fetch::Cold).await.unwrap();
    assert_eq!(number(&store.kept().await.unwrap().unwrap()), "1");
    let other = runs.store().fetch(Fetch::Rejected(&token)).await.unwrap();
    store.forget(&token).await.unwrap();
    assert_eq!(number(&store.kept().await.unwrap().unwrap()), "2");
    store.forget(&other).await.unwrap();
    assert!(store.kept().await.unwrap().is_none());
    store.forget(&other).await.unwrap();
    assert_eq!(runs.cold().await, "3");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_no_kept_token_that_is_missing() {
    let runs = Runs::new();
    let store = runs.store();
    let token = store.fetch(Fetch::Cold).await.unwrap();
    fs::write(runs.file("json"), "swordfish").unwrap();
    for error in [store.kept().await.unwrap_err(), store.forget(&token).await.unwrap_err()] {
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let words = error.to_string();
        assert!(words.starts_with("the kept token cannot be used: it is damaged (/"), "{words}");
        assert!(words.ends_with(".json)") && !words.contains("swordfish"), "{words}");
    }
    assert!(shelf(&store).warning.get().is_none(), "it is told to the caller");
}
