//! The program, when something is wrong: an exit code for scripts, and words that say what to do.

use std::{fs, os::unix::fs::PermissionsExt as _};

use claviger_sandbox::{Fault, Target, Times};

use crate::program_runs::{Ran, Terminal};

const REQUEST: &str = "request GET /api/v3/transactions";

/// A way to get it wrong: the exit code, some of the words, and how it is brought about.
struct Mistake {
    name: &'static str,
    code: i32,
    words: &'static str,
    make: fn(&mut Terminal),
    run: &'static str,
}

const fn mistake(name: &'static str, code: i32, words: &'static str, make: fn(&mut Terminal)) -> Mistake {
    Mistake { name, code, words, make, run: REQUEST }
}

fn mistakes() -> Vec<Mistake> {
    let custom = "--profile custom request GET /api/v3/transactions";
    vec![
        mistake("a wrong secret", 3, "invalid_client", |terminal| {
            terminal.set("CLAVIGER_CLIENT_SECRET", "swordfish");
        }),
        Mistake {
            run: custom,
            ..mistake("a missing certificate", 4, "demands a client certificate", |terminal| {
                terminal.edit("claviger.toml", |text| without(text, &["cert_file", "key_file"]));
            })
        },
        mistake("a missing certificate file", 2, "no client certificate", |terminal| {
            // The CA alone is left, which belongs to no key.
            fs::remove_file(terminal.path("clara/client.crt")).unwrap();
            fs::remove_file(terminal.path("clara/ca.pem")).unwrap();
        }),
        mistake("a foreign CA", 4, "an authority that is not trusted", |terminal| {
            let foreign = terminal.sandbox.clara().client_ca_pem().to_owned();
            terminal.write("ca.pem", &foreign);
        }),
        mistake("a certificate of another authority", 4, "does not know the authority", |terminal| {
            let foreign = terminal.sandbox.clara().issue_foreign_client_certificate("acme").unwrap();
            terminal.write("clara/client.crt", foreign.certificate_pem());
            terminal.write("clara/client.key", &foreign.key_pem());
        }),
        mistake("an expired certificate", 2, "has expired", |terminal| {
            let expired = terminal.sandbox.clara().issue_expired_client_certificate("acme").unwrap();
            terminal.write("clara/client.crt", expired.certificate_pem());
            terminal.write("clara/client.key", &expired.key_pem());
        }),
        mistake("the key of another certificate", 2, "belongs to another certificate", |terminal| {
            let other = terminal.sandbox.clara().issue_client_certificate("other").unwrap();
            terminal.write("clara/client.key", &other.key_pem());
        }),
        Mistake { run: "--profile nobody token", ..mistake("an unknown profile", 2, "profile", |_| {}) },
        mistake("a truncated key", 2, "client.key", |terminal| truncate(terminal, "clara/client.key")),
        mistake("a truncated certificate", 2, "client.crt", |terminal| {
            truncate(terminal, "clara/client.crt")
        }),
        mistake("truncated credentials", 2, "credentials.json", |terminal| {
            truncate(terminal, "clara/credentials.json");
        }),
        mistake("wrong TOML", 2, "claviger.toml", |terminal| {
            terminal.edit("claviger.toml", |text| format!("{text}\n[profiles.broken\n"));
        }),
        mistake("a misspelt setting", 2, "enviroment", |terminal| {
            terminal.edit("claviger.toml", |text| text.replace("environment", "enviroment"));
        }),
        mistake("settings that others may write", 2, "others may write", |terminal| {
            let path = terminal.path("claviger.toml");
            fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
        }),
        mistake("no settings", 2, "no settings file", |terminal| {
            fs::remove_file(terminal.path("claviger.toml")).unwrap();
        }),
        mistake("a pipe in the place of the settings", 2, "a pipe, a socket or a device", |terminal| {
            let path = terminal.path("claviger.toml");
            fs::remove_file(&path).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
        mistake("no folder of credentials", 2, "cannot be read", |terminal| {
            fs::remove_dir_all(terminal.path("clara")).unwrap();
        }),
        mistake("a server that is not there", 4, "refused", |terminal| {
            let port = terminal.sandbox.clara().address().port().to_string();
            // Nobody listens on 127.0.0.3.
            let away = format!("127.0.0.3:{port}");
            terminal.edit("claviger.toml", |text| text.replace(&format!("127.0.0.1:{port}"), &away));
        }),
        mistake("a token endpoint that is down", 5, "503", |terminal| {
            terminal.sandbox.clara().play(Target::Token, Fault::Unavailable, Times::ONCE);
        }),
        mistake("a token endpoint that redirects", 5, "redirect", |terminal| {
            terminal.sandbox.clara().play(Target::Token, Fault::Redirect, Times::ONCE);
        }),
        mistake("a token endpoint that echoes", 2, "found the request wrong", |terminal| {
            terminal.sandbox.clara().play(Target::Token, Fault::EchoSecret, Times::ONCE);
        }),
        mistake("a wrong token URL", 2, "no token endpoint", |terminal| {
            terminal.edit("claviger.toml", |text| text.replace("/oauth/token", "/oauth/tokens"));
        }),
        Mistake {
            run: "request GET https://evil.example/",
            ..mistake("another origin", 2, "evil.example", |_| {})
        },
        Mistake {
            run: "request GET /api/v3/users --tenant nonsense",
            ..mistake("a tenant that is none", 2, "tax number", |_| {})
        },
    ]
}

fn without(text: &str, names: &[&str]) -> String {
    let kept = text.lines().filter(|line| !names.iter().any(|name| line.starts_with(name)));
    kept.map(|line| format!("{line}\n")).collect()
}

fn truncate(terminal: &Terminal, name: &str) {
    terminal.edit(name, |text| text.chars().take(text.len() / 2).collect());
}

#[tokio::test]
async fn each_mistake_has_its_exit_code_and_its_own_words() {
    let mut said: Vec<(&str, String)> = Vec::new();
    for Mistake { name, code, words, make, run } in mistakes() {
        let mut terminal = Terminal::new().await;
        make(&mut terminal);
        let ran = terminal.run(run).await;
        assert_eq!(ran.code, code, "{name}: {ran:?}");
        assert_eq!(ran.stdout, "", "{name}: words go to stderr");
        assert!(ran.stderr.contains(words), "{name}: no {words:?} in {}", ran.stderr);
        assert!(ran.stderr.contains("try:"), "{name}: it does not say what to do: {}", ran.stderr);
        assert!(!ran.stderr.contains("swordfish"), "{name}");
        let entries = terminal.sandbox.journal().api_entries();
        let bearer = |value: &str| value.starts_with("Bearer ");
        assert!(!entries.iter().any(|entry| entry.header("authorization").is_some_and(bearer)), "{name}");
        let text = ran.stderr.replace(&*terminal.path("").to_string_lossy(), "");
        if let Some((other, _)) = said.iter().find(|(_, other)| *other == text) {
            panic!("{name} and {other} are told alike: {text}");
        }
        said.push((name, text));
    }
}

#[tokio::test]
async fn fail_makes_an_exit_code_of_the_status() {
    let terminal = Terminal::new().await;
    let clara = terminal.sandbox.clara();
    for (path, with, without) in [
        ("/api/v3/users", 0, 0),
        ("/api/v3/nothing", 1, 0),
        ("/api/v3/always-unauthorized", 3, 0),
        ("/api/v3/users --tenant XXX010101AB1", 3, 0),
    ] {
        for (words, code) in
            [(format!("request GET {path} --fail"), with), (format!("request GET {path}"), without)]
        {
            let Ran { code: found, stdout, .. } = terminal.run(&words).await;
            assert_eq!(found, code, "{words}: {stdout}");
            assert!(stdout.starts_with('{'), "the body is printed whatever its status");
        }
    }
    for (fault, code) in
        [(Fault::Unavailable, 1), (Fault::HtmlPage, 1), (Fault::Redirect, 0), (Fault::HangUp, 4)]
    {
        clara.play(Target::Api, fault, Times::ONCE);
        let ran = terminal.run("request GET /api/v3/users --fail").await;
        assert_eq!(ran.code, code, "{fault}: {ran:?}");
    }
}

#[tokio::test]
async fn a_word_in_the_wrong_place_is_refused_and_not_repeated() {
    let terminal = Terminal::new().await;
    for words in ["request", "request GET", "nonsense", "token --client-secret=swordfish", "token swordfish"]
    {
        let ran = terminal.run(words).await;
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{words}");
        assert!(!ran.stderr.contains("swordfish"), "{}", ran.stderr);
    }
    assert_eq!(terminal.sandbox.counts(), (0, 0));
}

#[tokio::test]
async fn settings_in_the_current_folder_are_not_read() {
    let terminal = Terminal::new().await;
    // The folder has a claviger.toml, and is where the program is started.
    let mut command = crate::program_runs::program_in(&terminal.path(""));
    command.args(REQUEST.split(' '));
    let ran = Ran::of(command, "").await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(terminal.sandbox.counts(), (0, 0));
}
