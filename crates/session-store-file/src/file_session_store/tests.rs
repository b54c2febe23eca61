//! Sessions on disk, and what somebody may have done to them.

use std::{fs, path::Path};

use claviger_oauth_code::{MemorySessionStore, Session};
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, TokenRequest,
};
use http_body_util::Full;
use tempfile::TempDir;

use super::*;

/// A session as a login brings it.
async fn session() -> StoredSession {
    let client = tower::service_fn(|_: http::Request<Full<bytes::Bytes>>| async move {
        let answer = r#"{"access_token":"swordfish","refresh_token":"marlin","expires_in":3600}"#;
        Ok::<_, std::convert::Infallible>(http::Response::new(Full::<bytes::Bytes>::from(answer)))
    });
    let acme = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
    let endpoint = TokenEndpoint::builder("https://auth.example/token", acme).build(client).unwrap();
    let answer = endpoint.request(&TokenRequest::device_code("d".into())).await.unwrap();
    let store = MemorySessionStore::new();
    Session::new(endpoint, store.clone()).begin(&answer).await.unwrap();
    store.load().await.unwrap().unwrap()
}

fn builder(folder: &TempDir) -> FileSessionStoreBuilder {
    let name = SessionName::new("work", "https://auth.example/token", "acme");
    FileSessionStore::builder(folder.path().join("sessions"), name)
}

fn sealed(folder: &TempDir, byte: u8) -> FileSessionStore {
    builder(folder).with_key(SealKey::from_bytes(&[byte; 32]).unwrap()).build().unwrap()
}

async fn saved(store: &FileSessionStore) -> &Path {
    store.lock().await.unwrap().save(&session().await).await.unwrap();
    store.shelf.file.path()
}

/// What it says of a file that is there; missing ones are no error.
async fn says(store: &FileSessionStore) -> String {
    let error = store.load().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let subject = store.shelf.subject();
    assert_eq!(error.subject(), Some(&*subject));
    let all = format!("{error:?} {error}");
    assert!(!all.contains("swordfish") && !all.contains("marlin"), "{all}");
    error.to_string().replace(&format!(" ({subject})"), "")
}

#[tokio::test]
async fn what_is_saved_is_found_by_another_and_sealed_with_a_key() {
    for key in [None, Some(7)] {
        let folder = tempfile::tempdir().unwrap();
        let store = || match key {
            Some(byte) => sealed(&folder, byte),
            None => builder(&folder).build().unwrap(),
        };
        assert!(store().load().await.unwrap().is_none());
        let path = saved(&store()).await.to_owned();
        let back = store().load().await.unwrap().unwrap();
        assert_eq!(back.refresh_token().unwrap().expose_secret(), "marlin");
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(text.contains("swordfish") && text.contains("marlin"), key.is_none(), "{text}");
        assert_eq!(text.contains("swordfish") || text.contains("marlin"), key.is_none(), "{text}");
        let mut lock = store().lock().await.unwrap();
        lock.remove().await.unwrap();
        assert!(lock.load().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_wrong_key_a_missing_one_and_damage_each_have_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let (with, without) = (sealed(&folder, 7), builder(&folder).build().unwrap());
    let path = saved(&with).await;
    assert_eq!(says(&sealed(&folder, 8)).await, "the stored session was sealed with another key");
    assert_eq!(says(&without).await, "the stored session is sealed, and there is no key");
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, &text[..text.len() - 9]).unwrap();
    assert_eq!(says(&with).await, "the stored session is damaged");

    saved(&without).await;
    assert_eq!(says(&with).await, "the stored session is not sealed, though there is a key");
    for bad in ["", "{\"version\":1}", "swordfish"] {
        fs::write(path, bad).unwrap();
        assert_eq!(says(&without).await, "the stored session is damaged", "{bad}");
    }
    // A login mends whatever it was.
    saved(&without).await;
    assert!(without.load().await.unwrap().is_some());
}

#[tokio::test]
async fn one_that_has_ended_lies_beside() {
    let folder = tempfile::tempdir().unwrap();
    let store = builder(&folder).build().unwrap();
    let path = saved(&store).await;
    store.lock().await.unwrap().set_aside().await.unwrap();
    assert!(store.load().await.unwrap().is_none());
    assert!(fs::read_to_string(path.with_extension("ended")).unwrap().contains("marlin"));
    store.lock().await.unwrap().remove().await.unwrap();
    assert!(!path.with_extension("ended").exists(), "until somebody logs out");
}

#[tokio::test]
async fn another_name_is_another_session() {
    let folder = tempfile::tempdir().unwrap();
    let store = builder(&folder).build().unwrap();
    saved(&store).await;
    let elsewhere = SessionName::new("work", "https://elsewhere.example/token", "acme");
    let other = FileSessionStore::builder(folder.path().join("sessions"), elsewhere).build().unwrap();
    assert!(other.load().await.unwrap().is_none(), "its refresh token goes nowhere else");
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_has_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (builder(&folder).build().unwrap(), builder(&folder).build().unwrap());
    let lock = one.lock().await.unwrap();
    let waiting = time::timeout(Duration::from_secs(1), other.lock()).await;
    assert!(waiting.is_err());
    drop(lock);
    other.lock().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn what_others_could_have_been_at_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let store = builder(&folder).build().unwrap();
    let path = saved(&store).await;
    let chmod = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let sessions = path.parent().unwrap();
    assert_eq!(fs::metadata(sessions).unwrap().permissions().mode() & 0o777, 0o700);
    for mode in [0o640, 0o604, 0o620, 0o602] {
        chmod(path, mode);
        assert_eq!(says(&store).await, "the session cannot be read", "{mode:o}");
    }
    chmod(path, 0o600);
    assert!(store.load().await.unwrap().is_some());
    chmod(sessions, 0o770);
    let error = builder(&folder).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.advice().contains("chmod 700"), "{}", error.advice());
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sessions"), "in its place").unwrap();
    let error = builder(&folder).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let store = sealed(&folder, 7);
    let builder = builder(&folder).with_key(SealKey::from_bytes(&[7; 32]).unwrap());
    assert!(!format!("{store:?} {builder:?}").contains("7, 7"));
}
