//! Reads a file that may be anything, within bounds.

use std::{fs, io, path::Path};

use claviger_auth_core::{Error, ErrorKind};
use claviger_input_file::InputFile;

/// Reads the whole file.
pub(crate) fn read(path: &Path) -> Result<InputFile, Error> {
    InputFile::read(path, MAX_LENGTH).map_err(|error| {
        let kind = error.kind();
        if kind == io::ErrorKind::IsADirectory {
            problem("this is a folder, not a file", "name the file in it")
        } else if kind == io::ErrorKind::InvalidInput {
            problem("this is a pipe, a socket or a device, not a file", "name a file")
        } else if kind == io::ErrorKind::FileTooLarge {
            too_large()
        } else {
            unreadable(path, error)
        }
    })
}

/// Refuses what is larger than any certificate store.
pub(crate) fn check_length(bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() <= MAX_LENGTH {
        return Ok(());
    }
    Err(too_large())
}

fn too_large() -> Error {
    problem("the file is larger than 1 MiB", "give the file with the certificate or the key alone")
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

/// Tells whether others than its owner may read it.
#[cfg(unix)]
pub(crate) fn is_exposed(file: &InputFile) -> bool {
    use std::os::unix::fs::MetadataExt;

    file.metadata().mode() & READABLE_BY_OTHERS != 0
}

/// Windows has no such bits.
#[cfg(not(unix))]
pub(crate) fn is_exposed(_: &InputFile) -> bool {
    false
}

#[cfg(unix)]
const READABLE_BY_OTHERS: u32 = 0o044;
/// The largest bundles of all public authorities are a quarter of that.
const MAX_LENGTH: usize = 1024 * 1024;
