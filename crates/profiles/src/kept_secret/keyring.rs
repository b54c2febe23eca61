//! In the platform's keyring.

use claviger_auth_core::Error;
pub(super) use claviger_kept_secret::KeyringSecret as Place;

use crate::Variables;

#[expect(clippy::unnecessary_wraps, reason = "a sealed file may have no folder to be in")]
pub(super) fn place(name: &str, _variables: &Variables) -> Result<Place, Error> {
    Ok(Place::new(name))
}

pub(super) fn shown(_place: &Place) -> &'static str {
    "in the keyring"
}
