//! `claviger secret`: put in its place, found there by everything else, and never shown.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    thread,
};

use tokio::task::spawn_blocking;

use crate::{
    program_runs::{Ran, STATE, Terminal, program_in},
    real_software::needs,
};

const REQUEST: &str = "--profile clarus request GET /api/products";

async fn set(terminal: &Terminal, secret: &str) -> Ran {
    terminal.run_with(&["secret", "set", "clarus"], secret).await
}

/// A terminal whose profile has its secret put away by a name.
async fn terminal(place: &str) -> (Terminal, String) {
    let mut terminal = Terminal::new().await;
    // Also where the program was built to ask a keyring, as it is for these tests.
    terminal.set("CLAVIGER_SECRETS", place);
    terminal.edit("claviger.toml", |text| {
        text.replace("{ file = \"clarus/secret.txt\" }", "{ keyring = \"sandbox\" }")
    });
    let right = terminal.sandbox.sandbox.clarus().client_secret();
    (terminal, right)
}

#[tokio::test]
async fn a_secret_that_is_named_is_sealed_and_found_by_its_name() {
    let (terminal, right) = terminal("sealed").await;
    let ran = terminal.run(REQUEST).await;
    assert_eq!((ran.code, &*ran.stdout), (2, ""), "{ran:?}");
    assert!(ran.stderr.contains("profiles.clarus.client_secret, sandbox, "), "{ran:?}");
    assert!(ran.stderr.contains("there is no secret of this name"), "{ran:?}");
    assert!(ran.stderr.contains("try: put it there: claviger secret set PROFILE\n"), "{ran:?}");

    let ran = set(&terminal, "swordfish\n").await;
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(ran.stderr.contains("the secret is in its place (client_secret, sandbox, sealed in "), "{ran:?}");
    assert!(!ran.stderr.contains("swordfish"), "{ran:?}");
    assert_eq!(terminal.run(REQUEST).await.code, 3, "it is a wrong one");
    assert_eq!(set(&terminal, &right).await.code, 0, "replaced in place");
    assert_eq!(terminal.run(REQUEST).await.code, 0);
    let ran = terminal.run("--profile clarus check").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("by the name sandbox, named at"), "{ran:?}");

    let folder = terminal.path(STATE).join("secrets");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&right) && !text.contains("swordfish"), "{}", path.display());
    }
    for words in ["the secret is gone (client_secret, ", "the secret was not there"] {
        let ran = terminal.run("secret forget clarus").await;
        assert_eq!((ran.code, ran.stderr.contains(words)), (0, true), "{ran:?}");
    }
    assert_eq!(terminal.run(REQUEST).await.code, 2);
}

