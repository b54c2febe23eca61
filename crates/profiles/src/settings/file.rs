//! The settings file: whether it may be believed, and its text.

use std::{fs::Metadata, io, path::Path};

use claviger_auth_core::{Error, ErrorKind};
use claviger_input_file::InputFile;
use zeroize::Zeroizing;

/// Reads the settings file, if nobody else could have written it.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let name = path.display().to_string();
    let problem = |what, advice| {
        Error::new(ErrorKind::Configuration, what).with_subject(name.as_str()).with_advice(advice)
    };
    let file = InputFile::read(path, MAX_LENGTH).map_err(|error| {
        let kind = error.kind();
        if kind == io::ErrorKind::NotFound {
            problem("there is no settings file", NO_FILE).with_source(error)
        } else if kind == io::ErrorKind::IsADirectory {
            problem("the settings file is a folder", "name the file claviger.toml in it")
        } else if kind == io::ErrorKind::FileTooLarge {
            problem("the settings file is too large to be one", "name the file claviger.toml")
        } else {
            problem("the settings file cannot be read", "check the path, and that you may read the file")
                .with_source(error)
        }
    })?;
    if let Some((what, advice)) = distrust(file.metadata()) {
        return Err(problem(what, advice));
    }
    match std::str::from_utf8(file.bytes()) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => {
            Err(problem("the settings file is not UTF-8 text", "save it as UTF-8, or name another file"))
        }
    }
}

/// Tells whether others than this user could have written it.
pub(super) fn is_others(metadata: &Metadata) -> bool {
    distrust(metadata).is_some()
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

    #[test]
    fn reads_what_a_shell_pipes_in_and_waits_for_no_other_pipe() {
        use std::{io::Write, os::fd::AsRawFd};

        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"a = 1").unwrap();
        drop(writer);
        assert_eq!(*read(Path::new(&format!("/dev/fd/{}", reader.as_raw_fd()))).unwrap(), "a = 1");

        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = read(&pipe).unwrap_err();
        assert!(error.to_string().contains("cannot be read"), "{error}");
    }
}
