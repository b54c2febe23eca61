//! A secret in a sealed file.

use std::{
    io,
    path::{Path, PathBuf},
};

use claviger_error::{Error, ErrorKind};
use claviger_private_file::{PrivateFile, Problem, prepare_folder};
use claviger_seal::{Seal, SealKey, Unopened};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Knows a secret in a sealed file, by its name. The calls block.
///
/// The key is given, or it is one that the first [`set`](Self::set) makes and keeps in the same folder, as `seal.key`.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone, Debug)]
pub struct SealedSecret {
    folder: PathBuf,
    name: String,
    digest: String,
    file: PrivateFile,
    key: Option<SealKey>,
}

impl SealedSecret {
    /// Names the folder, and the secret. Nothing is looked up yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        let (folder, name) = (folder.into(), name.into());
        let digest = Sha256::new_with_prefix(b"claviger secret 1").chain_update(&name).finalize();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = PrivateFile::new(&folder, &digest, "sealed");
        Self { folder, name, digest, file, key: None }
    }

    /// Seals and opens with this key: a copy of the whole folder, in a backup for one, is of no use without it.
    #[must_use]
    pub fn with_key(mut self, key: SealKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Returns where it is kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gets the secret.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if there is none; if its file is damaged, another user's or open to
    /// others; or if there is no key, or another one than it was sealed with.
    pub fn load(&self) -> Result<SecretString, Error> {
        let read =
            self.file.read().map_err(|error| self.failed("the sealed secret cannot be read", error))?;
        let Some(sealed) = read else {
            return Err(self.wrong("there is no secret of this name", SET));
        };
        self.prepare()?;
        let key = match &self.key {
            Some(key) => key.clone(),
            None => self.kept_key()?.ok_or_else(|| {
                self.wrong("the key that the secret was sealed with is not there", OTHER_KEY)
            })?,
        };
        let plain = Seal::new(&key, KIND).open(&sealed, &self.digest).map_err(|why| match why {
            Unopened::Damaged | Unopened::NotSealed => self.wrong("the sealed secret is damaged", SET),
            Unopened::OtherKey => self.wrong("the secret was sealed with another key", OTHER_KEY),
            Unopened::OtherVersion => {
                self.wrong("the secret was sealed by another version of this program", SET)
            }
        })?;
        let text =
            std::str::from_utf8(&plain).map_err(|_| self.wrong("the sealed secret is damaged", SET))?;
        Ok(text.into())
    }

    /// Puts the secret there, in the place of any before: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the folder or the file cannot be written, or others may write
    /// there; [`Runtime`](ErrorKind::Runtime) if the operating system has no randomness to give.
    pub fn set(&self, secret: &SecretString) -> Result<(), Error> {
        let unwritten = |error| self.failed("the secret cannot be written", error);
        self.prepare()?;
        let key = match &self.key {
            Some(key) => key.clone(),
            None => self.key_to_keep()?,
        };
        let sealed = Seal::new(&key, KIND).close(secret.expose_secret().as_bytes(), &self.digest)?;
        let lock = self.file.lock().map_err(unwritten)?;
        self.file.write(&sealed, &lock).map_err(unwritten)
    }

    /// Takes the secret away, and tells whether there was one. The key stays: others may be sealed with it.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the file cannot be removed.
    pub fn forget(&self) -> Result<bool, Error> {
        // Whatever is in its place goes; whoever is not there was not.
        let was_there = std::fs::symlink_metadata(self.file.path()).is_ok();
        self.file.remove().map_err(|error| self.failed("the secret cannot be removed", error))?;
        Ok(was_there)
    }

    /// Finds the key that an earlier one was sealed with, or makes one, which is written out before anything is sealed.
    fn key_to_keep(&self) -> Result<SealKey, Error> {
        let unwritten = |error| self.failed("the key for secrets cannot be written", error);
        let file = self.key_file();
        // Held while it is looked for, so that two at once do not make two.
        let lock = file.lock().map_err(unwritten)?;
        if let Some(key) = self.kept_key()? {
            return Ok(key);
        }
        let key = SealKey::random()?;
        let text = Zeroizing::new(format!("{}\n", key.to_base64().expose_secret()));
        file.write(text.as_bytes(), &lock).map_err(unwritten)?;
        Ok(key)
    }

    fn kept_key(&self) -> Result<Option<SealKey>, Error> {
        let file = self.key_file();
        let subject = || file.path().display().to_string();
        let read = file.read().map_err(|error| {
            self.failed("the key for secrets cannot be read", error).with_subject(subject())
        })?;
        let Some(bytes) = read else { return Ok(None) };
        let text = std::str::from_utf8(&bytes).unwrap_or_default().trim_end();
        SealKey::from_base64(&text.into()).map(Some).map_err(|error| {
            error.with_subject(subject()).with_advice(
                "put the key back that was there; or take the file away, and set each secret again",
            )
        })
    }

    fn key_file(&self) -> PrivateFile {
        PrivateFile::new(&self.folder, "seal", "key")
    }

    fn prepare(&self) -> Result<(), Error> {
        prepare_folder(&self.folder).map_err(|problem| match problem {
            Problem::Refused(error) => error,
            Problem::Unusable(error) => {
                Error::new(ErrorKind::Configuration, "the folder for secrets cannot be used")
                    .with_subject(self.folder.display().to_string())
                    .with_source(error)
                    .with_advice("name a folder of your own, on a disk that is there")
            }
        })
    }

    fn failed(&self, what: &'static str, error: io::Error) -> Error {
        let advice = if error.kind() == io::ErrorKind::PermissionDenied {
            "make the file yours alone (chown, chmod 600) if nobody has read it, else have the secret replaced by whoever gave it"
        } else {
            "see what is in the place of the file, and whether its folder has room and can be written to"
        };
        self.wrong(what, advice).with_source(error)
    }

    fn wrong(&self, what: &'static str, advice: &'static str) -> Error {
        let subject = format!("{}, {}", self.name, self.file.path().display());
        Error::new(ErrorKind::Configuration, what).with_subject(subject).with_advice(advice)
    }
}

/// What its seals are for.
const KIND: &str = "secret";
const SET: &str = "put it there: claviger secret set PROFILE";
const OTHER_KEY: &str = "give the key that it was sealed with, or set it again: claviger secret set PROFILE";

#[cfg(test)]
mod tests;
