//! The settings file: whether it may be believed, and its text.

use std::{
    fs::{File, Metadata},
    io::Read,
    path::Path,
};

use claviger_auth_core::{Error, ErrorKind};
use zeroize::Zeroizing;

/// Reads the settings file, if nobody else could have written it.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let name = path.display().to_string();
    let problem = |what, advice| {
        Error::new(ErrorKind::Configuration, what).with_subject(name.as_str()).with_advice(advice)
    };
    let file = File::open(path).map_err(|error| {
        let (what, advice) = if error.kind() == std::io::ErrorKind::NotFound {
            ("there is no settings file", NO_FILE)
        } else {
            ("the settings file cannot be read", "check the path, and that you may read the file")
        };
        problem(what, advice).with_source(error)
    })?;
    // Of the open file: what is checked is what is read.
    let metadata = file
        .metadata()
        .map_err(|error| problem("the settings file cannot be read", "try again").with_source(error))?;
    if metadata.is_dir() {
        return Err(problem("the settings file is a folder", "name the file claviger.toml in it"));
    }
    if let Some((what, advice)) = distrust(&metadata) {
        return Err(problem(what, advice));
    }
    // With room for it all, so that no copy is left behind where the buffer grows.
    let room = usize::try_from(metadata.len()).unwrap_or(MAX_LENGTH).min(MAX_LENGTH) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_LENGTH as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| problem("the settings file cannot be read", "try again").with_source(error))?;
    if bytes.len() > MAX_LENGTH {
        return Err(problem("the settings file is too large to be one", "name the file claviger.toml"));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => {
            Err(problem("the settings file is not UTF-8 text", "save it as UTF-8, or name another file"))
        }
    }
}

/// Says why not to believe a file of this owner and with these permissions.
#[cfg(unix)]
fn distrust(metadata: &Metadata) -> Option<(&'static str, &'static str)> {
    use std::os::unix::fs::MetadataExt;

    judge(metadata.uid(), metadata.mode(), rustix::process::geteuid().as_raw())
}

/// Windows has no such bits; who may write a file is up to its folder there.
#[cfg(not(unix))]
fn distrust(_metadata: &Metadata) -> Option<(&'static str, &'static str)> {
    None
}

#[cfg(unix)]
fn judge(owner: u32, mode: u32, user: u32) -> Option<(&'static str, &'static str)> {
    // Root may replace this very program: to distrust root's files would protect nothing, and would refuse
    // what an administrator or a container's orchestrator put there.
    if owner != user && owner != ROOT {
        return Some((
            "the settings file belongs to another user, who could send your secrets elsewhere",
            "make it yours (chown), or copy it and name the copy with --config",
        ));
    }
    (mode & WRITABLE_BY_OTHERS != 0).then_some((
        "others may write the settings file, and could send your secrets elsewhere",
        "take that right away: chmod go-w FILE",
    ))
}

#[cfg(unix)]
const ROOT: u32 = 0;
#[cfg(unix)]
const WRITABLE_BY_OTHERS: u32 = 0o022;
const MAX_LENGTH: usize = 1024 * 1024;
const NO_FILE: &str = "write one, or name it with --config or $CLAVIGER_CONFIG; to see one that works: claviger sandbox --dir DIR";

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn believes_only_what_nobody_else_could_write() {
        assert_eq!(judge(1000, 0o100_600, 1000), None);
        assert_eq!(judge(1000, 0o100_644, 1000), None, "to read it is another matter");
        assert_eq!(judge(ROOT, 0o100_644, 1000), None);
        for mode in [0o660, 0o606, 0o622, 0o666] {
            assert!(judge(1000, mode, 1000).unwrap().1.contains("chmod"), "{mode:o}");
        }
        assert!(judge(1001, 0o600, 1000).unwrap().0.contains("another user"));
        assert!(judge(1001, 0o600, ROOT).is_some(), "root is not fooled either");
    }

    #[test]
    fn refuses_each_with_words_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claviger.toml");
        let refused = || read(&path).unwrap_err();
        assert!(refused().to_string().contains("there is no settings file"));
        assert!(read(folder.path()).unwrap_err().to_string().contains("is a folder"));
        fs::write(&path, b"a = 1 # \xff").unwrap();
        assert!(refused().to_string().contains("UTF-8"));
        fs::write(&path, "a = 1").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(refused().to_string().contains("others may write"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(*read(&path).unwrap(), "a = 1");
        fs::write(&path, vec![b' '; MAX_LENGTH + 1]).unwrap();
        assert!(refused().to_string().contains("too large"));
    }
}
