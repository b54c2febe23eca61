//! A file that was read, and what is known of it.

use std::{
    error, fmt,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Read},
    path::Path,
};

use zeroize::Zeroizing;

/// Holds a file's bytes, which are wiped, and what is known of the very file that they came from.
///
/// `Debug` shows no bytes.
pub struct InputFile {
    bytes: Zeroizing<Vec<u8>>,
    metadata: Metadata,
}

impl InputFile {
    /// Reads the whole file, of `limit` bytes at most.
    ///
    /// It waits for a disk, and for who writes to a pipe that was handed to this process; for nobody else.
    ///
    /// # Errors
    ///
    /// - [`IsADirectory`](ErrorKind::IsADirectory), [`FileTooLarge`](ErrorKind::FileTooLarge): as they say.
    /// - [`InvalidInput`](ErrorKind::InvalidInput), with [`NotAFile`] in it: it is a pipe, a socket or a device.
    /// - those of the operating system.
    pub fn read(path: &Path, limit: usize) -> io::Result<Self> {
        let file = open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(folder());
        }
        if !metadata.is_file() {
            go_on_with_pipe(path, &file, &metadata)?;
        }
        // With room for it all, so that no copy is left behind where the buffer grows.
        let room = usize::try_from(metadata.len()).unwrap_or(limit).min(limit).saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        file.take((limit as u64).saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() > limit {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(Self { bytes, metadata })
    }

    /// Returns what is in it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what the operating system said of the file when it was open.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl fmt::Debug for InputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputFile").field("length", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// Says that what stands in the place of a file is none.
///
/// # Example
///
/// ```
/// assert!(claviger_input_file::NotAFile::default().to_string().contains("a pipe, a socket or a device"));
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct NotAFile;

impl fmt::Display for NotAFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is a pipe, a socket or a device, not a file")
    }
}

impl error::Error for NotAFile {}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A named pipe that nobody writes to would else block here.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().cast_signed(),
    );
    options.open(path).map_err(|error| match fs::metadata(path) {
        // Windows opens no folder, and Unix no socket: neither says why.
        Ok(metadata) if metadata.is_dir() => folder(),
        Ok(metadata) if !metadata.is_file() => no_file(),
        Ok(_) | Err(_) => error,
    })
}

/// Goes on with a pipe that this process was handed, and waits for its writer from here on.
#[cfg(unix)]
fn go_on_with_pipe(path: &Path, file: &File, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;

    let is_handed =
        ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.parent() == Some(Path::new(folder)))
            || path == Path::new("/dev/stdin");
    if !is_handed || !metadata.file_type().is_fifo() {
        return Err(no_file());
    }
    let flags = rustix::fs::fcntl_getfl(file)?;
    Ok(rustix::fs::fcntl_setfl(file, flags - rustix::fs::OFlags::NONBLOCK)?)
}

#[cfg(not(unix))]
fn go_on_with_pipe(_path: &Path, _file: &File, _metadata: &Metadata) -> io::Result<()> {
    Err(no_file())
}

fn folder() -> io::Error {
    ErrorKind::IsADirectory.into()
}

fn no_file() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, NotAFile)
}

#[cfg(test)]
mod tests;
