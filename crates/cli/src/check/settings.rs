//! Which settings, where each value came from, and whether they make sense together.

use claviger_profiles::{Profile, SecretSource, Section, Value};

use super::report::{Report, Stopped};
use crate::{args::Choice, environment::Environment, settings};

/// Finds the settings file and the profile in it.
pub(super) fn choose(
    choice: &Choice,
    environment: &Environment,
    report: &mut Report,
) -> Result<Section, Stopped> {
    let document = report.need("settings file", settings::open(choice, environment).map_err(Into::into))?;
    let by = match (&choice.config, environment.config()) {
        (Some(_), _) => "--config",
        (None, Some(_)) => "$CLAVIGER_CONFIG",
        (None, None) => "in the platform's config folder",
    };
    report.ok("settings file", format!("{} ({by})", document.path().display()));
    let section = settings::choose(document, choice, environment);
    let section = report.need("profile", section.map_err(Into::into))?;
    let by = match (&choice.profile, environment.profile()) {
        (Some(_), _) => "--profile",
        (None, Ok(Some(_))) => "$CLAVIGER_PROFILE",
        (None, _) => "the default, or the only one",
    };
    report.ok("profile", format!("{}, at {} ({by})", section.name(), section.position()));
    Ok(section)
}

/// Says where each value comes from.
pub(super) fn origins(section: &Section, choice: &Choice, environment: &Environment, report: &mut Report) {
    let above = above(section, choice, environment);
    for (name, by) in &above {
        let instead = if section.has(name) { ", above the settings file" } else { "" };
        report.ok(format!("setting {name}"), format!("{by}{instead}"));
    }
    for (name, position, value) in section.entries() {
        if above.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let step = format!("setting {name}");
        match value {
            Value::Secret(SecretSource::Literal(_)) => report.warn(
                step,
                format!("{position}, the secret itself stands there"),
                "keep it apart from the settings: { file = \"…\" }, readable by you alone, or { env = \"…\" }",
            ),
            Value::Secret(SecretSource::Environment(variable)) => {
                report.ok(step, format!("${variable}, named at {position}"));
            }
            Value::Secret(SecretSource::File(_)) => report.ok(step, format!("a file, named at {position}")),
            Value::Secret(SecretSource::Keyring(entry)) => {
                report.ok(step, format!("by the name {entry}, named at {position}"));
            }
            Value::Flag(_) | Value::List(_) | Value::Text(_) => {
                report.ok(step, position.to_string());
            }
        }
    }
}

/// Lists what stands above the settings file, and by what it was given.
fn above(section: &Section, choice: &Choice, environment: &Environment) -> Vec<(&'static str, &'static str)> {
    let id = match (&choice.client_id, environment.variables().value("CLAVIGER_CLIENT_ID")) {
        (Some(_), _) => Some("--client-id"),
        (None, Some(_)) => Some("$CLAVIGER_CLIENT_ID"),
        (None, None) => None,
    };
    let secret = environment.variables().has_client_secret().then_some("$CLAVIGER_CLIENT_SECRET");
    let key = environment.variables().value("CLAVIGER_SESSION_KEY").map(|_| "$CLAVIGER_SESSION_KEY");
    let key = key.filter(|_| section.text("auth") == Some("authorization-code"));
    [("client_id", id), ("client_secret", secret), ("session_key", key)]
        .into_iter()
        .filter_map(|(name, by)| by.map(|by| (name, by)))
        .collect()
}

/// Lets the provider read its settings and the files that they name.
pub(super) fn read(
    section: Section,
    choice: &Choice,
    environment: &Environment,
    report: &mut Report,
) -> Result<Profile, Stopped> {
    let provider = section.text("provider").unwrap_or_default().to_owned();
    let profile = settings::read(section, choice, None, environment);
    let profile = report.need("configuration", profile.map_err(Into::into))?;
    report.ok("configuration", format!("{provider} has all that it needs"));
    // The files that others may write have a step of their own.
    for warning in profile.meaningless() {
        report.warn(
            "configuration",
            warning.as_str(),
            "take the line out, or check the spelling of the others",
        );
    }
    Ok(profile)
}
