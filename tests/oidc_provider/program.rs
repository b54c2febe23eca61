//! The program against it: a profile with an issuer, and what `token` can do besides getting one.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use tokio::task::spawn_blocking;

use super::{
    browser::{Browser, Person},
    *,
};
use crate::program_runs::{Ran, program_in};

/// A terminal with a profile for each of these clients.
struct Terminal {
    server: OidcProvider,
    folder: tempfile::TempDir,
}

impl Terminal {
    async fn new() -> Option<Self> {
        let server = OidcProvider::start().await?;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", &server.authority.pem);
        write("client.pem", &format!("{}{}", server.issued.certificate, server.issued.key));
        for Key { algorithm, pem, .. } in &server.keys {
            write(&format!("{algorithm}.pem"), pem);
        }
        let all = printable();
        // A literal string of TOML holds every character but its own quote.
        let profile = |name: &str, id: &str, more: &str| {
            let url = &server.url;
            format!(
                "[profiles.{name}]\nprovider = 'custom'\napi_url = '{url}'\nissuer = '{url}'\nca_file = 'ca.pem'\n\
                 auth = 'client-credentials'\nallow_loopback_http = true\nclient_id = '''{id}'''\n{more}\n"
            )
        };
        let mut profiles = vec![
            profile(
                "post",
                PLAIN.0,
                "client_secret = 'swordfish'\nclient_auth = 'client_secret_post'\nscope = 'read'",
            ),
            profile(
                "jwt",
                &format!("jwt{all}"),
                &format!("client_secret = '''{all}'''\nclient_auth = 'client_secret_jwt'"),
            ),
        ];
        profiles.extend(server.keys.iter().map(|Key { algorithm, .. }| {
            let more = format!(
                "client_auth = 'private_key_jwt'\nsigning_key_file = '{algorithm}.pem'\nsigning_alg = '{algorithm}'"
            );
            profile(&algorithm.to_string(), &format!("{algorithm}{all}"), &more)
        }));
        let tls = "client_auth = 'tls_client_auth'\ncert_file = 'client.pem'\n";
        let url = format!("token_url = '{}/token'", server.secure_url);
        profiles.push(profile("tls", "tls", &format!("{tls}{url}")));
        profiles.push(profile("foreign", "tls", tls));
        // The server has no API; that of tokens will do.
        profiles.push(format!(
            "[profiles.login]\nprovider = 'custom'\napi_url = '{url}'\nissuer = '{url}'\nca_file = 'ca.pem'\n\
             auth = 'authorization-code'\nallow_loopback_http = true\nclient_id = 'native'\nclient_auth = 'none'\n\
             scope = 'read write'\n",
            url = server.url
        ));
        write("claviger.toml", &profiles.concat());
        Some(Self { server, folder })
    }

    async fn run(&self, profile: &str, words: &str) -> Ran {
        let mut command = program_in(self.folder.path());
        command.args(["--config", "claviger.toml", "--profile", profile]).args(words.split(' '));
        Ran::of(command, "").await
    }
}

#[tokio::test]
async fn gets_tokens_by_every_proof_that_a_profile_can_name() {
    let Some(terminal) = Terminal::new().await else { return };
    for profile in ["post", "jwt", "RS256", "PS256", "ES256", "EdDSA", "tls"] {
        let ran = terminal.run(profile, "token --json").await;
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{profile}: {ran:?}");
        assert_eq!(ran.json()["source"], "fetched", "{profile}");
        let ran = terminal.run(profile, "token --json").await;
        assert_eq!(ran.json()["source"], "cache", "{profile}");
    }
    // The alias for certificates is on another port, which nobody allowed by name.
    let ran = terminal.run("foreign", "token").await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("foreign origin") && ran.stderr.contains("URL yourself"), "{ran:?}");
}

#[tokio::test]
async fn looks_a_token_up_and_takes_it_back() {
    let Some(terminal) = Terminal::new().await else { return };
    let ran = terminal.run("post", "token --revoke").await;
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(ran.stderr.contains("nothing to take back"), "{ran:?}");

    let ran = terminal.run("post", "token --introspect").await;
    assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");
    assert_eq!((&ran.json()["active"], &ran.json()["scope"]), (&true.into(), &"read".into()), "{ran:?}");

    let shown = terminal.run("post", "token --show").await.stdout;
    let token = shown.split_whitespace().nth(1).unwrap();
    let token = AccessToken::bearer(&token.into()).unwrap();
    assert_eq!(terminal.server.introspect(&token).await["active"], true);
    let ran = terminal.run("post", "token --revoke").await;
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (0, "", ""), "{ran:?}");
    assert_eq!(terminal.server.introspect(&token).await["active"], false);
    assert_eq!(terminal.run("post", "token --json").await.json()["source"], "fetched", "it was forgotten");

    let ran = terminal.run("post", "token --revoke --no-cache").await;
    assert_eq!(ran.code, 2, "{ran:?}");
    let ran = terminal.run("post", "token --revoke --show").await;
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[tokio::test]
async fn somebody_logs_in_on_a_telephone_and_out_again() {
    let Some(terminal) = Terminal::new().await else { return };
    let mut command = program_in(terminal.folder.path());
    command.args(["--config", "claviger.toml", "--profile", "login", "login", "--device"]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let reading = spawn_blocking(move || {
        let mut line = String::new();
        while !line.contains("user_code=") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended");
        }
        (line, said)
    });
    let (complete, mut said) = reading.await.unwrap();
    let page = Browser::new(&terminal.server, Person::Agrees).visit(complete.trim_end()).await;
    assert!(page.contains("Sign-in Success"), "{page}");
    let ending = spawn_blocking(move || {
        let mut stderr = String::new();
        said.read_to_string(&mut stderr).unwrap();
        (child.wait().unwrap().code(), stderr)
    });
    let (code, stderr) = ending.await.unwrap();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("logged in; the access token lasts 3600 s, and is renewed"), "{stderr}");

    let shown = terminal.run("login", "token --show").await.stdout;
    let token = AccessToken::bearer(&shown.split_whitespace().nth(1).unwrap().into()).unwrap();
    assert_eq!(terminal.server.introspect(&token).await["scope"], "read write");
    assert_eq!(terminal.run("login", "status --json").await.json()["scope"], "read write");
    let ran = terminal.run("login", "logout").await;
    assert_eq!((ran.code, ran.stderr.contains("taken the session back")), (0, true), "{ran:?}");
    assert_eq!(terminal.server.introspect(&token).await["active"], false);
    assert_eq!(terminal.run("login", "token").await.code, 3);
}
