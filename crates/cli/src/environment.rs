//! The process's environment: the one place that reads it.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

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

/// The variable with the client secret.
pub(crate) const CLIENT_SECRET: &str = "CLAVIGER_CLIENT_SECRET";

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn follows_the_platform_to_its_config_folder() {
        let folder = |variables: &[_]| Environment::of(variables).config_folder();
        assert_eq!(folder(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/home/a")]), Some("/x".into()));
        assert_eq!(folder(&[("XDG_CONFIG_HOME", ""), ("HOME", "/home/a")]), Some("/home/a/.config".into()));
        assert_eq!(folder(&[("XDG_CONFIG_HOME", "x"), ("HOME", "/home/a")]), Some("/home/a/.config".into()));
        assert_eq!(folder(&[("HOME", ".")]), None, "never below the current folder");
    }
}
