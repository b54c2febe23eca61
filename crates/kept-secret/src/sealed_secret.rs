//! A secret in a sealed file.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use claviger_error::{Error, ErrorKind};
use claviger_private_file::{PrivateFile, Problem, prepare_folder};
use claviger_seal::{Seal, SealKey, Unopened};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Knows a secret in a sealed file, by its name. The calls block.
///
/// It is in the folder `secrets` of the folder for state. The key is given, or it is one that the first
/// [`set`](Self::set) without makes and keeps in that folder, as `seal.key`. A copy of the folder, in a backup for one, is
/// of no use without a key that was given.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone, Debug)]
pub struct SealedSecret {
    state: PathBuf,
    folder: PathBuf,
    name: String,
    digest: String,
    file: PrivateFile,
}

impl SealedSecret {
    /// Names the folder for state, and the secret. Nothing is looked up yet.
    #[must_use]
    pub fn new(state: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        let (state, name) = (state.into(), name.into());
        let digest = Sha256::new_with_prefix(b"claviger secret 1").chain_update(&name).finalize();
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = state.join("secrets");
        let file = PrivateFile::new(&folder, &digest, "sealed");
        Self { state, folder, name, digest, file }
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
    pub fn load(&self, key: Option<SealKey>) -> Result<SecretString, Error> {
        let read =
            self.file.read().map_err(|error| self.failed("the sealed secret cannot be read", error))?;
        let Some(sealed) = read else {
            return Err(self.wrong("there is no secret of this name", SET));
        };
        self.prepare()?;
        let key = match key {
            Some(key) => key,
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
    /// [`Configuration`](ErrorKind::Configuration) if the folder or the file cannot be written, if others may write
    /// there, or if another process is at it for 10 s; [`Runtime`](ErrorKind::Runtime) if the operating system has no
    /// randomness to give.
    pub fn set(&self, secret: &SecretString, key: Option<SealKey>) -> Result<(), Error> {
        let unwritten = |error| self.failed("the secret cannot be written", error);
        self.prepare()?;
        let key = match key {
            Some(key) => key,
            None => self.key_to_keep()?,
        };
        let sealed = Seal::new(&key, KIND).close(secret.expose_secret().as_bytes(), &self.digest)?;
        let lock = self.file.lock_within(PATIENCE).map_err(unwritten)?;
        self.file.write(&sealed, &lock).map_err(unwritten)
    }

    /// Takes the secret away, and tells whether there was one. The key stays: others may be sealed with it.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the file cannot be removed, or another process is at it for 10 s.
    pub fn forget(&self) -> Result<bool, Error> {
        let kept = |error| self.failed("the secret cannot be removed", error);
        if !self.folder.exists() {
            return Ok(false);
        }
        let lock = self.file.lock_within(PATIENCE).map_err(kept)?;
        // Whatever is in its place goes; whoever is not there was not.
        let was_there = self.file.path().symlink_metadata().is_ok();
        self.file.remove_all(&[], &lock).map_err(kept)?;
        Ok(was_there)
    }

    /// Finds the key that an earlier one was sealed with, or makes one, which is written out before anything is sealed.
    fn key_to_keep(&self) -> Result<SealKey, Error> {
        let unwritten = |error| self.key_failed("the key for secrets cannot be written", error);
        let file = self.key_file();
        // Held while it is looked for, so that two at once do not make two.
        let lock = file.lock_within(PATIENCE).map_err(unwritten)?;
        if let Some(key) = self.kept_key()? {
            return Ok(key);
        }
        let key = SealKey::random()?;
        file.write(key.to_base64().expose_secret().as_bytes(), &lock).map_err(unwritten)?;
        Ok(key)
    }

    fn kept_key(&self) -> Result<Option<SealKey>, Error> {
        let file = self.key_file();
        let read =
            file.read().map_err(|error| self.key_failed("the key for secrets cannot be read", error))?;
        let Some(bytes) = read else { return Ok(None) };
        let text = std::str::from_utf8(&bytes).unwrap_or_default().trim_end();
        SealKey::from_base64(&text.into()).map(Some).map_err(|error| {
            error.with_subject(file.path().display().to_string()).with_advice(
                "put the key back that was there; or take the file away, and set each secret again",
            )
        })
    }

    fn key_file(&self) -> PrivateFile {
        PrivateFile::new(&self.folder, "seal", "key")
    }

    /// Who may write to the folder for state could put another in the place of ours.
    fn prepare(&self) -> Result<(), Error> {
        for folder in [&self.state, &self.folder] {
            prepare_folder(folder).map_err(|problem| match problem {
                Problem::Refused(error) => error,
                Problem::Unusable(error) => {
                    Error::new(ErrorKind::Configuration, "the folder for secrets cannot be used")
                        .with_subject(folder.display().to_string())
                        .with_source(error)
                        .with_advice("name a folder of your own, on a disk that is there")
                }
            })?;
        }
        Ok(())
    }

    fn key_failed(&self, what: &'static str, error: io::Error) -> Error {
        let is_exposed = is_exposed(&error);
        let error = self.failed(what, error).with_subject(self.key_file().path().display().to_string());
        if !is_exposed {
            return error;
        }
        error.with_advice("make it yours alone (chown, chmod 600) if nobody has read it, else delete it and set each secret again")
    }

    fn failed(&self, what: &'static str, error: io::Error) -> Error {
        let (what, advice) = if is_exposed(&error) {
            (
                "others may have read it, or written to it",
                "make the file yours alone (chown, chmod 600) if nobody has read it, else have the secret replaced by whoever gave it",
            )
        } else if error.kind() == io::ErrorKind::TimedOut {
            (what, "wait for the other process that has it locked, or end that")
        } else {
            (
                what,
                "see what is in the place of the file, and whether its folder has room and can be written to",
            )
        };
        self.wrong(what, advice).with_source(error)
    }

    fn wrong(&self, what: &'static str, advice: &'static str) -> Error {
        let subject = format!("{}, {}", self.name, self.file.path().display());
        Error::new(ErrorKind::Configuration, what).with_subject(subject).with_advice(advice)
    }
}

/// Tells whether it was refused because of its owner or its permissions, and not by the operating system.
fn is_exposed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

const PATIENCE: Duration = Duration::from_secs(10);
/// What its seals are for.
const KIND: &str = "secret";
const SET: &str = "put it there: claviger secret set PROFILE";
const OTHER_KEY: &str = "give the key that it was sealed with, or set it again: claviger secret set PROFILE";

#[cfg(test)]
mod tests;
