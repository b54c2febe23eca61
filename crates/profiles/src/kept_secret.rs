//! A secret that was put in its place by `claviger secret set`: in a sealed file, or in the platform's keyring.

use std::path::PathBuf;

use claviger_auth_core::{Error, ErrorKind};
#[cfg(feature = "keyring")]
use claviger_kept_secret::KeyringSecret;
use claviger_kept_secret::SealedSecret;
use claviger_seal::SealKey;
use secrecy::SecretString;

use crate::{Variables, settings};

/// Knows what `{ keyring = "…" }` means.
///
/// With the feature `keyring` that is the platform's keyring: on Linux whoever offers the Secret Service on D-Bus, on
/// macOS the keychain, on Windows the credential manager. Without, it is a sealed file below the folder for state. Its key
/// is that of `$CLAVIGER_SEAL_KEY`, or in the file of `$CLAVIGER_SEAL_KEY_FILE`; else one that is kept beside it.
/// `$CLAVIGER_SECRETS` stands above the feature: `sealed` or `keyring`.
///
/// The calls block, and a keyring may ask the user for something. The key is looked up where one is needed.
///
/// # Example
///
/// ```
/// use claviger_profiles::{KeptSecret, Variables};
/// use secrecy::ExposeSecret;
///
/// # let home = tempfile::tempdir()?;
/// # let state = home.path().as_os_str().to_owned();
/// let variables = Variables::new(move |name| match name {
///     "CLAVIGER_STATE_DIR" => Some(state.clone()),
///     "CLAVIGER_SECRETS" => Some("sealed".into()),
///     _ => None,
/// });
/// let secret = KeptSecret::new("acme", &variables)?;
/// secret.set(&"swordfish".into(), &variables)?;
/// assert_eq!(secret.load(&variables)?.expose_secret(), "swordfish");
/// assert!(secret.forget()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeptSecret {
    name: String,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    #[cfg(feature = "keyring")]
    Keyring(KeyringSecret),
    Sealed(SealedSecret),
}

impl KeptSecret {
    /// Names the secret. The variables say where it is.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the name is empty; if there is no folder for state; or if a
    /// keyring is asked for, and this build knows none.
    pub fn new(name: impl Into<String>, variables: &Variables) -> Result<Self, Error> {
        let name = name.into();
        if name.is_empty() {
            return Err(wrong("a secret that is kept has a name", "write one: { keyring = \"acme\" }"));
        }
        let usual = if cfg!(feature = "keyring") { KEYRING } else { SEALED };
        let place = match variables.text(PLACE)?.as_deref().unwrap_or(usual) {
            SEALED => sealed(&name, variables),
            KEYRING => keyring(&name),
            _ => Err(wrong("secrets are kept in one of two ways", "sealed or keyring")),
        };
        let place = place.map_err(|error| match error.subject() {
            Some(_) => error,
            None => error.with_subject(format!("${PLACE}")),
        })?;
        Ok(Self { name, place })
    }

    /// Gets the secret.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if there is none, or none that can be read.
    pub fn load(&self, variables: &Variables) -> Result<SecretString, Error> {
        match &self.place {
            #[cfg(feature = "keyring")]
            Place::Keyring(secret) => secret.load(),
            Place::Sealed(secret) => secret.load(key(variables)?),
        }
    }

    /// Puts the secret there, in the place of any before.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it cannot be put there.
    pub fn set(&self, text: &SecretString, variables: &Variables) -> Result<(), Error> {
        match &self.place {
            #[cfg(feature = "keyring")]
            Place::Keyring(secret) => secret.set(text),
            Place::Sealed(secret) => secret.set(text, key(variables)?),
        }
    }

    /// Takes the secret away, and tells whether there was one.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it cannot be taken away.
    pub fn forget(&self) -> Result<bool, Error> {
        match &self.place {
            #[cfg(feature = "keyring")]
            Place::Keyring(secret) => secret.forget(),
            Place::Sealed(secret) => secret.forget(),
        }
    }

    /// Tells where it is, and of a file with whose key.
    #[must_use]
    pub fn shown(&self, variables: &Variables) -> String {
        match &self.place {
            #[cfg(feature = "keyring")]
            Place::Keyring(_) => format!("{}, in the keyring", self.name),
            Place::Sealed(secret) => {
                let given = [KEY, KEY_FILE].into_iter().find(|name| variables.value(name).is_some());
                let key = given.map_or("the key beside it".to_owned(), |name| format!("the key of ${name}"));
                format!("{}, sealed in {} with {key}", self.name, secret.path().display())
            }
        }
    }
}

fn sealed(name: &str, variables: &Variables) -> Result<Place, Error> {
    let folder = variables.state_folder().ok_or_else(|| {
        wrong("there is no folder to keep secrets in", "name one in $CLAVIGER_STATE_DIR").with_subject(name)
    })?;
    Ok(Place::Sealed(SealedSecret::new(folder, name)))
}

