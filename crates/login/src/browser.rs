//! Opens the user's browser.

use std::{
    ffi::{OsStr, OsString},
    process::Stdio,
};

use tokio::process::Command;

/// Starts the first of these programs that can be started, else the platform's own opener, with the URL as its one
/// argument. No shell reads it.
///
/// It is given none of the variables that have `secrets` in them. Returns whether one was started; what becomes of it
/// nobody waits for, and who interrupts this program does not end it.
pub(crate) fn open(chosen: Option<&OsStr>, url: &str, secrets: &[&str]) -> bool {
    match chosen {
        // A list, as with other programs that read $BROWSER.
        Some(chosen) => std::env::split_paths(chosen)
            .filter(|program| !program.as_os_str().is_empty())
            .any(|program| start(program.as_os_str(), &[], url, secrets)),
        None => {
            let (program, arguments) = opener();
            start(OsStr::new(program), arguments, url, secrets)
        }
    }
}

fn start(program: &OsStr, arguments: &[&str], url: &str, secrets: &[&str]) -> bool {
    let mut command = Command::new(program);
    // What it says is for nobody here, and what only this program should know is not for it.
    command.args(arguments).arg(OsString::from(url)).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null());
    for name in OURS.iter().chain(secrets) {
        command.env_remove(name);
    }
    #[cfg(unix)]
    command.process_group(0);
    command.spawn().is_ok()
}

/// The variables of this program that have secrets in them.
const OURS: [&str; 3] = ["CLAVIGER_CLIENT_SECRET", "CLAVIGER_SEAL_KEY", "CLAVIGER_SESSION_KEY"];

fn opener() -> (&'static str, &'static [&'static str]) {
    if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else {
        ("xdg-open", &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn starts_none_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = folder.path().join("nothing");
        assert!(!open(Some(nothing.as_os_str()), "https://auth.example/", &[]));
        assert!(!open(Some(OsStr::new("")), "https://auth.example/", &[]));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn gives_the_url_as_one_word_to_the_first_that_is_there() {
        use std::{fs, os::unix::fs::PermissionsExt};

        let folder = tempfile::tempdir().unwrap();
        let (program, said) = (folder.path().join("browser"), folder.path().join("said"));
        // A pipe is opened by both ends at once: who reads it waits for the program.
        assert!(std::process::Command::new("mkfifo").arg(&said).status().unwrap().success());
        fs::write(&program, format!("#!/bin/sh\nprintf '%s|' \"$@\" > '{}'\n", said.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        let list = std::env::join_paths([folder.path().join("nothing"), program]).unwrap();
        let url = "https://auth.example/?a=$(id)&b='c d'";
        assert!(open(Some(&list), url, &[]));
        let said = tokio::task::spawn_blocking(move || fs::read_to_string(said)).await.unwrap().unwrap();
        assert_eq!(said, format!("{url}|"));
    }
}
