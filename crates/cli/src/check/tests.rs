//! Whole checks, over what the sandbox writes.

use std::{fs, path::Path};

use claviger_sandbox::{Fault, Options, Sandbox, Target, Times};

use super::*;

struct Desk {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        sandbox.write_dir(folder.path()).unwrap();
        Self { sandbox, folder }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn edit(&self, from: &str, to: &str) {
        let config = self.file("claviger.toml");
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(config, text.replace(from, to)).unwrap();
    }

    async fn check(&self, profile: &str, variables: &[(&'static str, &str)]) -> (Vec<String>, Exit) {
        let choice = Choice {
            config: Some(self.file("claviger.toml")),
            profile: Some(profile.into()),
            ..Choice::default()
        };
        let state = self.file("state");
        let mut variables = variables.to_vec();
        variables.push(("CLAVIGER_STATE_DIR", state.to_str().unwrap()));
        let mut report = Report::json(PLAN);
        let _ = walk(&choice, &Environment::of(&variables), &mut report).await;
        let lines = report.lines();
        (lines, report.close())
    }
}

fn has(lines: &[String], start: &str, part: &str) {
    assert!(
        lines.iter().any(|line| line.starts_with(start) && line.contains(part)),
        "{start} {part}: {lines:#?}"
    );
}

#[tokio::test]
async fn all_is_well_with_every_profile_of_the_sandbox() {
    let desk = Desk::new().await;
    for profile in
        ["clara", "clara-test", "clarify", "clarify-basic", "clarus", "clarus-token", "clazar", "custom"]
    {
        let (lines, exit) = desk.check(profile, &[]).await;
        assert_eq!(exit, Exit::Done, "{profile}: {lines:#?}");
        assert!(!lines.iter().any(|line| line.starts_with("warning")), "{profile}: {lines:#?}");
        has(&lines, "ok: api: ", "200 OK");
    }
    let (lines, _) = desk.check("clara", &[]).await;
    has(&lines, "ok: token: ", "kept since an earlier run");
}

#[tokio::test]
async fn the_providers_know_a_harmless_call() {
    let desk = Desk::new().await;
    let paths = ["check_path = \"/api/products\"\n", "check_path = \"/buyers/\"\n"];
    paths.into_iter().for_each(|line| desk.edit(line, ""));
    for (profile, call) in [
        ("clarus", "POST /graphql"),
        ("clazar", "GET /buyers/"),
        ("clarify", "POST /v1/rpc"),
        ("clara", "GET /api/v3/users"),
    ] {
        let (lines, exit) = desk.check(profile, &[]).await;
        assert_eq!(exit, Exit::Done, "{profile}: {lines:#?}");
        has(&lines, "ok: api: ", call);
    }
}

#[tokio::test]
async fn says_where_each_value_came_from_and_no_value() {
    let desk = Desk::new().await;
    let secret = fs::read_to_string(desk.file("clara/secret.txt")).unwrap();
    desk.edit(
        "client_secret = { file = \"clara/secret.txt\" }",
        &format!("client_secret = \"{}\"", secret.trim()),
    );
    let (lines, exit) = desk.check("custom", &[("CLAVIGER_CLIENT_ID", "swordfish")]).await;
    assert_eq!(exit, Exit::Refused, "another client id than the secret's");
    has(&lines, "ok: setting client_id: ", "$CLAVIGER_CLIENT_ID, above");
    has(&lines, "warning: setting client_secret: ", "claviger.toml:");
    has(&lines, "ok: setting tenant: ", "claviger.toml:");
    has(&lines, "failed: token: ", "refused");
    let all = lines.join("\n");
    assert!(
        !all.contains("swordfish") && !all.contains(secret.trim()) && !all.contains("ACME8001011H0"),
        "{all}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn warns_of_secrets_that_others_may_read() {
    use std::os::unix::fs::PermissionsExt;

    let desk = Desk::new().await;
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    ["clara", "clara/client.key", "clara/secret.txt"].iter().for_each(|name| open(&desk.file(name)));
    let (lines, exit) = desk.check("clara", &[]).await;
    assert_eq!(exit, Exit::Done);
    has(&lines, "warning: file credentials: ", "client.key");
    let (lines, _) = desk.check("custom", &[]).await;
    has(&lines, "warning: file key_file: ", "client.key");
    has(&lines, "warning: file client_secret: ", "secret.txt");
    has(&lines, "ok: file cert_file: ", "client.crt");
}

#[cfg(unix)]
#[tokio::test]
async fn warns_of_files_that_others_may_write() {
    use std::os::unix::fs::PermissionsExt;

    let desk = Desk::new().await;
    let open = |path: &str, mode| {
        fs::set_permissions(desk.file(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    for name in ["ca.pem", "clara/client.crt", "clara/client.key", "clara/secret.txt"] {
        open(name, 0o622);
    }
    open("clara", 0o755);
    let (lines, exit) = desk.check("custom", &[]).await;
    assert_eq!(exit, Exit::Done);
    for (name, file) in [
        ("ca_file", "ca.pem"),
        ("cert_file", "client.crt"),
        ("key_file", "client.key"),
        ("client_secret", "secret.txt"),
    ] {
        has(&lines, &format!("warning: file {name}: others may write "), file);
    }
    assert!(!lines.iter().any(|line| line.starts_with("warning: configuration: ")), "once: {lines:#?}");
    let (lines, _) = desk.check("clara", &[]).await;
    has(&lines, "warning: file credentials: others may write ", "client.crt");
    open("clara", 0o720);
    let (lines, _) = desk.check("clara", &[]).await;
    has(&lines, "warning: file credentials: others may write ", "clara");
}

#[tokio::test]
async fn stops_where_there_is_no_going_on() {
    let desk = Desk::new().await;
    fs::remove_file(desk.file("clara/client.key")).unwrap();
    let (lines, exit) = desk.check("custom", &[]).await;
    assert_eq!(exit, Exit::Settings);
    has(&lines, "failed: file key_file: ", "client.key");
    has(&lines, "failed: configuration: ", "client.key");
    assert!(!lines.iter().any(|line| line.contains(" tcp: ")), "{lines:#?}");

    desk.sandbox.clarus().play(Target::Token, Fault::Unavailable, Times::UntilCleared);
    let (lines, exit) = desk.check("clarus", &[]).await;
    assert_eq!(exit, Exit::Other);
    has(&lines, "ok: client certificate: ", "");
    has(&lines, "failed: token: ", "503");

    desk.edit("tenant_header", "teant_header");
    let (lines, exit) = desk.check("custom", &[]).await;
    assert_eq!((exit, lines.len()), (Exit::Settings, 1), "{lines:#?}");
    desk.edit("teant_header", "tenant_header");
    let (lines, exit) = desk.check("nobody", &[]).await;
    assert_eq!(exit, Exit::Settings);
    has(&lines, "ok: settings file: ", "claviger.toml");
    has(&lines, "failed: profile: ", "nobody");
}

#[tokio::test]
async fn tells_tls_from_the_client_certificate() {
    let desk = Desk::new().await;
    desk.edit("cert_file = \"clara/client.crt\"\nkey_file = \"clara/client.key\"\n", "");
    let (lines, exit) = desk.check("custom", &[]).await;
    assert_eq!(exit, Exit::Connection);
    has(&lines, "ok: tls: ", "");
    has(&lines, "failed: client certificate: ", "");

    // The authority of another sandbox: it is one, and not that of the server.
    fs::copy(Desk::new().await.file("ca.pem"), desk.file("ca.pem")).unwrap();
    let (lines, exit) =
        desk.check("clarus", &[("HTTPS_PROXY", "127.0.0.1:1"), ("NO_PROXY", "127.0.0.1")]).await;
    assert_eq!(exit, Exit::Connection);
    has(&lines, "ok: proxy: ", "not for this host");
    has(&lines, "ok: tcp: ", "");
    has(&lines, "failed: tls: ", "");
    let (lines, exit) = desk.check("clarus", &[("HTTPS_PROXY", "127.0.0.1:1")]).await;
    assert_eq!(exit, Exit::Connection);
    has(&lines, "ok: proxy: ", "by way of 127.0.0.1:1");
    has(&lines, "failed: tcp: ", "");
}
