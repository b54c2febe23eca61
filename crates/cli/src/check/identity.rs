//! Who we are and whom we believe: the client certificate, its days, and the authorities that are trusted.

use std::time::SystemTime;

use claviger_auth_core::{Clock, SystemClock};
use claviger_mtls::{Identity, Tls};
use claviger_profiles::{Profile, Section};

use super::report::{Report, Stopped};
use crate::{
    certificate::{Life, RENEW},
    environment::Environment,
};

/// Puts certificate, key and authorities together.
pub(super) fn tls(profile: &Profile, report: &mut Report) -> Result<Tls, Stopped> {
    let tls = report.need("tls settings", profile.tls().map_err(Into::into))?;
    report.ok("tls settings", "complete");
    Ok(tls)
}

/// Says whose word is taken for who a server is.
pub(super) fn trust(section: &Section, environment: &Environment, report: &mut Report) {
    let given_alone = match section.text("trust") {
        Some(trust) => trust == "ca",
        None => section.has("ca_file"),
    };
    if given_alone {
        report.ok("trust", "the authorities in ca_file, and nobody else");
        return;
    }
    match environment.steers_platform_roots() {
        None => report.ok("trust", "the platform's authorities, and those that were given"),
        Some(variable) => report.warn(
            "trust",
            format!("${variable} puts others in the place of the platform's authorities"),
            "unset it, unless that is what you want; ca_file names authorities for this profile alone",
        ),
    }
}

/// Says what the client certificate is. That it is valid now, and fits its key, was seen when it was read.
pub(super) fn certificate(profile: &Profile, report: &mut Report) {
    match profile.identity() {
        None => report.skip("certificate", "the profile has none"),
        Some(identity) => of(identity, SystemClock::new().wall(), report),
    }
}

fn of(identity: &Identity, now: SystemTime, report: &mut Report) {
    let life = Life::of(identity, now);
    let certificates = identity.certificates();
    let (issuer, names) = match certificates.first() {
        Some(own) => (own.issuer.as_str(), own.names.join(", ")),
        None => ("somebody unknown", String::new()),
    };
    let names = if names.is_empty() { names } else { format!(" for {names}") };
    let chain = match identity.chain_length() - 1 {
        0 => "nothing above it is sent".to_owned(),
        above => format!("{above} above it is sent along"),
    };
    let subject = identity.subject();
    let found = format!("{subject}{names}, {}, issued by {issuer}, fits its key; {chain}", life.words());
    match life {
        Life::Days(_) => report.ok("certificate", found),
        Life::Soon(_) | Life::VerySoon(_) => report.warn("certificate", found, RENEW),
    }
}

/// Counts whole days.
pub(super) fn days_until(end: SystemTime, now: SystemTime) -> u64 {
    end.duration_since(now).unwrap_or_default().as_secs() / (24 * 60 * 60)
}
