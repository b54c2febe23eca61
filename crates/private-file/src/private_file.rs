//! The file of one kept token: read, replaced as a whole, and locked against other processes.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::folder;
use crate::Key;

/// Knows where a token is kept. Its calls block.
#[derive(Debug)]
pub(super) struct TokenFile {
    data: PathBuf,
    /// Never replaced or removed: who waits for it and who holds it mean the same file.
    lock: PathBuf,
    folder: PathBuf,
}

impl TokenFile {
    pub(super) fn new(folder: &Path, key: &Key) -> Self {
        let name = key.file_name();
        Self {
            data: folder.join(format!("{name}.json")),
            lock: folder.join(format!("{name}.lock")),
            folder: folder.to_owned(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.data
    }

    /// Reads it; none if there is none. The memory is wiped.
    pub(super) fn read(&self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        match must_be_file(&self.data) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            checked => checked?,
        }
        let file = File::open(&self.data)?;
        // Of the open file: what is checked is what is read.
        let metadata = file.metadata()?;
        if let Some(what) = folder::distrust(&metadata).or_else(|| folder::exposed(&metadata)) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LENGTH + 1));
        file.take(MAX_LENGTH as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_LENGTH {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Some(bytes))
    }

    /// Puts this in its place, all of it or nothing. The lock must be held: the temporary file has one name.
    pub(super) fn write(&self, bytes: &[u8], _lock: &Lock) -> io::Result<()> {
        let temporary = self.data.with_extension("new");
        // One that was left behind by a process that was killed.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let written = private().write(true).create_new(true).open(&temporary).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &self.data)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written?;
        // The name is in the folder, which not every platform can be told to write out.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Takes it away, if it is there.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.data) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes the lock if nobody has it. It is given back when it is dropped, and when the process ends.
    pub(super) fn try_lock(&self) -> io::Result<Option<Lock>> {
        match must_be_file(&self.lock) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = private().write(true).create(true).truncate(false).open(&self.lock)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Shows that this process may replace the token.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Looks before it is opened: to open a FIFO waits for its other end, and a link leads out of the folder.
fn must_be_file(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "something else is in the place of the file"))
}

/// Files that are nobody else's from the moment they are made.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Longer than any token.
const MAX_LENGTH: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path) -> TokenFile {
        TokenFile::new(folder, &Key::new("custom", "https://auth.example/", "acme"))
    }

    #[test]
    fn replaces_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert!(file.read().unwrap().is_none());
        let lock = file.try_lock().unwrap().unwrap();
        fs::write(file.path().with_extension("new"), "left behind").unwrap();
        for text in ["a long text", "short"] {
            file.write(text.as_bytes(), &lock).unwrap();
            assert_eq!(file.read().unwrap().unwrap().as_slice(), text.as_bytes());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the token and the lock");
        fs::write(file.path(), vec![b' '; MAX_LENGTH + 1]).unwrap();
        assert_eq!(file.read().unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn one_at_a_time_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (file(folder.path()), file(folder.path()));
        let lock = one.try_lock().unwrap().unwrap();
        assert!(other.try_lock().unwrap().is_none());
        drop(lock);
        assert!(other.try_lock().unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn is_nobody_elses_business() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        file.write(b"t", &file.try_lock().unwrap().unwrap()).unwrap();
        for entry in fs::read_dir(folder.path()).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        for (mode, what) in [(0o620, "may write"), (0o640, "may have read"), (0o604, "may have read")] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            let error = file.read().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            assert!(error.to_string().contains(what), "{error}");
        }
    }
}
