//! Environment variables, for whom somebody else reads them.

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
pub struct Variables {
    read: Box<Read>,
}

impl Variables {
    /// Looks each variable up by this function, whenever it is wanted.
    #[must_use]
    pub fn new(read: impl Fn(&str) -> Option<OsString> + 'static) -> Self {
        Self { read: Box::new(read) }
    }

    /// Looks variables up in a list.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&'static str, &str)]) -> Self {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
        Self::new(move |name| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
        })
    }

    /// Takes what the variable of that name holds, if it holds anything.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<OsString> {
        (self.read)(name).filter(|value| !value.is_empty())
    }

    /// `$CLAVIGER_CLIENT_ID`, above the settings file.
    ///
    /// # Errors
    ///
    /// Those of [`text`](Self::text).
    pub fn client_id(&self) -> Result<Option<String>, Error> {
        self.text("CLAVIGER_CLIENT_ID")
    }

    /// Takes what the variable of that name holds, as text.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration): it is not UTF-8, and would be sent as something else.
    pub fn text(&self, name: &str) -> Result<Option<String>, Error> {
        let text = self.value(name).map(OsString::into_string).transpose();
        text.map_err(|_| {
            Error::new(ErrorKind::Configuration, "the variable is not text")
                .with_subject(format!("${name}"))
                .with_advice("set it to UTF-8 text, or unset it")
        })
    }

    /// Whether `$CLAVIGER_CLIENT_SECRET` is there, above the settings file.
    #[must_use]
    pub fn has_client_secret(&self) -> bool {
        self.value(CLIENT_SECRET).is_some()
    }

    /// `$CLAVIGER_SESSION_KEY`, above the settings file: it seals sessions where they are kept.
    pub(crate) fn session_key(&self) -> Result<Option<SecretString>, Error> {
        self.text("CLAVIGER_SESSION_KEY").map(|text| text.map(SecretString::from))
    }

    /// The folder that tokens, sessions and secrets are kept in: `$CLAVIGER_STATE_DIR` itself, else ours in the platform's
    /// folder for the state of programs.
    #[must_use]
    pub fn state_folder(&self) -> Option<PathBuf> {
        // Made absolute, so that what is said of it can be found.
        let own = self.value("CLAVIGER_STATE_DIR").and_then(|path| std::path::absolute(path).ok());
        let absolute = |name| self.value(name).map(PathBuf::from).filter(|path| Path::is_absolute(path));
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

    /// Takes a secret out of the variable of that name. It must be text.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        self.value(name)?.into_string().ok().map(SecretString::from)
    }

    /// What goes through a proxy: `$HTTPS_PROXY`, else `$ALL_PROXY`, less the hosts in `$NO_PROXY`; of each, the
    /// name in capitals is looked at first.
    pub(crate) fn proxies(&self) -> Result<Option<Proxies>, Error> {
        let Some(name) = PROXIES.into_iter().find(|name| self.value(name).is_some()) else { return Ok(None) };
        // A user and a password may stand in it.
        let url = self.secret(name).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "the proxy's URL is not text")
                .with_subject(format!("${name}"))
        })?;
        let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| self.value(name));
        let exceptions = exceptions.unwrap_or_default();
        Proxies::new(url.expose_secret(), &exceptions.to_string_lossy())
            .map(Some)
            .map_err(|error| error.with_subject(format!("${name}")))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables").finish_non_exhaustive()
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
            let proxies = Variables::of(variables).proxies().unwrap();
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

    #[cfg(unix)]
    #[test]
    fn does_not_send_an_id_that_is_no_text() {
        let id = |bytes: &'static [u8]| {
            let value = <OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes.to_vec());
            Variables::new(move |_| Some(value.clone())).client_id()
        };
        assert_eq!(id("ä".as_bytes()).unwrap().as_deref(), Some("ä"));
        assert_eq!(id(b"").unwrap(), None);
        let error = id(b"acme\xff").unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, Some("$CLAVIGER_CLIENT_ID")));
        assert!(!error.to_string().contains("acme"), "{error}");
    }

    #[test]
    fn names_the_variable_of_a_bad_proxy_and_not_its_value() {
        for (name, url) in [
            ("HTTPS_PROXY", "https://swordfish:1"),
            ("all_proxy", "socks5://user:swordfish@a:1"),
            ("ALL_PROXY", "http://user:swordfish@"),
        ] {
            let error = Variables::of(&[(name, url)]).proxies().unwrap_err();
            assert_eq!(error.subject(), Some(&*format!("${name}")));
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error} {error:?} {}", error.advice()).contains("swordfish"));
        }
    }
}
