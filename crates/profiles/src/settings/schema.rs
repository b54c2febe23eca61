//! Every setting that a profile can have.
//!
//! It is the schema of the whole program: settings of providers that are yet to come are known, so that one
//! file serves all versions.

/// What a setting holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Flag,
    List,
    /// Text, or where it is to be found.
    Secret,
    Text,
}

/// Names settings.
pub(crate) type Names = &'static [&'static str];

/// Finds a setting by its name.
pub(crate) fn find(name: &str) -> Option<(&'static str, Kind)> {
    SETTINGS.iter().find(|(other, _)| *other == name).copied()
}

const SETTINGS: &[(&str, Kind)] = &[
    ("allow_loopback_http", Kind::Flag),
    ("api_url", Kind::Text),
    ("api_version", Kind::Text),
    ("audience", Kind::Text),
    ("auth", Kind::Text),
    ("authorize_url", Kind::Text),
    ("ca_file", Kind::Text),
    ("cert_file", Kind::Text),
    ("check_path", Kind::Text),
    ("client_auth", Kind::Text),
    ("client_id", Kind::Text),
    ("client_secret", Kind::Secret),
    ("country", Kind::Text),
    ("credentials", Kind::Text),
    ("environment", Kind::Text),
    ("issuer", Kind::Text),
    ("key_file", Kind::Text),
    ("mqtt_url", Kind::Text),
    ("parameters", Kind::List),
    ("passphrase", Kind::Secret),
    ("password", Kind::Secret),
    ("pkcs12_file", Kind::Text),
    ("provider", Kind::Text),
    ("redirect_uri", Kind::Text),
    ("resource", Kind::List),
    ("scope", Kind::Text),
    ("session_key", Kind::Secret),
    ("signing_alg", Kind::Text),
    ("signing_key_file", Kind::Text),
    ("tenant", Kind::Text),
    ("tenant_header", Kind::Text),
    ("tenant_on_token_requests", Kind::Flag),
    ("token", Kind::Secret),
    ("token_url", Kind::Text),
    ("trust", Kind::Text),
    ("username", Kind::Text),
];

/// Has a meaning in every profile. What else has one, its provider says.
pub(crate) const OF_ALL: Names = &["api_url", "ca_file", "check_path", "provider", "trust"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_once() {
        for name in OF_ALL {
            assert!(find(name).is_some(), "{name}");
        }
        assert!(SETTINGS.is_sorted_by(|(left, _), (right, _)| left < right));
    }
}
