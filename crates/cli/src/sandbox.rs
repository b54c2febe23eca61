//! `claviger sandbox`: the emulated providers until Ctrl-C.

use std::path::Path;

use claviger_sandbox::{Options, Sandbox};

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
            sandbox.write_dir(folder).map_err(|error| {
                Failure::new(Exit::Settings, error, "name a folder that you may write, with --dir")
            })?;
            console::say(&with_folder(&sandbox, folder, program));
        }
        None => console::say(&without_folder(&sandbox)),
    }
    stopped.await;
    sandbox.shutdown().await;
    console::note("the sandbox has stopped");
    Ok(Exit::Done)
}

fn where_it_is(sandbox: &Sandbox) -> String {
    let clara = sandbox.clara();
    format!(
        "{STRONG}The sandbox emulates Clara{STRONG:#} until Ctrl-C, and wants a client certificate.\n\
         \x20 API    {}\n\
         \x20 token  {}\n",
        clara.api_url(),
        clara.token_url()
    )
}

fn with_folder(sandbox: &Sandbox, folder: &Path, program: &str) -> String {
    let clara = sandbox.clara();
    let at = |name: &str| quoted(&folder.join(name).to_string_lossy());
    let tenant = clara.tax_identifiers().first().copied().unwrap_or_default();
    let settings = at("claviger.toml");
    let curl = format!(
        "curl -sS --cacert {} --cert {} --key {}",
        at("ca.pem"),
        at("clara/client.crt"),
        at("clara/client.key")
    );
    format!(
        "{}\n{STRONG}Written{STRONG:#}, for you alone to read:\n\
         \x20 {settings}  {QUIET}profiles clara, clara-test, custom{QUIET:#}\n\
         \x20 {}  {QUIET}what Clara sends: credentials.json, client.crt, client.key, ca.pem{QUIET:#}\n\
         \x20 {}  {QUIET}to trust this server{QUIET:#}\n\n\
         {STRONG}Try in another terminal{STRONG:#}:\n\
         \x20 {} --config {settings} --profile clara request GET /api/v3/transactions --tenant {tenant}\n\n\
         or with curl, a token, and what has arrived so far:\n\
         \x20 {curl} -u \"{}:$(cat {})\" -d grant_type=client_credentials {}\n\
         \x20 {curl} {}/sandbox/journal\n",
        where_it_is(sandbox),
        at("clara/"),
        at("ca.pem"),
        quoted(program),
        clara.client_id(),
        at("clara/secret.txt"),
        clara.token_url(),
        clara.api_url(),
    )
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

/// Listens for Ctrl-C from now on, so that none is lost while the sandbox starts.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
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
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let mut interrupt = tokio::signal::windows::ctrl_c().map_err(no_signals)?;
    Ok(async move {
        interrupt.recv().await;
    })
}

fn no_signals(error: std::io::Error) -> Failure {
    Failure::new(Exit::Other, error, "run it where a program may listen for Ctrl-C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_for_the_shell() {
        assert_eq!(quoted("/tmp/a-b_c.d"), "/tmp/a-b_c.d");
        assert_eq!(quoted("it's here"), r"'it'\''s here'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("~/a"), "'~/a'");
    }
}
