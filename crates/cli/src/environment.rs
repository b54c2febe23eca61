//! The process's environment: the one place that reads it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use claviger_auth_core::Error;
use claviger_profiles::Variables;

/// Looks up what the environment says, and where the platform has its folders.
#[derive(Debug)]
pub(crate) struct Environment {
    variables: Variables,
}

impl Environment {
    /// Reads that of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(crate) fn of_process() -> Self {
        Self { variables: Variables::new(|name| std::env::var_os(name)) }
    }

    /// Looks variables up in a list.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&'static str, &str)]) -> Self {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
        let read = move |name: &str| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone())
        };
        Self { variables: Variables::new(read) }
    }

    /// The variables that a profile may ask for.
    pub(crate) fn variables(&self) -> &Variables {
        &self.variables
    }

    /// `$CLAVIGER_CONFIG`, the settings file.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        self.get("CLAVIGER_CONFIG").map(PathBuf::from)
    }

    /// `$CLAVIGER_PROFILE`.
    pub(crate) fn profile(&self) -> Result<Option<String>, Error> {
        self.variables.text("CLAVIGER_PROFILE")
    }

    /// `$BROWSER`, the program or programs that open an address.
    pub(crate) fn browser(&self) -> Option<OsString> {
        self.get("BROWSER")
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

    fn get(&self, name: &str) -> Option<OsString> {
        self.variables.value(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
