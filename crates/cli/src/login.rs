//! `claviger login`, `logout`, `status` and `secret`: claviger-login does it, here it is told.

use std::time::Duration;

use claviger_auth_core::Error;
use claviger_login::{ProfileSession, SecretPlace, Way, ask};

use crate::{
    args::{Choice, LoginArguments, SecretAction, SecretArguments, StatusArguments},
    console,
    environment::Environment,
    exit::Exit,
    failure::Failure,
    settings,
};

/// Logs somebody in.
pub(crate) async fn log_in(
    choice: &Choice,
    arguments: LoginArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let way = match arguments {
        LoginArguments { device: true, .. } => Way::Device,
        LoginArguments { no_browser: true, .. } => Way::Paste,
        _ => Way::Browser(environment.browser()),
    };
    let within = Duration::from_secs(arguments.timeout.into());
    session(choice, environment)?.log_in(way, within).await?;
    Ok(Exit::Done)
}

/// Ends the session.
pub(crate) async fn log_out(choice: &Choice, environment: &Environment) -> Result<Exit, Failure> {
    session(choice, environment)?.log_out().await?;
    Ok(Exit::Done)
}

/// Tells how the session stands. For scripts, that nobody is logged in is told by the exit code too.
pub(crate) async fn status(
    choice: &Choice,
    arguments: StatusArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let status = session(choice, environment)?.status().await?;
    console::print(&if arguments.json { status.json() } else { status.text() })?;
    Ok(if status.is_logged_in() { Exit::Done } else { Exit::Refused })
}

/// Puts a secret where the profile says that it is, or takes it away. What the profile means is not asked: its secret may be missing.
pub(crate) async fn secret(
    choice: &Choice,
    arguments: &SecretArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let choice = Choice { profile: Some(arguments.of.clone()), ..choice.clone() };
    let section = settings::choose(settings::open(&choice, environment)?, &choice, environment)?;
    let variables = environment.variables();
    let place = SecretPlace::of(&section, arguments.setting.as_deref(), variables)?;
    let said = match arguments.action {
        SecretAction::Set => {
            let question = format!("secret of {}, not shown: ", console::escaped(&arguments.of));
            place.set(&ask(question).await?, variables)?;
            "the secret is in its place"
        }
        SecretAction::Forget if place.forget()? => "the secret is gone",
        SecretAction::Forget => "the secret was not there",
    };
    console::note(&format!("{said} ({})", place.shown(variables)));
    Ok(Exit::Done)
}

fn session(choice: &Choice, environment: &Environment) -> Result<ProfileSession, Error> {
    let requests = settings::load(choice, None, environment)?.token_requests()?;
    settings::keeper(choice, environment).open(requests.as_ref())
}
