//! `claviger sandbox`: the emulated providers until Ctrl-C.

use std::path::Path;

use claviger_sandbox::{Options, Provider, Sandbox};

use crate::{
    args::SandboxArguments,
    console::{self, QUIET, STRONG},
    exit::Exit,
    failure::Failure,
};

/// Runs the command. `program` is what to type for this program.
pub(crate) async fn run(arguments: SandboxArguments, program: &str) -> Result<Exit, Failure> {
    let stopped = stop_signal()?;
    let sandbox = Sandbox::start(Options::new().with_listen(arguments.listen)).await.map_err(|error| {
        Failure::new(
            Exit::Settings,
            error,
            "name a free loopback address: --listen 127.0.0.1:0 takes a free port",
        )
    })?;
    match &arguments.dir {
        Some(folder) => {
            write(&sandbox, folder)?;
            console::say(&with_folder(&sandbox, folder, program));
        }
        None => console::say(&without_folder(&sandbox)),
    }
    stopped.await;
    sandbox.shutdown().await;
    console::note("the sandbox has stopped");
    Ok(Exit::Done)
}

fn write(sandbox: &Sandbox, folder: &Path) -> Result<(), Failure> {
    sandbox.write_dir(folder).map_err(|error| {
        Failure::new(
            Exit::Settings,
            error,
            "name a folder of yours with --dir that is new, is empty, or holds what a sandbox wrote before",
        )
    })
}

fn where_it_is(sandbox: &Sandbox) -> String {
    let mut text = format!(
        "{STRONG}The sandbox emulates four providers{STRONG:#} until Ctrl-C; Clara wants a client certificate.\n"
    );
    let providers: [(&str, &Provider); 4] = [
        ("Clara", sandbox.clara()),
        ("Clarify", sandbox.clarify()),
        ("Clarus", sandbox.clarus()),
        ("Clazar", sandbox.clazar()),
    ];
    for (name, provider) in providers {
        let (api, token) = (provider.api_url(), provider.token_url());
        text.push_str(&format!("  {name:<8} API    {api}\n{:11}token  {token}\n", ""));
    }
    text
}

fn with_folder(sandbox: &Sandbox, folder: &Path, program: &str) -> String {
    let clara = sandbox.clara();
    // Another terminal may be in another folder.
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let at = |name: &str| quoted(&folder.join(name).to_string_lossy());
    let settings = at("claviger.toml");
    let curl = format!(
        "curl -sS --cacert {} --cert {} --key {}",
        at("ca.pem"),
        at("clara/client.crt"),
        at("clara/client.key")
    );
    format!(
        "{}\n{STRONG}Written{STRONG:#}, for you alone to read:\n\
         \x20 {settings}  {QUIET}the profiles below, and clara-test, clarus-token, custom{QUIET:#}\n\
         \x20 {}  {QUIET}what Clara sends; beside it clarify/, clarus/ and clazar/{QUIET:#}\n\
         \x20 {}  {QUIET}to trust these servers{QUIET:#}\n\n\
         {STRONG}Try in another terminal{STRONG:#}:\n\
         \x20 export CLAVIGER_CONFIG={settings}\n\
         {}\n\
         or with curl, a token of Clara's, and what has arrived there so far:\n\
         \x20 {curl} --config {} -d grant_type=client_credentials {}\n\
         \x20 {curl} {}/sandbox/journal\n",
        where_it_is(sandbox),
        at("clara/"),
        at("ca.pem"),
        commands(sandbox, program),
        at("clara/curl.conf"),
        clara.token_url(),
        clara.api_url(),
    )
}

/// One for each provider, and one for each way.
fn commands(sandbox: &Sandbox, program: &str) -> String {
    let tax_identifier = sandbox.clara().tax_identifiers().first().copied().unwrap_or_default();
    let subdomain = sandbox.clarus().subdomains().last().copied().unwrap_or_default();
    let program = quoted(program);
    let mut text = String::new();
    for (profile, command) in [
        ("clara", format!("request GET /api/v3/transactions --tenant {tax_identifier}")),
        ("clarify", "rpc clarify.selectItems".to_owned()),
        ("clarify-basic", format!("request POST /rpc -d '{CALL}'")),
        ("clarus", format!("request GET /api/orders --tenant {subdomain}")),
        ("clazar", "request GET '/buyers/?page_size=2'".to_owned()),
    ] {
        text.push_str(&format!("  {program} --profile {profile} {command}\n"));
    }
    text.push_str(&format!(
        "  {program} --profile clarus-login login  {QUIET}in the browser; then request, as above{QUIET:#}\n"
    ));
    text
}

fn without_folder(sandbox: &Sandbox) -> String {
    format!(
        "{}\nCredentials and CA certificate are made afresh at each start, and written only with --dir FOLDER.\n",
        where_it_is(sandbox)
    )
}

/// Writes a word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:@%".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Listens for Ctrl-C from now on, so that none is lost while the command starts.
#[cfg(unix)]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    Ok(async move {
        let first = std::future::poll_fn(|context| {
            if interrupt.poll_recv(context).is_ready() {
                std::task::Poll::Ready(())
            } else {
                terminate.poll_recv(context).map(drop)
            }
        });
        first.await;
    })
}

#[cfg(not(unix))]
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut interrupt = tokio::signal::windows::ctrl_c().map_err(no_signals)?;
    Ok(async move {
        interrupt.recv().await;
    })
}

fn no_signals(error: std::io::Error) -> Failure {
    Failure::new(Exit::Other, error, "run it where a program may listen for Ctrl-C")
}

/// Lists what there is.
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"clarify.selectItems"}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_every_provider_and_shows_no_secret() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let text = with_folder(&sandbox, Path::new("/tmp/a"), "claviger");
        let providers: [&Provider; 4] =
            [sandbox.clara(), sandbox.clarify(), sandbox.clarus(), sandbox.clazar()];
        for provider in providers {
            assert!(text.contains(&provider.api_url()) && text.contains(&provider.token_url()));
            assert!(!text.contains(&provider.client_secret()));
        }
        for profile in ["clara", "clarify", "clarify-basic", "clarus", "clazar"] {
            assert!(text.contains(&format!("claviger --profile {profile} ")), "{profile}");
        }
        assert!(text.contains("claviger --profile clarus-login login"));
        assert!(without_folder(&sandbox).contains("--dir"));
    }

    #[tokio::test]
    async fn gives_curl_the_secret_by_a_file_and_no_argument() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let text = with_folder(&sandbox, Path::new("/tmp/it's here"), "claviger");
        assert!(text.contains(r"--config '/tmp/it'\''s here/clara/curl.conf' -d grant_type"), "{text}");
        assert!(!text.contains("$(") && !text.contains("secret.txt"), "{text}");
    }

    #[tokio::test]
    async fn leaves_the_settings_of_somebody_alone() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("claviger.toml");
        std::fs::write(&settings, "default_profile = \"acme\"\n").unwrap();
        let failure = write(&sandbox, folder.path()).unwrap_err();
        assert_eq!(failure.exit(), Exit::Settings);
        assert!(failure.advice().contains("--dir"), "{}", failure.advice());
        assert_eq!(std::fs::read_to_string(&settings).unwrap(), "default_profile = \"acme\"\n");
    }

    #[test]
    fn quotes_for_the_shell() {
        assert_eq!(quoted("/tmp/a-b_c.d"), "/tmp/a-b_c.d");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("~/a"), "'~/a'");
    }
}