#[cfg(feature = "keyring")]
#[expect(clippy::unnecessary_wraps, reason = "another build knows none")]
fn keyring(name: &str) -> Result<Place, Error> {
    Ok(Place::Keyring(KeyringSecret::new(name)))
}

#[cfg(not(feature = "keyring"))]
fn keyring(_name: &str) -> Result<Place, Error> {
    Err(wrong("this build knows no keyring", "build it with --features keyring, or have secrets sealed"))
}

/// The key that is given, if one is.
fn key(variables: &Variables) -> Result<Option<SealKey>, Error> {
    if let Some(text) = variables.text(KEY)? {
        let key = SealKey::from_base64(&text.into());
        return key.map(Some).map_err(|error| error.with_subject(format!("${KEY}")));
    }
    let Some(file) = variables.value(KEY_FILE).map(PathBuf::from) else { return Ok(None) };
    // Who could write it could have secrets sealed with a key of theirs.
    let key = settings::read_own_secret(&file).and_then(|text| SealKey::from_base64(&text));
    key.map(Some).map_err(|error| error.with_subject(format!("${KEY_FILE}, {}", file.display())))
}

fn wrong(what: &'static str, advice: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_advice(advice)
}

const PLACE: &str = "CLAVIGER_SECRETS";
const SEALED: &str = "sealed";
const KEYRING: &str = "keyring";
const KEY: &str = "CLAVIGER_SEAL_KEY";
const KEY_FILE: &str = "CLAVIGER_SEAL_KEY_FILE";

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;

    /// 32 bytes each.
    const KEYS: [&str; 2] =
        ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "ICECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="];

    #[test]
    fn is_sealed_with_the_key_of_the_environment_or_of_the_file_that_it_names() {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        let state = state.to_str().unwrap();
        let file = home.path().join("key");
        fs::write(&file, format!("{}\n", KEYS[0])).unwrap();
        let of = |variables: &[(&'static str, &str)]| {
            let all = [&[("CLAVIGER_STATE_DIR", state), (PLACE, SEALED)], variables].concat();
            Variables::of(&all)
        };
        let secret = KeptSecret::new("acme", &of(&[])).unwrap();
        let by_file = [(KEY_FILE, file.to_str().unwrap())];
        secret.set(&"swordfish".into(), &of(&by_file)).unwrap();
        for variables in [&by_file[..], &[(KEY, KEYS[0])]] {
            assert_eq!(secret.load(&of(variables)).unwrap().expose_secret(), "swordfish");
        }
        for variables in [&[][..], &[by_file[0], (KEY, KEYS[1])]] {
            assert!(secret.load(&of(variables)).is_err());
        }
        assert!(!home.path().join("state/secrets/seal.key").exists(), "none is made where none is wanted");
        assert!(secret.shown(&of(&[])).ends_with(".sealed with the key beside it"));
        assert!(secret.shown(&of(&by_file)).ends_with(".sealed with the key of $CLAVIGER_SEAL_KEY_FILE"));

        for (variable, bad, named) in
            [(KEY, "swordfish", "$CLAVIGER_SEAL_KEY"), (KEY_FILE, "/nowhere/at/all", "/nowhere/at/all")]
        {
            let error = secret.load(&of(&[(variable, bad)])).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert!(!format!("{error:?}").contains("swordfish"));
        }
        for bad in ["swordfish", KEYS[0]] {
            fs::write(&file, bad).unwrap();
            #[cfg(unix)]
            if bad == KEYS[0] {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).unwrap();
            }
            let error = secret.load(&of(&by_file)).unwrap_err();
            let words = if bad == KEYS[0] { "others may write" } else { "not 32 bytes in base64" };
            assert!(error.to_string().contains(words) || cfg!(not(unix)), "{error}");
        }
        assert!(secret.forget().unwrap(), "which takes no key");
    }

    #[test]
    fn says_where_it_cannot_be() {
        let of = |name: &str, variables: &[(&'static str, &str)]| {
            KeptSecret::new(name, &Variables::of(variables))
                .map(drop)
                .map_err(|error| format!("{error}, {}", error.advice()))
        };
        assert!(of("acme", &[(PLACE, SEALED)]).unwrap_err().contains("$CLAVIGER_STATE_DIR"));
        assert!(of("", &[("HOME", "/a")]).unwrap_err().contains("has a name"));
        let error = of("acme", &[(PLACE, "file"), ("HOME", "/a")]).unwrap_err();
        assert!(error.contains("$CLAVIGER_SECRETS") && error.contains("sealed or keyring"), "{error}");
        assert_eq!(of("acme", &[(PLACE, KEYRING)]).is_ok(), cfg!(feature = "keyring"));
    }
}
