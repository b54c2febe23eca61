//! A code by which a user lets a device in (RFC 8628).

use std::time::Duration;

use claviger_auth_core::{Error, ErrorKind};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    endpoint::Endpoint,
    judge::{members, refused, success},
    members::Value,
    transport::Answer,
};

/// Holds what a device authorization endpoint answered (RFC 8628 §3.2).
#[derive(Clone, Debug)]
pub struct DeviceAuthorization {
    device_code: SecretString,
    user_code: SecretString,
    verification_uri: String,
    verification_uri_complete: Option<SecretString>,
    expires_in: Duration,
    interval: Duration,
}

impl DeviceAuthorization {
    /// Returns what the device asks with, which is nobody else's business.
    #[must_use]
    pub fn device_code(&self) -> &SecretString {
        &self.device_code
    }

    /// Returns what the user types in: for the user's eyes.
    #[must_use]
    pub fn user_code(&self) -> &SecretString {
        &self.user_code
    }

    /// Returns where the user types it in.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// Returns where the user need not type it in, if there is such a place: for a QR code.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&SecretString> {
        self.verification_uri_complete.as_ref()
    }

    /// Returns for how long the codes are good.
    #[must_use]
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// Returns how long to wait between two questions: 5 s if the server does not say, and never less than 1 s.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }
}

/// Reads an answer. The caller adds URL and status to the error.
pub(crate) fn read(answer: &Answer) -> Result<DeviceAuthorization, Error> {
    if !answer.status.is_success() {
        return Err(refused(answer, Endpoint::DeviceAuthorization));
    }
    let form: Form = members(success(&answer.body, Endpoint::DeviceAuthorization)?)?;
    let value = |member: Option<Box<RawValue>>| member.map(|raw| Value::of(&raw)).unwrap_or_default();
    let secret = |member| value(member).text().filter(|text| !text.is_empty()).map(SecretString::from);
    let lacks = || Error::new(ErrorKind::Protocol, "the server's answer is no device authorization");
    let seconds = |member| value(member).seconds();
    // RFC 8628 §3.3: it is shown to a user, who goes there.
    let shown = |url: &str| url.starts_with("https://") || url.starts_with("http://");
    Ok(DeviceAuthorization {
        device_code: secret(form.device_code).ok_or_else(lacks)?,
        user_code: secret(form.user_code).ok_or_else(lacks)?,
        verification_uri: form.verification_uri.filter(|url| shown(url)).ok_or_else(lacks)?,
        verification_uri_complete: form
            .verification_uri_complete
            .filter(|url| shown(url))
            .map(SecretString::from),
        expires_in: seconds(form.expires_in).unwrap_or(DEFAULT_LIFE).min(LONGEST_LIFE),
        interval: seconds(form.interval)
            .unwrap_or(DEFAULT_INTERVAL)
            .clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL),
    })
}

#[derive(Deserialize)]
struct Form {
    device_code: Option<Box<RawValue>>,
    user_code: Option<Box<RawValue>>,
    // As Google calls it.
    #[serde(alias = "verification_url")]
    verification_uri: Option<String>,
    verification_uri_complete: Option<String>,
    expires_in: Option<Box<RawValue>>,
    interval: Option<Box<RawValue>>,
}

/// RFC 8628 §3.2.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
/// The server must say it; who does not means the usual.
const DEFAULT_LIFE: Duration = Duration::from_secs(600);
const LONGEST_LIFE: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use claviger_auth_core::ErrorKind;
    use http::StatusCode;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::{transport::AnswerBody, wiped::Wiped};

    fn answer(status: StatusCode, body: &str) -> Result<DeviceAuthorization, Error> {
        let mut whole = Wiped::default();
        whole.push_str(body);
        read(&Answer { status, retry_after: None, body: AnswerBody::Whole(whole) })
    }

    #[test]
    fn reads_what_rfc_8628_shows() {
        let body = r#"{"device_code":"swordfish","user_code":"WDJB-MJHT","verification_uri":"https://auth.example/device",
            "verification_uri_complete":"https://auth.example/device?user_code=WDJB-MJHT","expires_in":1800,"interval":5}"#;
        let device = answer(StatusCode::OK, body).unwrap();
        assert_eq!(device.device_code().expose_secret(), "swordfish");
        assert_eq!(device.user_code().expose_secret(), "WDJB-MJHT");
        assert_eq!(device.verification_uri(), "https://auth.example/device");
        assert!(device.verification_uri_complete().unwrap().expose_secret().ends_with("WDJB-MJHT"));
        assert_eq!((device.expires_in().as_secs(), device.interval().as_secs()), (1800, 5));
        let shown = format!("{device:?}");
        assert!(!shown.contains("swordfish") && !shown.contains("WDJB"), "{shown}");
    }

    #[test]
    fn bears_with_what_is_missing_and_with_absurd_figures() {
        let body = r#"{"device_code":"d","user_code":"u","verification_url":"https://auth.example/","interval":0,"expires_in":1e18}"#;
        let device = answer(StatusCode::OK, body).unwrap();
        assert_eq!((device.expires_in().as_secs(), device.interval().as_secs()), (3600, 1));
        for bad in [
            "{}",
            r#"{"device_code":"d","user_code":"u"}"#,
            r#"{"device_code":"d","user_code":"u","verification_uri":"javascript:alert(1)"}"#,
            r#"{"device_code":1,"user_code":"u","verification_uri":"https://auth.example/"}"#,
        ] {
            assert_eq!(answer(StatusCode::OK, bad).unwrap_err().kind(), ErrorKind::Protocol, "{bad}");
        }
        let refused = answer(StatusCode::BAD_REQUEST, r#"{"error":"unauthorized_client"}"#).unwrap_err();
        assert_eq!(refused.oauth_error(), Some("unauthorized_client"));
    }
}
