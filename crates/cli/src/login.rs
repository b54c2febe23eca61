//! `claviger login`, `logout`, `status` and `secret`: claviger-login does it, here it is told.

use std::time::Duration;

use claviger_auth_core::Error;
use claviger_login::{LoggedOut, ProfileSession, SecretPlace, Way, ask};

use crate::{
    args::{Choice, LoginArguments, SecretAction, SecretArguments, StatusArguments},
    certificate, console,
    environment::Environment,
    exit::Exit,
    failure::Failure,
    keeper::Keeper,
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
    match session(choice, environment)?.log_out().await? {
        LoggedOut::Nobody => console::note("nobody was logged in"),
        LoggedOut::TakenBack => console::note("logged out; the server has taken the session back"),
        LoggedOut::Unreadable => {
            console::note("logged out: the session is forgotten here");
            console::warn(
                "it could not be read (status says why), so the server was not asked to take it back: end it at the \
                 provider",
            );
        }
        LoggedOut::Forgotten => {
            console::note("logged out: the session is forgotten here");
            console::warn(
                "the server was not asked to take it back: it is not known where that is done. An issuer in the \
                 profile may say; else end it at the provider",
            );
        }
    }
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
pub(crate) fn secret(
    choice: &Choice,
    arguments: &SecretArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let choice = Choice { profile: Some(arguments.of.clone()), ..choice.clone() };
    let section = settings::choose(settings::open(&choice, environment)?, &choice, environment)?;
    let place = SecretPlace::of(&section, arguments.setting.as_deref())?;
    let (setting, shown) = (place.setting(), place.shown());
    match arguments.action {
        SecretAction::Set => {
            place.set(&ask(&format!("{setting} of {} (not shown): ", console::escaped(&arguments.of)))?)?;
            console::note(&format!("{setting} is in {shown}, for you alone to read"));
        }
        SecretAction::Forget if place.forget()? => console::note(&format!("{setting} is gone from {shown}")),
        SecretAction::Forget => console::note(&format!("{setting} was not there: {shown}")),
    }
    Ok(Exit::Done)
}

fn session(choice: &Choice, environment: &Environment) -> Result<ProfileSession, Error> {
    let profile = settings::load(choice, None, environment)?;
    profile.warnings().iter().for_each(|warning| console::warn(warning));
    certificate::warn(&profile);
    match profile.token_requests()? {
        Some(requests) => Keeper::new(choice, environment).open(profile.section().name(), &requests),
        None => Err(Keeper::no_login()),
    }
}
