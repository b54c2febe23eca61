//! Reads a file that may be anything, within bounds.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    path::Path,
};

use claviger_auth_core::{Error, ErrorKind};
use zeroize::Zeroizing;

/// A file's bytes, and whether others than its owner may read them.
pub(crate) struct Bytes {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) is_exposed: bool,
}

/// Reads the whole file. Whatever is no file is not opened: a pipe that nobody writes to would block.
pub(crate) fn read(path: &Path) -> Result<Bytes, Error> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if metadata.is_dir() {
        return Err(problem("this is a folder, not a file", "name the file in it"));
    }
    if !metadata.is_file() {
        return Err(problem("this is a pipe, a socket or a device, not a file", "name a file"));
    }
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    // With room for it all, so that no copy is left behind where the buffer grows.
    let room = usize::try_from(metadata.len()).unwrap_or(MAX_LENGTH).min(MAX_LENGTH) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    Ok(Bytes { bytes, is_exposed: is_exposed(&metadata) })
}

/// Refuses what is larger than any certificate store.
pub(crate) fn check_length(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() <= MAX_LENGTH {
        return Ok(());
    }
    Err(problem("the file is larger than 1 MiB", "give the file with the certificate or the key alone"))
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    let is_link = || fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let (what, advice) = if error.kind() == io::ErrorKind::NotFound && is_link() {
        ("this is a link to a file that is not there", "see where it leads with: ls -l FILE")
    } else {
        ("the file cannot be read", "check that the path is right and that you may read the file")
    };
    problem(what, advice).with_source(error)
}

fn problem(what: &'static str, advice: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_advice(advice)
}

#[cfg(unix)]
fn is_exposed(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    metadata.mode() & READABLE_BY_OTHERS != 0
}

/// Windows has no such bits.
#[cfg(not(unix))]
fn is_exposed(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
const READABLE_BY_OTHERS: u32 = 0o044;
/// The largest bundles of all public authorities are a quarter of that.
const MAX_LENGTH: usize = 1024 * 1024;
