//! The folder that secrets are kept in: made if it is missing, refused if it is not ours alone to write to.

use std::{
    fs::{self, DirBuilder, Metadata},
    io,
    path::Path,
};

use claviger_auth_core::{Error, ErrorKind};

/// Tells why there is no folder to keep secrets in.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "there is no third answer, and each asks for another way on")]
pub enum Problem {
    /// Somebody else could put files into it, or take them out. That is for the user to put right.
    Refused(Error),
    /// It cannot be made or looked at: one can do without it.
    Unusable(io::Error),
}

/// Makes the folder for its user alone, or sees whether the one that is there will do. It blocks.
///
/// # Errors
///
/// [`Problem::Refused`] with a [`Configuration`](ErrorKind::Configuration) error if it is another user's, or if others
/// may write there; [`Problem::Unusable`] if it cannot be made.
pub fn prepare_folder(path: &Path) -> Result<(), Problem> {
    make(path).map_err(Problem::Unusable)?;
    let metadata = fs::metadata(path).map_err(Problem::Unusable)?;
    match distrust(&metadata) {
        None => Ok(()),
        Some(what) => Err(Problem::Refused(
            Error::new(ErrorKind::Configuration, what)
                .with_subject(path.display().to_string())
                .with_advice("make the folder yours alone (chown, chmod 700), or name another"),
        )),
    }
}

fn make(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Says why not to believe a file or folder of this owner and with these permissions.
#[cfg(unix)]
pub(crate) fn distrust(metadata: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;

    judge(metadata.uid(), metadata.mode(), rustix::process::geteuid().as_raw())
}

/// Windows has no such bits; the profile's folders are their user's there.
#[cfg(not(unix))]
pub(crate) fn distrust(_metadata: &Metadata) -> Option<&'static str> {
    None
}

/// Says why a file is not for its owner alone.
#[cfg(unix)]
pub(crate) fn exposed(metadata: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;

    (metadata.mode() & OPEN_TO_OTHERS != 0).then_some("others may have read it")
}

#[cfg(not(unix))]
pub(crate) fn exposed(_metadata: &Metadata) -> Option<&'static str> {
    None
}

#[cfg(unix)]
fn judge(owner: u32, mode: u32, user: u32) -> Option<&'static str> {
    if owner != user {
        return Some("it belongs to another user");
    }
    (mode & WRITABLE_BY_OTHERS != 0).then_some("others may write there")
}

#[cfg(unix)]
const WRITABLE_BY_OTHERS: u32 = 0o022;
#[cfg(unix)]
const OPEN_TO_OTHERS: u32 = 0o077;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn is_made_for_its_user_alone() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("a/claviger");
        prepare_folder(&path).unwrap();
        for made in [&path, &above.path().join("a")] {
            assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
        }
        prepare_folder(&path).unwrap();
    }

    #[test]
    fn is_refused_where_others_could_write() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o720, 0o702, 0o777, 0o1777] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let Err(Problem::Refused(error)) = prepare_folder(folder.path()) else { panic!("{mode:o}") };
            assert!(error.to_string().contains("others may write"), "{error}");
            assert!(error.advice().contains("chmod 700"));
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        prepare_folder(folder.path()).unwrap();
        assert!(judge(1001, 0o700, 1000).unwrap().contains("another user"));
        assert!(judge(1000, 0o700, 0).is_some(), "what a user keeps is not root's");
    }

    #[test]
    fn one_can_do_without_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let Err(Problem::Unusable(_)) = prepare_folder(&file.path().join("claviger")) else { panic!("made") };
    }
}
