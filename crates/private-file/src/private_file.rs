//! A file: read, replaced as a whole, and locked against other processes.

use std::{
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

use crate::folder;

/// Knows where a secret is kept. Its calls block.
///
/// # Example
///
/// See the [crate's documentation](crate).
#[derive(Clone, Debug)]
pub struct PrivateFile {
    data: PathBuf,
    /// Never replaced or removed: who waits for it and who holds it mean the same file.
    lock: PathBuf,
    folder: PathBuf,
}

impl PrivateFile {
    /// Names the folder, and the file in it, less its extension and with it: beside it is `name.lock`.
    ///
    /// The name is a part of a path, so it must not come from elsewhere: take a digest.
    #[must_use]
    pub fn new(folder: &Path, name: &str, extension: &str) -> Self {
        Self {
            data: folder.join(format!("{name}.{extension}")),
            lock: folder.join(format!("{name}.lock")),
            folder: folder.to_owned(),
        }
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.data
    }

    /// Reads it; none if there is none. The memory is wiped.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` if it is another user's, or others may read or write it; `InvalidData` if it is no file;
    /// `FileTooLarge` if it has more than 256 KiB; else those of the operating system.
    pub fn read(&self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        self.read_unless(|metadata| folder::distrust(metadata).or_else(|| folder::exposed(metadata)))
    }

    /// As [`read`](Self::read), also if others may read it: to have what is in it made worthless.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read) for the rest.
    pub fn read_exposed(&self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        self.read_unless(folder::distrust)
    }

    fn read_unless(
        &self,
        refuse: impl FnOnce(&Metadata) -> Option<&'static str>,
    ) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        match must_be_file(&self.data) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            checked => checked?,
        }
        let file = File::open(&self.data)?;
        // Of the open file: what is checked is what is read.
        let metadata = file.metadata()?;
        if let Some(what) = refuse(&metadata) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
        // With room for it all, so that no copy is left behind where the buffer grows. The file itself never does.
        let length = usize::try_from(metadata.len()).unwrap_or(MAX_LENGTH).min(MAX_LENGTH);
        let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
        file.take(MAX_LENGTH as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_LENGTH {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Some(bytes))
    }

    /// Puts this in its place, all of it or nothing, and has it written out. The lock must be held: the temporary
    /// file has one name.
    ///
    /// # Errors
    ///
    /// Those of the operating system; what was there is there still, unless only its name could not be written out.
    pub fn write(&self, bytes: &[u8], _lock: &Lock) -> io::Result<()> {
        let temporary = self.data.with_extension(TEMPORARY);
        // One that was left behind by a process that was killed.
        absent_is_fine(fs::remove_file(&temporary))?;
        let written = private().write(true).create_new(true).open(&temporary).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &self.data)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written?;
        self.sync_folder()
    }

    /// Renames it to `name.extension`, in the place of what an earlier call left there, if it is there.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn set_aside(&self, extension: &str, _lock: &Lock) -> io::Result<()> {
        absent_is_fine(fs::rename(&self.data, self.data.with_extension(extension)))?;
        self.sync_folder()
    }

    /// Takes it away, if it is there.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn remove(&self) -> io::Result<()> {
        absent_is_fine(fs::remove_file(&self.data))
    }

    /// Takes it away for good: with what was [set aside](Self::set_aside) under these extensions, and with what a process
    /// that was killed left half written.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn remove_all(&self, aside: &[&str], _lock: &Lock) -> io::Result<()> {
        self.remove()?;
        for extension in aside.iter().chain(&[TEMPORARY]) {
            absent_is_fine(fs::remove_file(self.data.with_extension(extension)))?;
        }
        self.sync_folder()
    }

    /// Has the names written out, which are in the folder. Not every platform can be told to, nor every file system.
    fn sync_folder(&self) -> io::Result<()> {
        if cfg!(not(unix)) {
            return Ok(());
        }
        match File::open(&self.folder)?.sync_all() {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
            {
                Ok(())
            }
            synced => synced,
        }
    }

    /// Takes the lock if nobody has it. It is given back when it is dropped, and when the process ends.
    ///
    /// # Errors
    ///
    /// `InvalidData` if something else is in its place; else those of the operating system.
    pub fn try_lock(&self) -> io::Result<Option<Lock>> {
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

    /// As [`try_lock`](Self::try_lock), and waits up to this long for whoever has it. It blocks.
    ///
    /// # Errors
    ///
    /// `TimedOut` if it is not given back by then; else as [`try_lock`](Self::try_lock).
    pub fn lock_within(&self, patience: Duration) -> io::Result<Lock> {
        let pauses = patience.as_millis() / PAUSE.as_millis();
        for _ in 0..pauses {
            if let Some(lock) = self.try_lock()? {
                return Ok(lock);
            }
            thread::sleep(PAUSE);
        }
        self.try_lock()?.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }
}

/// Shows that this process may replace the file.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Looks before it is opened: to open a FIFO waits for its other end, and a link leads out of the folder.
fn must_be_file(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "something else is in the place of the file"))
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Files that are nobody else's from the moment they are made.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The extension of what is not written out yet.
const TEMPORARY: &str = "new";
const PAUSE: Duration = Duration::from_millis(10);
/// Longer than any secret.
const MAX_LENGTH: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path) -> PrivateFile {
        PrivateFile::new(folder, "acme", "json")
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
    fn is_set_aside_and_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        let lock = file.try_lock().unwrap().unwrap();
        file.set_aside("ended", &lock).unwrap();
        for text in ["first", "second"] {
            file.write(text.as_bytes(), &lock).unwrap();
            file.set_aside("ended", &lock).unwrap();
            assert!(file.read().unwrap().is_none());
            assert_eq!(fs::read_to_string(folder.path().join("acme.ended")).unwrap(), text);
        }
        file.write(b"third", &lock).unwrap();
        file.remove().unwrap();
        file.remove().unwrap();
        assert!(file.read().unwrap().is_none());
        for name in ["acme.json", "acme.new"] {
            fs::write(folder.path().join(name), "left behind").unwrap();
        }
        for _ in 0..2 {
            file.remove_all(&["ended"], &lock).unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the lock");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_written_out_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(&folder.path().join("gone"));
        fs::create_dir(&file.folder).unwrap();
        let lock = file.try_lock().unwrap().unwrap();
        fs::remove_dir_all(&file.folder).unwrap();
        assert_eq!(file.set_aside("ended", &lock).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn one_at_a_time_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (file(folder.path()), file(folder.path()));
        let lock = one.try_lock().unwrap().unwrap();
        assert!(other.try_lock().unwrap().is_none());
        drop(lock);
        assert!(other.try_lock().unwrap().is_some());

        let lock = one.lock_within(Duration::ZERO).unwrap();
        assert_eq!(other.lock_within(PAUSE).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let waiting = thread::spawn(move || other.lock_within(Duration::from_secs(60)).map(drop));
        drop(lock);
        waiting.join().unwrap().unwrap();
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
            assert_eq!(file.read_exposed().is_ok(), what == "may have read", "{mode:o}");
        }
    }
}
