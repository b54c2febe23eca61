//! How a session stands: who, and until when.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use claviger_oauth_code::StoredSession;

/// Tells how a session stands. No token is in what it tells.
#[derive(Debug)]
pub struct Status {
    pub(crate) profile: String,
    pub(crate) client_id: String,
    pub(crate) session: Option<StoredSession>,
    pub(crate) path: PathBuf,
    pub(crate) is_sealed: bool,
    pub(crate) now: SystemTime,
}

impl Status {
    /// Tells whether requests can be sent without another login, as far as it is known here.
    #[must_use]
    pub fn is_logged_in(&self) -> bool {
        self.session.as_ref().is_some_and(|session| {
            session.refresh_token().is_some() || self.left().is_none_or(|left| !left.is_zero())
        })
    }

    /// Writes it for people.
    #[must_use]
    pub fn text(&self) -> String {
        let logged_in = if self.is_logged_in() { "yes" } else { "no" };
        let mut text = format!(
            "profile        {}\nclient         {}\nlogged in      {logged_in}\n",
            self.profile, self.client_id
        );
        if let Some(session) = &self.session {
            let scope = self.scope().unwrap_or_else(|| "(not told)".to_owned());
            let until = match (self.ends(), self.left()) {
                (Some(_), Some(left)) if left.is_zero() => "ended".to_owned(),
                (Some(ends), Some(left)) => {
                    format!("until {} ({} s left)", httpdate::fmt_http_date(ends), left.as_secs())
                }
                _ => "until when was not told".to_owned(),
            };
            let refresh =
                if session.refresh_token().is_some() { "yes: it is renewed by itself" } else { "none" };
            text.push_str(&format!(
                "scope          {scope}\naccess token   {until}\nrefresh token  {refresh}\n"
            ));
        }
        let sealed = if self.is_sealed { "sealed" } else { "not sealed" };
        text.push_str(&format!("kept in        {} ({sealed})\n", self.path.display()));
        text
    }

    /// Writes it for programs, on one line.
    #[must_use]
    pub fn json(&self) -> String {
        let refresh_token = self.session.as_ref().is_some_and(|session| session.refresh_token().is_some());
        let value = serde_json::json!({
            "profile": self.profile,
            "client_id": self.client_id,
            "logged_in": self.is_logged_in(),
            "scope": self.scope(),
            "expires_in": self.left().map(|left| left.as_secs()),
            "refresh_token": refresh_token,
            "file": self.path.display().to_string(),
            "sealed": self.is_sealed,
        });
        format!("{value}\n")
    }

    fn scope(&self) -> Option<String> {
        let scopes = self.session.as_ref()?.access_token().scopes();
        (!scopes.is_empty()).then(|| scopes.join(" "))
    }

    fn ends(&self) -> Option<SystemTime> {
        let session = self.session.as_ref()?;
        session.issued().checked_add(session.access_token().expires_in()?)
    }

    /// How long the access token lasts; none if there is none, or if nobody said.
    fn left(&self) -> Option<Duration> {
        Some(self.ends()?.duration_since(self.now).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn status(session: Option<&str>) -> Status {
        Status {
            profile: "acme".to_owned(),
            client_id: "id".to_owned(),
            session: session.map(|json| StoredSession::decode(json.as_bytes()).unwrap()),
            path: "/state/a.json".into(),
            is_sealed: false,
            now: UNIX_EPOCH + Duration::from_secs(1_800_000_100),
        }
    }

    fn stored(refresh_token: &str, life: &str) -> String {
        format!(
            "{{\"version\":1,\"access_token\":\"swordfish\",\"refresh_token\":{refresh_token},\
             \"issued_at_millis\":1800000000000,\"expires_in\":{life},\"scope\":[\"a\",\"b\"],\"certificate\":null}}"
        )
    }

    #[test]
    fn tells_until_when_and_no_token() {
        let status = status(Some(&stored("\"marlin\"", "3600")));
        let text = status.text();
        for line in [
            "logged in      yes",
            "scope          a b",
            "access token   until Fri, 15 Jan 2027 09:00:00 GMT (3500 s left)",
            "refresh token  yes: it is renewed by itself",
            "kept in        /state/a.json (not sealed)",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
        let value: serde_json::Value = serde_json::from_str(&status.json()).unwrap();
        assert_eq!((&value["expires_in"], &value["refresh_token"]), (&3500.into(), &true.into()));
        let all = format!("{text}{}{status:?}", status.json());
        assert!(!all.contains("swordfish") && !all.contains("marlin"), "{all}");
    }

    #[test]
    fn knows_who_must_log_in_again() {
        let is_logged_in = |session: Option<&str>| {
            let status = status(session);
            assert_eq!(status.text().contains("logged in      yes"), status.is_logged_in());
            status.is_logged_in()
        };
        assert!(!is_logged_in(None));
        assert!(is_logged_in(Some(&stored("\"marlin\"", "10"))), "it can be renewed");
        assert!(!is_logged_in(Some(&stored("null", "10"))));
        assert!(is_logged_in(Some(&stored("null", "3600"))));
        assert!(is_logged_in(Some(&stored("null", "null"))), "as long as the server takes it");
    }
}
