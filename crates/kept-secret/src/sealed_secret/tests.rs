//! Sealed secrets, and what somebody may have done to their files.

use std::{fs, thread};

use tempfile::TempDir;

use super::*;

fn secret(folder: &TempDir, name: &str) -> SealedSecret {
    SealedSecret::new(folder.path(), name)
}

fn key(byte: u8) -> SealKey {
    SealKey::from_bytes(&[byte; 32]).unwrap()
}

fn text(secret: &SealedSecret) -> String {
    secret.load(None).unwrap().expose_secret().to_owned()
}

/// What it says, and that it says nothing of the secret.
fn says(secret: &SealedSecret) -> String {
    says_with(secret, None)
}

fn says_with(secret: &SealedSecret, key: Option<SealKey>) -> String {
    let error = secret.load(key).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let all = format!("{error:?} {error} {}", error.advice());
    assert!(!all.contains("fish"), "{all}");
    error.to_string()
}

#[test]
fn is_put_there_found_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["acme", "../acme", "Ä/c:me\n", ""] {
        let secret = secret(&folder, name);
        assert!(says(&secret).contains("there is no secret of this name"));
        for word in ["swordfish", "a catfish"] {
            secret.set(&word.into(), None).unwrap();
            assert_eq!(text(&secret), word);
        }
        assert!(secret.forget().unwrap());
        assert!(!secret.forget().unwrap());
        assert!(says(&secret).contains("there is no secret of this name"));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing beside its folder");
}

#[test]
fn nothing_of_it_can_be_read_without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (secret(&folder, "one"), secret(&folder, "other"));
    one.set(&"swordfish".into(), None).unwrap();
    other.set(&"swordfish".into(), Some(key(7))).unwrap();
    for (secret, key) in [(&one, None), (&other, Some(key(7)))] {
        assert_eq!(secret.load(key).unwrap().expose_secret(), "swordfish");
        let file = fs::read_to_string(secret.path()).unwrap();
        assert!(file.starts_with("claviger sealed secret 1 ") && !file.contains("fish"), "{file}");
        assert!(!format!("{secret:?}").contains("fish"));
    }
    assert!(says_with(&other, Some(key(8))).contains("sealed with another key"));
    assert!(says(&other).contains("sealed with another key"));
    fs::remove_file(folder.path().join("secrets/seal.key")).unwrap();
    assert!(says(&one).contains("the key that the secret was sealed with is not there"));
    assert!(other.load(Some(key(7))).is_ok(), "which has no need of it");
    one.set(&"marlin".into(), None).unwrap();
    assert_eq!(text(&one), "marlin", "sealed anew");
}

#[test]
fn what_was_half_written_goes_too() {
    let folder = tempfile::tempdir().unwrap();
    let secret = secret(&folder, "acme");
    assert!(!secret.forget().unwrap());
    secret.set(&"swordfish".into(), None).unwrap();
    let half = secret.path().with_extension("new");
    fs::copy(secret.path(), &half).unwrap();
    assert!(secret.forget().unwrap() && !half.exists());
}

#[test]
fn one_does_not_pass_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (secret(&folder, "one"), secret(&folder, "other"));
    one.set(&"swordfish".into(), None).unwrap();
    fs::copy(one.path(), other.path()).unwrap();
    assert!(says(&other).contains("damaged"));
    for bad in ["", "swordfish", "claviger sealed secret 1 "] {
        fs::write(one.path(), bad).unwrap();
        assert!(says(&one).contains("damaged"), "{bad}");
    }
    fs::write(one.path(), "claviger sealed secret 2 x\ny\n").unwrap();
    assert!(says(&one).contains("another version"));
    fs::write(folder.path().join("secrets/seal.key"), "swordfish").unwrap();
    assert!(says(&one).contains("not 32 bytes in base64"));
    assert!(one.set(&"marlin".into(), None).is_err(), "what others were sealed with may be got back");
}

#[test]
fn two_that_are_first_at_once_have_one_key() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let secrets = ["one", "other", "third"].map(|name| secret(&folder, name));
        let setting =
            secrets.clone().map(|secret| thread::spawn(move || secret.set(&"swordfish".into(), None)));
        for set in setting {
            set.join().unwrap().unwrap();
        }
        assert!(secrets.iter().all(|secret| text(secret) == "swordfish"));
    }
}

#[cfg(unix)]
#[test]
fn is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let secret = secret(&folder, "acme");
    secret.set(&"swordfish".into(), None).unwrap();
    let inside = folder.path().join("secrets");
    assert_eq!(fs::metadata(&inside).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&inside).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    for file in [secret.path().to_owned(), inside.join("seal.key")] {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(says(&secret).contains("others may have read it"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o770)).unwrap();
    assert!(says(&secret).contains("others may write there"));
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(says(&secret).contains("others may write there"));
    assert!(secret.set(&"marlin".into(), None).is_err());
}
