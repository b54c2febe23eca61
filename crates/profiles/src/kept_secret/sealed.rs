//! Below the folder for state, and with whose key.

use std::path::PathBuf;

use claviger_auth_core::{Error, ErrorKind};
pub(super) use claviger_kept_secret::SealedSecret as Place;
use claviger_seal::SealKey;

use crate::{Variables, settings};

pub(super) fn place(name: &str, variables: &Variables) -> Result<Place, Error> {
    let folder = variables.state_folder().ok_or_else(|| {
        Error::new(ErrorKind::Configuration, "there is no folder to keep secrets in")
            .with_advice("name one in $CLAVIGER_STATE_DIR")
    })?;
    let place = Place::new(folder.join("secrets"), name);
    Ok(match key(variables)? {
        Some(key) => place.with_key(key),
        None => place,
    })
}

pub(super) fn shown(place: &Place) -> String {
    format!("sealed in {}", place.path().display())
}

fn key(variables: &Variables) -> Result<Option<SealKey>, Error> {
    if let Some(text) = variables.text(KEY)? {
        let key = SealKey::from_base64(&text.into());
        return key.map(Some).map_err(|error| error.with_subject(format!("${KEY}")));
    }
    let Some(file) = variables.value(KEY_FILE).map(PathBuf::from) else { return Ok(None) };
    let key = settings::read_secret(&file).and_then(|text| SealKey::from_base64(&text));
    key.map(Some).map_err(|error| error.with_subject(format!("${KEY_FILE}, {}", file.display())))
}

const KEY: &str = "CLAVIGER_SEAL_KEY";
const KEY_FILE: &str = "CLAVIGER_SEAL_KEY_FILE";

#[cfg(test)]
mod tests {
    use std::fs;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::KeptSecret;

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
            let all = [&[("CLAVIGER_STATE_DIR", state)], variables].concat();
            KeptSecret::new("acme", &Variables::of(&all))
        };
        let by_file = [("CLAVIGER_SEAL_KEY_FILE", file.to_str().unwrap())];
        of(&by_file).unwrap().set(&"swordfish".into()).unwrap();
        for variables in [&by_file[..], &[("CLAVIGER_SEAL_KEY", KEYS[0])]] {
            assert_eq!(of(variables).unwrap().load().unwrap().expose_secret(), "swordfish");
        }
        for variables in [&[][..], &[by_file[0], ("CLAVIGER_SEAL_KEY", KEYS[1])]] {
            assert!(of(variables).unwrap().load().is_err());
        }
        assert!(!home.path().join("state/secrets/seal.key").exists(), "none is made where none is wanted");
        assert!(of(&[]).unwrap().shown().contains("acme, sealed in "));

        let nowhere = KeptSecret::new("acme", &Variables::of(&[])).unwrap_err();
        assert!(nowhere.advice().contains("$CLAVIGER_STATE_DIR"), "{nowhere}");
        for (variable, bad, named) in [
            ("CLAVIGER_SEAL_KEY", "swordfish", "$CLAVIGER_SEAL_KEY"),
            ("CLAVIGER_SEAL_KEY_FILE", "/nowhere/at/all", "/nowhere/at/all"),
        ] {
            let error = of(&[(variable, bad)]).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
            assert!(!format!("{error:?}").contains("swordfish"));
        }
        fs::write(&file, "swordfish").unwrap();
        let error = of(&by_file).unwrap_err();
        assert!(error.to_string().contains("not 32 bytes in base64"), "{error}");
    }
}
