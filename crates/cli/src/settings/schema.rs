//! Every setting that a profile can have, and for whom it has a meaning.
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
    ("passphrase", Kind::Secret),
    ("password", Kind::Secret),
    ("pkcs12_file", Kind::Text),
    ("provider", Kind::Text),
    ("redirect_uri", Kind::Text),
    ("resource", Kind::List),
    ("scope", Kind::Text),
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

/// Has a meaning in every profile.
pub(crate) const OF_ALL: &[&str] =
    &["api_url", "ca_file", "check_path", "client_id", "client_secret", "provider", "tenant", "trust"];
/// Has a meaning for Clara.
pub(crate) const OF_CLARA: &[&str] = &["country", "credentials", "environment", "token_url"];
/// Has a meaning for Clara where there is no folder of credentials.
pub(crate) const OF_CLARA_IN_PARTS: &[&str] = &["cert_file", "key_file"];
/// Has a meaning for any custom provider.
pub(crate) const OF_CUSTOM: &[&str] =
    &["allow_loopback_http", "auth", "cert_file", "key_file", "passphrase", "pkcs12_file", "tenant_header"];
/// Has a meaning where `auth = "client-credentials"`.
pub(crate) const OF_CLIENT_CREDENTIALS: &[&str] = &[
    "audience",
    "client_auth",
    "issuer",
    "resource",
    "scope",
    "signing_alg",
    "signing_key_file",
    "tenant_on_token_requests",
    "token_url",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_with_a_meaning_is_known_once() {
        let all = [OF_ALL, OF_CLARA, OF_CLARA_IN_PARTS, OF_CUSTOM, OF_CLIENT_CREDENTIALS].concat();
        for name in &all {
            assert!(find(name).is_some(), "{name}");
        }
        assert!(SETTINGS.is_sorted_by(|(left, _), (right, _)| left < right));
    }
}
