//! Looks at the folder before anything is written into it: what is in it, and who else may write there.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use claviger_sandbox_stage::{Error, failure};

use super::settings::FIRST_LINE;

/// Refuses a folder with anything in it that a sandbox did not write, and one that is not its user's alone to write.
pub(super) fn check(directory: &Path) -> Result<(), Error> {
    // An empty path is the current folder, where files are written, but not where one asks what it is.
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let refused = |why| failure(format!("could not write into the folder {}", directory.display()), why);
    let metadata = match fs::metadata(directory) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refused(error.to_string())),
    };
    if let Some(why) = distrust(&metadata) {
        return Err(refused(why.to_owned()));
    }
    match is_free(directory) {
        Ok(true) => Ok(()),
        Ok(false) => Err(refused(NOT_FREE.to_owned())),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// Whether the folder is empty, or what is in it is a sandbox's.
fn is_free(directory: &Path) -> io::Result<bool> {
    if fs::read_dir(directory)?.next().transpose()?.is_none() {
        return Ok(true);
    }
    let settings = match File::open(directory.join("claviger.toml")) {
        Ok(settings) => settings,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut beginning = Vec::new();
    settings.take(FIRST_LINE.len() as u64).read_to_end(&mut beginning)?;
    Ok(beginning == FIRST_LINE.as_bytes())
}

/// Says why not to put secrets, and settings that will be believed, into a folder of this owner and these permissions.
#[cfg(unix)]
fn distrust(metadata: &Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt as _;

    judge(metadata.uid(), metadata.mode(), rustix::process::geteuid().as_raw())
}

/// Windows has no such bits; the profile's folders are their user's there.
#[cfg(not(unix))]
fn distrust(_metadata: &Metadata) -> Option<&'static str> {
    None
}

#[cfg(unix)]
fn judge(owner: u32, mode: u32, user: u32) -> Option<&'static str> {
    if owner != user {
        return Some("it belongs to another user, who could read and replace what is written there");
    }
    (mode & WRITABLE_BY_OTHERS != 0)
        .then_some("others may write to it: take that right away (chmod go-w), or let a new one be made")
}

const NOT_FREE: &str = "it is not empty, and no sandbox wrote the claviger.toml in it, if there is one: your own settings and keys could be replaced";
#[cfg(unix)]
const WRITABLE_BY_OTHERS: u32 = 0o022;

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::sandbox::{Options, Sandbox};

    #[tokio::test]
    async fn replaces_only_what_a_sandbox_wrote() {
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let root = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("claviger.toml", "default_profile = \"acme\"\n"),
            ("claviger.toml", "# Written"),
            ("clara/client.key", "a real key"),
            ("notes", "buy milk"),
        ] {
            let folder = root.path().join("theirs");
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            let error = sandbox.write_dir(&folder).unwrap_err();
            assert!(error.source().unwrap().to_string().contains("not empty"), "{name}: {error}");
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is made beside {name}");
            fs::remove_dir_all(&folder).unwrap();
        }

        let folder = root.path().join("ours");
        fs::create_dir(&folder).unwrap();
        sandbox.write_dir(&folder).unwrap();
        fs::write(folder.join("notes"), "buy milk").unwrap();
        let other = Sandbox::start(Options::new()).await.unwrap();
        other.write_dir(&folder).unwrap();
        let key = fs::read_to_string(folder.join("clara/client.key")).unwrap();
        assert_eq!(key, other.clara().identity().key_pem());
        assert!(sandbox.write_dir(&folder.join("notes")).is_err(), "a file is no folder");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn refuses_a_folder_that_others_may_write() {
        use std::os::unix::fs::PermissionsExt as _;

        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let give = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o720, 0o702, 0o777, 0o1777] {
            give(mode);
            let error = sandbox.write_dir(folder.path()).unwrap_err();
            assert!(error.source().unwrap().to_string().contains("chmod go-w"), "{mode:o}: {error}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        give(0o755);
        sandbox.write_dir(folder.path()).unwrap();
        give(0o775);
        assert!(sandbox.write_dir(folder.path()).is_err(), "nor one that was its own");
    }

    #[cfg(unix)]
    #[test]
    fn refuses_a_folder_of_another_user() {
        assert_eq!(judge(1000, 0o40_700, 1000), None);
        assert!(judge(1001, 0o40_700, 1000).unwrap().contains("another user"));
        assert!(judge(1001, 0o40_700, 0).is_some(), "root's secrets are not a user's");
        assert!(judge(0, 0o40_755, 1000).is_some());
    }
}
