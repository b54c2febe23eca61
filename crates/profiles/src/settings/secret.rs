//! Secrets, and where the settings say that they are.

use std::{fs::Metadata, io, path::Path};

use claviger_auth_core::{Error, ErrorKind};
use claviger_input_file::InputFile;
use secrecy::SecretString;

use super::{file, position::Position};
use crate::{KeptSecret, Variables};

/// Says where a secret is. Nothing is looked up before it is wanted.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "whoever says where secrets are has words for each")]
pub enum SecretSource {
    /// In the environment variable of this name.
    Environment(String),
    /// In the file of this path, which is relative to the settings file.
    File(String),
    /// In the platform's keyring or a sealed file, by this name: a [`KeptSecret`].
    Keyring(String),
    /// In the settings themselves.
    Literal(SecretString),
}

impl SecretSource {
    /// Fetches the secret of the setting `name`, which stands at `position`.
    pub(crate) fn fetch(
        &self,
        name: &str,
        position: &Position,
        variables: &Variables,
    ) -> Result<SecretString, Error> {
        match self {
            Self::Environment(variable) => variables.secret(variable).ok_or_else(|| {
                let what = "the environment variable with the secret is not set, or is not text";
                Error::new(ErrorKind::Configuration, what)
                    .with_subject(format!("{position}, {name}, ${variable}"))
                    .with_advice("set and export the variable that is named")
            }),
            Self::File(file) => {
                // A path in the settings is relative to them.
                let path = position.path().parent().unwrap_or(Path::new("")).join(file);
                read(&path).map_err(|error| {
                    let subject = format!("{position}, {name}, {}", path.display());
                    error.with_subject(subject)
                })
            }
            Self::Keyring(entry) => {
                let secret = KeptSecret::new(entry, variables);
                secret.and_then(|secret| secret.load(variables)).map_err(|error| {
                    let subject = error.subject().unwrap_or(entry);
                    let subject = format!("{position}, {name}, {subject}");
                    error.with_subject(subject)
                })
            }
            Self::Literal(secret) => Ok(secret.clone()),
        }
    }
}

/// Reads a secret from a file, without what editors put around it.
fn read(path: &Path) -> Result<SecretString, Error> {
    read_if(path, |_| true)
}

/// As [`read`], of a file that others may not write.
pub(crate) fn read_own(path: &Path) -> Result<SecretString, Error> {
    read_if(path, |metadata| !file::is_others(metadata))
}

fn read_if(path: &Path, is_good: impl FnOnce(&Metadata) -> bool) -> Result<SecretString, Error> {
    let problem = |what| {
        Error::new(ErrorKind::Configuration, what)
            .with_advice("check the file; it holds the secret as text, and nothing else")
    };
    let found = InputFile::read(path, MAX_LENGTH).map_err(|error| {
        if error.kind() == io::ErrorKind::FileTooLarge {
            problem("the file with the secret is too large to be one")
        } else {
            problem("the file with the secret cannot be read").with_source(error)
        }
    })?;
    if !is_good(found.metadata()) {
        return Err(problem("others may write the file with the secret").with_advice("chmod go-w, or chown"));
    }
    let text =
        std::str::from_utf8(found.bytes()).map_err(|_| problem("the file with the secret is not text"))?;
    // Editors put a mark before it, and line ends behind it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(problem("the file with the secret is empty"));
    }
    if text.contains(char::is_control) {
        return Err(problem("the file holds more than one line"));
    }
    Ok(text.into())
}

/// Longer than any secret or token.
const MAX_LENGTH: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::{fs, sync::Arc};

    use secrecy::ExposeSecret;

    use super::*;

    fn fetch(source: &SecretSource, folder: &Path, variables: &Variables) -> Result<SecretString, Error> {
        let path: Arc<Path> = folder.join("claviger.toml").into();
        source.fetch("profiles.a.client_secret", &Position::of(&path, "", 0), variables)
    }

    #[test]
    fn comes_from_an_environment_variable() {
        let source = SecretSource::Environment("ACME".to_owned());
        let folder = Path::new("");
        let secret = fetch(&source, folder, &Variables::of(&[("ACME", "swordfish")])).unwrap();
        assert_eq!(secret.expose_secret(), "swordfish");
        let error = fetch(&source, folder, &Variables::of(&[("ACME", "")])).unwrap_err();
        assert!(error.to_string().contains("$ACME"), "{error}");
    }

    #[test]
    fn comes_from_a_file_beside_the_settings_without_its_last_newline() {
        let folder = tempfile::tempdir().unwrap();
        let get = |text: &[u8]| {
            fs::write(folder.path().join("secret.txt"), text).unwrap();
            let source = SecretSource::File("secret.txt".to_owned());
            fetch(&source, folder.path(), &Variables::of(&[]))
        };
        for text in
            ["sword fish", "sword fish\n", "sword fish\r\n", "\u{feff}sword fish\n", "sword fish\r\n\n\n"]
        {
            assert_eq!(get(text.as_bytes()).unwrap().expose_secret(), "sword fish");
        }
        assert_eq!(get(b" two \n\n").unwrap().expose_secret(), " two ", "spaces may belong to it");
        for bad in ["sword\nfish", "\nswordfish", "sword\u{1b}fish", "sword\u{85}fish\n", "sword\rfish"] {
            let error = get(bad.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("the file holds more than one line"), "{error}");
            assert!(error.subject().unwrap().ends_with("secret.txt") && !error.to_string().contains("fish"));
        }
        for bad in [&b""[..], b"\n", b"\xef\xbb\xbf", b"\xff", &[b'x'; MAX_LENGTH + 1]] {
            assert_eq!(get(bad).unwrap_err().kind(), ErrorKind::Configuration);
        }
        fs::remove_file(folder.path().join("secret.txt")).unwrap();
        let error =
            fetch(&SecretSource::File("secret.txt".into()), folder.path(), &Variables::of(&[])).unwrap_err();
        assert!(error.to_string().contains("profiles.a.client_secret, "), "{error}");
        assert!(error.to_string().contains("secret.txt"), "{error}");
    }

    #[test]
    fn shows_nothing() {
        let source = SecretSource::Literal("swordfish".into());
        let secret = fetch(&source, Path::new(""), &Variables::of(&[])).unwrap();
        assert_eq!(secret.expose_secret(), "swordfish");
        assert!(!format!("{source:?} {secret:?}").contains("swordfish"));
    }
}
