//! Who we are and whom we believe: the client certificate, its days, and the authorities that are trusted.

use std::time::{Duration, SystemTime};

use claviger_auth_core::{Clock, SystemClock};
use claviger_mtls::{Identity, Tls};
use claviger_profiles::{Profile, Section};

use super::report::{Report, Stopped};
use crate::environment::Environment;

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

/// Says until when the client certificate is valid. That it is now, and fits its key, was seen when it was read.
pub(super) fn certificate(tls: &Tls, report: &mut Report) {
    match tls.identity() {
        None => report.skip("certificate", "the profile has none"),
        Some(identity) => days(&identity, SystemClock::new().wall(), report),
    }
}

fn days(identity: &Identity, now: SystemTime, report: &mut Report) {
    let left = identity.not_after().duration_since(now).unwrap_or(Duration::ZERO);
    let days = left.as_secs() / DAY.as_secs();
    let found = format!("{}, fits its key, {days} days left", identity.subject());
    if left < SOON {
        report.warn(
            "certificate",
            found,
            "get a new certificate and key from whoever issued them, before these end",
        );
    } else {
        report.ok("certificate", found);
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use claviger_sandbox::{Options, Sandbox};

    use super::*;

    #[tokio::test]
    async fn warns_before_the_certificate_ends() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        sandbox.write_dir(folder.path()).unwrap();
        let files = ["clara/client.crt", "clara/client.key"].map(|file| folder.path().join(file));
        let identity = Identity::from_files(files).unwrap();
        let mut report = Report::json(&[]);
        for days_left in [31, 30, 29] {
            days(&identity, identity.not_after() - days_left * DAY, &mut report);
        }
        let [far, near, soon] = &*report.lines() else { panic!("not three steps") };
        assert!(far.starts_with("ok:") && far.ends_with("31 days left"), "{far}");
        assert!(near.starts_with("ok:") && soon.starts_with("warning:"), "{near} {soon}");
    }
}
