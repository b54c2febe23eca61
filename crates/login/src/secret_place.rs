//! Where a profile says that a secret is, to be put there.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_profiles::{KeptSecret, SecretSource, Section, Value, Variables};
use secrecy::{ExposeSecret, SecretString};

/// Knows where a profile has a secret: in a file, or put away by its name.
///
/// A file that is put there is for its user alone, and takes the place of what was there as a whole.
#[derive(Clone, Debug)]
pub struct SecretPlace {
    setting: &'static str,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Kept(KeptSecret),
}

/// What a profile says of it.
enum Named<'a> {
    File(&'a str),
    Kept(&'a str),
}

impl SecretPlace {
    /// Finds the place of this setting's secret, else that of the only secret that has one.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if there is none, or if there are several and none was named; those of
    /// [`KeptSecret::new`].
    pub fn of(section: &Section, setting: Option<&str>, variables: &Variables) -> Result<Self, Error> {
        let mut named: Vec<_> = section
            .entries()
            .filter_map(|(name, _, value)| match value {
                Value::Secret(SecretSource::File(file)) => Some((name, Named::File(file))),
                Value::Secret(SecretSource::Keyring(secret)) => Some((name, Named::Kept(secret))),
                Value::Flag(_) | Value::List(_) | Value::Secret(_) | Value::Text(_) => None,
            })
            .filter(|(name, _)| setting.is_none_or(|setting| setting == *name))
            .collect();
        let position = section.position();
        let wrong = |what, advice| {
            let error = Error::new(ErrorKind::Configuration, what).with_subject(position.to_string());
            Err(error.with_advice(advice))
        };
        let (setting, place) = match (named.pop(), named.is_empty()) {
            (Some(named), true) => named,
            (Some(_), false) => {
                let advice = "say which: --setting client_secret, for one";
                return wrong("the profile has several such secrets", advice);
            }
            (None, _) => return wrong("the profile names no place for such a secret", NO_PLACE),
        };
        let place = match place {
            Named::File(file) => Place::File(position.path().parent().unwrap_or(Path::new("")).join(file)),
            Named::Kept(secret) => Place::Kept(KeptSecret::new(secret, variables)?),
        };
        Ok(Self { setting, place })
    }

    /// Names the setting, and its place.
    #[must_use]
    pub fn shown(&self, variables: &Variables) -> String {
        match &self.place {
            Place::File(file) => format!("{}, {}", self.setting, file.display()),
            Place::Kept(secret) => format!("{}, {}", self.setting, secret.shown(variables)),
        }
    }

    /// Puts the secret there. It blocks.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is empty, has control characters in it (several lines, for one),
    /// or if the place cannot be written to: what was there is there still.
    pub fn set(&self, secret: &SecretString, variables: &Variables) -> Result<(), Error> {
        let text = secret.expose_secret();
        if text.is_empty() || text.contains(char::is_control) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "this is no secret: it is empty, or has several lines",
            )
            .with_subject(self.setting)
            .with_advice("give it on one line"));
        }
        match &self.place {
            Place::File(file) => {
                write(file, text).map_err(|error| self.failed("the secret cannot be written", file, error))
            }
            Place::Kept(kept) => kept.set(secret, variables),
        }
    }

    /// Takes the secret away, and tells whether there was one. It blocks.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is there and cannot be removed.
    pub fn forget(&self) -> Result<bool, Error> {
        let file = match &self.place {
            Place::File(file) => file,
            Place::Kept(kept) => return kept.forget(),
        };
        match fs::remove_file(file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed("the secret cannot be removed", file, error)),
        }
    }

    fn failed(&self, what: &'static str, file: &Path, error: io::Error) -> Error {
        Error::new(ErrorKind::Configuration, what)
            .with_subject(format!("{}, {}", self.setting, file.display()))
            .with_source(error)
            .with_advice("check that its folder is there, and yours to write to")
    }
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    // A link is followed, so that what it leads to is replaced and not the link; one that leads nowhere stays.
    let file = match fs::symlink_metadata(file) {
        Ok(_) => fs::canonicalize(file)?,
        Err(_) => file.to_owned(),
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    // Its user's alone from the moment it is made.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(text.as_bytes())?;
    temporary.write_all(b"\n")?;
    temporary.as_file().sync_all()?;
    temporary.persist(&file)?;
    Ok(())
}

const NO_PLACE: &str =
    "write client_secret = { file = \"secret.txt\" } below the profile's name, or { keyring = \"a name\" }";

#[cfg(test)]
mod tests {
    use claviger_profiles::Document;

    use super::*;

    fn variables(folder: &Path) -> Variables {
        let state = folder.join("state").into_os_string();
        Variables::new(move |name| match name {
            "CLAVIGER_STATE_DIR" => Some(state.clone()),
            "CLAVIGER_SECRETS" => Some("sealed".into()),
            _ => None,
        })
    }

    fn place(folder: &Path, secrets: &str, setting: Option<&str>) -> Result<SecretPlace, Error> {
        let file = folder.join("claviger.toml");
        fs::write(&file, format!("[profiles.a]\nprovider = 'clazar'\n{secrets}\n")).unwrap();
        SecretPlace::of(&Document::open(&file).unwrap().choose(None).unwrap(), setting, &variables(folder))
    }

    #[test]
    fn puts_a_secret_where_the_profile_looks_for_it_and_takes_it_away() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path(), "client_secret = { file = 's.txt' }", None).unwrap();
        let variables = variables(folder.path());
        for secret in ["swordfish", "marlin"] {
            place.set(&secret.into(), &variables).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("s.txt")).unwrap(), format!("{secret}\n"));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("s.txt")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        #[cfg(unix)]
        {
            let link = folder.path().join("s.txt");
            fs::rename(&link, folder.path().join("aside")).unwrap();
            std::os::unix::fs::symlink("nothing", &link).unwrap();
            assert!(place.set(&"swordfish".into(), &variables).is_err() && link.is_symlink());
            fs::rename(folder.path().join("aside"), &link).unwrap();
        }
        for bad in ["", "sword\nfish"] {
            let error = place.set(&bad.into(), &variables).unwrap_err();
            assert!(!error.to_string().contains("fish"), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
        assert!(place.forget().unwrap());
        assert!(!place.forget().unwrap());
    }

    #[test]
    fn puts_a_secret_away_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path(), "client_secret = { keyring = 'acme' }", None).unwrap();
        let shown = place.shown(&variables(folder.path()));
        assert!(shown.starts_with("client_secret, acme, sealed in "), "{shown}");
        place.set(&"swordfish".into(), &variables(folder.path())).unwrap();
        assert_eq!(
            fs::read_dir(folder.path().join("state/secrets")).unwrap().count(),
            4,
            "two, and two locks"
        );
        assert!(place.forget().unwrap());
        assert!(!place.forget().unwrap());
    }

    #[test]
    fn knows_one_place_or_asks_which() {
        let folder = tempfile::tempdir().unwrap();
        let of = |secrets: &str, setting| place(folder.path(), secrets, setting);
        let both = "client_secret = { file = 's.txt' }\npassphrase = { file = 'p.txt' }";
        assert_eq!(of(both, Some("passphrase")).unwrap().setting, "passphrase");
        assert!(of(both, None).unwrap_err().advice().contains("--setting"));
        for none in ["", "client_secret = 'swordfish'", "client_secret = { env = 'A' }"] {
            let error = of(none, None).unwrap_err();
            assert!(error.advice().contains("{ file"), "{error}");
            assert!(!format!("{error} {error:?}").contains("swordfish"));
        }
    }
}