#[tokio::test]
async fn a_secret_is_sealed_with_the_key_that_is_given() {
    let (mut terminal, right) = terminal("sealed").await;
    terminal.write("seal.txt", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n");
    let file = terminal.path("seal.txt");
    terminal.set("CLAVIGER_SEAL_KEY_FILE", file.to_str().unwrap());
    assert_eq!(set(&terminal, &right).await.code, 0);
    assert_eq!(terminal.run(REQUEST).await.code, 0);
    assert!(!terminal.path(STATE).join("secrets/seal.key").exists());
    terminal.set("CLAVIGER_SEAL_KEY_FILE", "");
    terminal.set("CLAVIGER_SEAL_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    assert_eq!(terminal.run(REQUEST).await.code, 0, "it is the same key");

    for (key, words) in [
        ("CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=", "the secret was sealed with another key"),
        ("swordfish", "the key is not 32 bytes in base64"),
    ] {
        terminal.set("CLAVIGER_SEAL_KEY", key);
        let ran = terminal.run(REQUEST).await;
        assert_eq!((ran.code, ran.stderr.contains(words)), (2, true), "{ran:?}");
        assert!(!ran.stderr.contains("swordfish"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_keyring_that_is_not_there_is_told() {
    // Whether the program was built to ask one or not: there is none without a session of the desktop.
    let (terminal, right) = terminal("keyring").await;
    for ran in [set(&terminal, &right).await, terminal.run(REQUEST).await] {
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains("keyring") && ran.stderr.contains("sealed"), "{ran:?}");
    }
}

#[tokio::test]
async fn who_interrupts_the_question_has_the_terminal_back() {
    let Some(script) = needs("script") else { return };
    let terminal = Terminal::new().await;
    let program = program_in(&terminal.path("."));
    let words = format!(
        "trap : INT TERM; sh -c 'echo pid $$ .; exec {} --config claviger.toml secret set clarus'; echo code $?; stty -a",
        program.get_program().to_str().unwrap()
    );
    for (is_typed, code) in [(true, 130), (false, 143)] {
        let mut command = Command::new(&script);
        command.args(["-qec", &words, "/dev/null"]).current_dir(terminal.path("."));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = spawn_blocking(move || {
            let mut typed = child.stdin.take().unwrap();
            let mut shown = BufReader::new(child.stdout.take().unwrap());
            let mut said = Vec::new();
            while !said.ends_with(b"not shown: ") {
                assert!(shown.read_until(b' ', &mut said).unwrap() > 0, "{}", String::from_utf8_lossy(&said));
            }
            let id = String::from_utf8_lossy(&said).split_whitespace().nth(1).unwrap().to_owned();
            // It asks first, and hides what is typed a moment later.
            while echoes(&id) {
                thread::yield_now();
            }
            if is_typed {
                typed.write_all(b"sword\x03").unwrap();
            } else {
                assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
            }
            shown.read_to_end(&mut said).unwrap();
            child.wait().unwrap();
            String::from_utf8(said).unwrap()
        });
        let said = said.await.unwrap();
        assert!(said.contains(&format!("code {code}\r\n")) && !said.contains("sword"), "{said}");
        assert!(said.split_whitespace().any(|word| word == "echo"), "what is typed shows again: {said}");
    }
}

/// Tells whether the terminal of a process shows what is typed.
fn echoes(id: &str) -> bool {
    let settings = Command::new("stty").args(["-a", "-F", &format!("/proc/{id}/fd/0")]).output().unwrap();
    assert!(settings.status.success(), "{settings:?}");
    String::from_utf8_lossy(&settings.stdout).split_whitespace().any(|word| word == "echo")
}

#[tokio::test]
async fn a_secret_is_put_where_the_profile_looks_for_it() {
    let terminal = Terminal::new().await;
    let right = terminal.sandbox.sandbox.clarus().client_secret();
    let ran = set(&terminal, "swordfish\n").await;
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(
        ran.stderr.contains("the secret is in its place (client_secret, ")
            && !ran.stderr.contains("swordfish"),
        "{ran:?}"
    );
    assert_eq!(terminal.run(REQUEST).await.code, 3, "it is a wrong one");
    assert_eq!(set(&terminal, &right).await.code, 0);
    assert_eq!(terminal.run(REQUEST).await.code, 0);
    let file = terminal.path("clarus/secret.txt");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let before = fs::read(&file).unwrap();
    for bad in ["", "\n", "sword\nfish\n", "sword\u{1b}fish"] {
        let ran = set(&terminal, bad).await;
        assert_eq!((ran.code, ran.stderr.contains("fish")), (2, false), "{bad:?}: {ran:?}");
        assert_eq!(fs::read(&file).unwrap(), before);
    }
    for words in [
        "secret set clarus-login",
        "secret set nobody",
        "secret set",
        "secret show clarus",
        "secret set clarus --setting token",
    ] {
        assert_eq!(terminal.run(words).await.code, 2, "{words}");
    }
    for words in ["the secret is gone (client_secret, ", "the secret was not there"] {
        let ran = terminal.run("secret forget clarus").await;
        assert_eq!((ran.code, ran.stderr.contains(words)), (0, true), "{ran:?}");
        assert!(!file.exists());
    }
    assert_eq!(set(&terminal, "swordfish").await.code, 0, "it is made anew");
}
