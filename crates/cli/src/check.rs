//! `claviger check`: says step by step what works and what is wrong.
//!
//! One file per group, in the order in which a request needs them: `settings` and `files`, `identity`, `network`,
//! `handshake`, `token`, `api`. A step is a function; where one fails, what needs it is skipped. No step tells a value of the
//! settings, only where it stands.

mod api;
mod files;
mod handshake;
mod identity;
mod network;
mod report;
mod settings;
mod token;

use claviger_profiles::Stack;

use self::report::{Report, Stopped};
use crate::{
    args::{CheckArguments, Choice},
    environment::Environment,
    exit::Exit,
    failure::Failure,
};

/// Runs the command. It ends as the first step that failed would have ended another command.
pub(crate) async fn run(
    choice: &Choice,
    arguments: CheckArguments,
    environment: &Environment,
) -> Result<Exit, Failure> {
    let mut report = if arguments.json { Report::json(PLAN) } else { Report::text(PLAN) };
    // Whoever stopped has said why.
    let _ = walk(choice, environment, &mut report).await;
    report.finish()
}

async fn walk(choice: &Choice, environment: &Environment, report: &mut Report) -> Result<(), Stopped> {
    let section = settings::choose(choice, environment, report)?;
    settings::origins(&section, choice, environment, report);
    files::all(&section, report);
    let profile = settings::read(section, choice, environment, report)?;
    let tls = identity::tls(&profile, report)?;
    identity::trust(profile.section(), environment, report);
    identity::certificate(&profile, report);

    let keeper = crate::settings::keeper(choice, environment);
    let stack = Stack::new(&profile, |requests| keeper.keep(requests));
    let stack = report.need("api", stack.map_err(Into::into))?;
    let requests = report.need("token", profile.token_requests().map_err(Into::into))?;
    for server in network::servers(&stack, requests.as_ref(), report)? {
        network::all(&server, &tls, profile.proxies(), report).await?;
    }
    token::fetch(&stack, requests.as_ref(), &keeper, report).await?;
    api::call(stack, &profile, report).await
}

/// The steps that are always told of; others come with the settings.
const PLAN: &[&str] = &[
    "settings file",
    "profile",
    "configuration",
    "tls settings",
    "trust",
    "certificate",
    "proxy",
    "name",
    "tcp",
    "tls",
    "client certificate",
    "clock",
    "token",
    "api",
];

#[cfg(test)]
mod tests;
