//! Files that are their user's alone.

use std::{
    fs::{File, OpenOptions},
    path::Path,
};

/// Opens files that are nobody else's from the moment they are made.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes the names in a folder out, which not every platform can be told to.
pub(super) fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}
