//! The client certificate, from this side and from the server's: how long it is good, and pages that say that it is not.

use std::time::{Duration, SystemTime};

use claviger_auth_core::{Clock, Error, ErrorKind, SystemClock};
use claviger_mtls::Identity;
use claviger_profiles::Profile;
use http::StatusCode;

use crate::console;

/// How long a certificate is good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Life {
    /// Long enough.
    Days(u64),
    /// It is time for another.
    Soon(u64),
    /// It is nearly too late for another.
    VerySoon(u64),
}

impl Life {
    pub(crate) fn of(identity: &Identity, now: SystemTime) -> Self {
        let left = identity.not_after().duration_since(now).unwrap_or(Duration::ZERO);
        let days = left.as_secs() / DAY.as_secs();
        match days {
            0..VERY_SOON => Self::VerySoon(days),
            VERY_SOON..SOON => Self::Soon(days),
            _ => Self::Days(days),
        }
    }

    /// In words, behind the name of the certificate.
    pub(crate) fn words(self) -> String {
        match self {
            Self::VerySoon(0) => "ENDS IN LESS THAN A DAY".to_owned(),
            Self::VerySoon(1) => "ENDS IN 1 DAY".to_owned(),
            Self::VerySoon(days) => format!("ENDS IN {days} DAYS"),
            Self::Soon(days) => format!("ends in {days} days"),
            Self::Days(days) => format!("{days} days left"),
        }
    }
}

/// Says so where the client certificate ends soon; loudly where it ends very soon.
pub(crate) fn warn(profile: &Profile) {
    let Some(identity) = profile.identity() else { return };
    let life = Life::of(identity, SystemClock::new().wall());
    let words = format!("the client certificate {} ({})", life.words(), identity.subject());
    match life {
        Life::Days(_) => return,
        Life::Soon(_) => console::warn(&words),
        Life::VerySoon(_) => console::alarm(&words),
    }
    console::advise(RENEW);
}

/// What a server says of the client certificate by an answer, where others say it in the handshake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// It demands one.
    Demanded,
    /// It demands one, or refuses the one it was shown: the answer does not tell.
    Either,
    /// It refuses the one it was shown.
    Refused,
}

impl Verdict {
    /// Knows the answers of nginx (`ngx_http_special_response.c`: 400 with a page of its own; 495 and 496 where the
    /// page was replaced), and of Clara (511; its troubleshooting guide). Nothing of the body is kept.
    pub(crate) fn of(status: StatusCode, body: &[u8]) -> Option<Self> {
        let says = |words: &[u8]| body.windows(words.len()).any(|window| window == words);
        match status.as_u16() {
            400 if says(b"No required SSL certificate was sent") => Some(Self::Demanded),
            400 if says(b"The SSL certificate error") => Some(Self::Refused),
            495 => Some(Self::Refused),
            496 => Some(Self::Demanded),
            511 => Some(Self::Either),
            _ => None,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Demanded => "the server demands a client certificate, and got none",
            Self::Either => "the server misses the client certificate, or refuses the one it was shown",
            Self::Refused => "the server refuses the client certificate",
        }
    }

    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::Demanded => {
                "name the certificate and its key with cert_file and key_file; if the profile has them, check that \
                 api_url leads to the server itself, and not to one in between that drops the certificate"
            }
            Self::Either => {
                "check that cert_file and key_file (Clara: the folder in credentials) are those that were issued for \
                 this server and environment"
            }
            Self::Refused => {
                "ask whoever issued the certificate whether it was revoked, and whether it is for this server and \
                 environment; then get a new one"
            }
        }
    }

    pub(crate) fn error(self, status: StatusCode) -> Error {
        Error::new(ErrorKind::ClientCertificate, self.words()).with_status(status).with_advice(self.advice())
    }
}

/// How much of a page is looked through.
pub(crate) const LARGEST_PAGE: usize = 16 * 1024;
pub(crate) const RENEW: &str = "get a new certificate and key from whoever issued them, before these end";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SOON: u64 = 30;
const VERY_SOON: u64 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_servers_say_of_certificates() {
        let of =
            |status: u16, body: &str| Verdict::of(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        let page = |title| format!("<html>\r\n<head><title>400 {title}</title></head>\r\n</html>");
        assert_eq!(of(400, &page("No required SSL certificate was sent")), Some(Verdict::Demanded));
        assert_eq!(of(400, &page("The SSL certificate error")), Some(Verdict::Refused));
        assert_eq!(of(400, &page("Bad Request")), None);
        assert_eq!(of(200, &page("The SSL certificate error")), None);
        assert_eq!((of(495, ""), of(496, "")), (Some(Verdict::Refused), Some(Verdict::Demanded)));
        assert_eq!((of(511, ""), of(401, "")), (Some(Verdict::Either), None));
    }

    #[tokio::test]
    async fn grows_louder_as_the_end_comes_near() {
        use claviger_sandbox::{Options, Sandbox};

        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        sandbox.write_dir(folder.path()).unwrap();
        let files = ["clara/client.crt", "clara/client.key"].map(|file| folder.path().join(file));
        let identity = Identity::from_files(files).unwrap();
        let of = |days: u32| Life::of(&identity, identity.not_after() - days * DAY);
        assert_eq!([of(30), of(29)], [Life::Days(30), Life::Soon(29)]);
        assert_eq!([of(7), of(6)], [Life::Soon(7), Life::VerySoon(6)]);
        assert_eq!(of(6).words(), "ENDS IN 6 DAYS");
        assert_eq!(Life::of(&identity, identity.not_after()).words(), "ENDS IN LESS THAN A DAY");
    }
}
