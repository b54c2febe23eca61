//! The process's environment: the one place that reads it.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_client::Proxies;
use secrecy::{ExposeSecret, SecretString};

/// Looks up environment variables. An empty one counts as missing.
///
/// It holds how to look up, not what was found: the secrets in it stay where they are until one is wanted.
pub(crate) struct Environment {
    read: Box<Read>,
}

impl Environment {
    /// Reads that of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(crate) fn of_process() -> Self {
        Self { read: Box::new(|name| std::env::var_os(name)) }
    }

    /// Looks variables up in a list.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&'static str, &str)]) -> Self {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
        Self {
            read: Box::new(move |name| {
                variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
            }),
        }
    }

    /// `$CLAVIGER_CONFIG`, the settings file.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        self.get("CLAVIGER_CONFIG").map(PathBuf::from)
    }

    /// `$CLAVIGER_PROFILE`.
    pub(crate) fn profile(&self) -> Option<String> {
        self.get("CLAVIGER_PROFILE").map(|name| name.to_string_lossy().into_owned())
    }

    /// `$CLAVIGER_CLIENT_ID`, above the settings file.
    pub(crate) fn client_id(&self) -> Option<String> {
        self.get("CLAVIGER_CLIENT_ID").map(|id| id.to_string_lossy().into_owned())
    }

    /// Whether `$CLAVIGER_CLIENT_SECRET` is there, above the settings file.
    pub(crate) fn has_client_secret(&self) -> bool {
        self.get(CLIENT_SECRET).is_some()
    }

    /// Takes a secret out of the variable of that name. It must be text.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        self.get(name)?.into_string().ok().map(SecretString::from)
    }

    /// What goes through a proxy: `$HTTPS_PROXY`, else `$ALL_PROXY`, less the hosts in `$NO_PROXY`; of each, the
    /// name in capitals is looked at first.
    pub(crate) fn proxies(&self) -> Result<Option<Proxies>, Error> {
        let Some(name) = PROXIES.into_iter().find(|name| self.get(name).is_some()) else { return Ok(None) };
        // A user and a password may stand in it.
        let url = self.secret(name).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "the proxy's URL is not text")
                .with_subject(format!("${name}"))
        })?;
        let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| self.get(name));
        let exceptions = exceptions.unwrap_or_default();
        Proxies::new(url.expose_secret(), &exceptions.to_string_lossy())
            .map(Some)
            .map_err(|error| error.with_subject(format!("${name}")))
    }

    /// The variable that puts other authorities in the place of the platform's, if one does.
    pub(crate) fn steers_platform_roots(&self) -> Option<&'static str> {
        ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(|name| self.get(name).is_some())
    }

    /// The folder in which the platform keeps the settings of programs.
    pub(crate) fn config_folder(&self) -> Option<PathBuf> {
        let absolute = |name| self.get(name).map(PathBuf::from).filter(|path| Path::is_absolute(path));
        if cfg!(windows) {
            return absolute("APPDATA");
        }
        let home = absolute("HOME");
        if cfg!(target_os = "macos") {
            return home.map(|home| home.join("Library/Application Support"));
        }
        // XDG Base Directory Specification: a path that is not absolute is passed over.
        absolute("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")))
    }

    /// The folder that tokens are kept in: `$CLAVIGER_STATE_DIR` itself, else ours in the platform's folder for
    /// the state of programs.
    pub(crate) fn state_folder(&self) -> Option<PathBuf> {
        // Made absolute, so that what is said of it can be found.
        let own = self.get("CLAVIGER_STATE_DIR").and_then(|path| std::path::absolute(path).ok());
        let absolute = |name| self.get(name).map(PathBuf::from).filter(|path| Path::is_absolute(path));
        let usual = || {
            if cfg!(windows) {
                return absolute("LOCALAPPDATA");
            }
            let home = absolute("HOME");
            if cfg!(target_os = "macos") {
                return home.map(|home| home.join("Library/Application Support"));
            }
            absolute("XDG_STATE_HOME").or_else(|| home.map(|home| home.join(".local/state")))
        };
        own.or_else(|| usual().map(|folder| folder.join("claviger")))
    }

    fn get(&self, name: &str) -> Option<OsString> {
        (self.read)(name).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

/// How a variable is looked up.
type Read = dyn Fn(&str) -> Option<OsString>;

/// The variables with a proxy's URL: the first that is there counts.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The variable with the client secret.
pub(crate) const CLIENT_SECRET: &str = "CLAVIGER_CLIENT_SECRET";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_proxy_and_what_is_reached_without_it() {
        let proxy = |variables: &[_], url: &'static str| {
            let proxies = Environment::of(variables).proxies().unwrap();
            proxies.and_then(|proxies| proxies.proxy_for(&http::Uri::from_static(url)))
        };
        let api = "https://api.example/";
        let all = [
            ("HTTPS_PROXY", "http://a:1"),
            ("https_proxy", "http://b:2"),
            ("ALL_PROXY", "http://c:3"),
            ("all_proxy", "d:4"),
        ];
        for (index, address) in ["a:1", "b:2", "c:3", "d:4"].into_iter().enumerate() {
            assert_eq!(proxy(&all[index..], api).as_deref(), Some(address));
        }
        assert_eq!(proxy(&[("HTTP_PROXY", "http://a:1")], api), None, "that one is for plain http");
        assert_eq!(proxy(&[("HTTPS_PROXY", "")], api), None);
        for name in ["NO_PROXY", "no_proxy"] {
            let variables = [("https_proxy", "http://a:1"), (name, "localhost,.example")];
            assert_eq!(proxy(&variables, api), None);
            assert_eq!(proxy(&variables, "https://api.test/").as_deref(), Some("a:1"));
        }
        assert_eq!(proxy(&all, "http://127.0.0.1/"), None, "plain http stays on this machine");
    }

    #[test]
    fn names_the_variable_of_a_bad_proxy_and_not_its_value() {
        for (name, url) in [
            ("HTTPS_PROXY", "https://swordfish:1"),
            ("all_proxy", "socks5://user:swordfish@a:1"),
            ("ALL_PROXY", "http://user:swordfish@"),
        ] {
            let error = Environment::of(&[(name, url)]).proxies().unwrap_err();
            assert_eq!(error.subject(), Some(&*format!("${name}")));
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error} {error:?} {}", error.advice()).contains("swordfish"));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn follows_the_platform_to_its_config_folder() {
        let folder = |variables: &[_]| Environment::of(variables).config_folder();
        assert_eq!(folder(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/home/a")]), Some("/x".into()));
        assert_eq!(folder(&[("XDG_CONFIG_HOME", ""), ("HOME", "/home/a")]), Some("/home/a/.config".into()));
        assert_eq!(folder(&[("XDG_CONFIG_HOME", "x"), ("HOME", "/home/a")]), Some("/home/a/.config".into()));
        assert_eq!(folder(&[("HOME", ".")]), None, "never below the current folder");
    }
}
