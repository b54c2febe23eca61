//! Writes what a client needs: the files people get from the providers, and settings that work.

mod folder;
mod settings;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use claviger_sandbox_stage::random;
use claviger_sandbox_stage::{Error, Identity, failure};
use serde_json::json;

use crate::sandbox::Sandbox;

impl Sandbox {
    /// Writes the credentials, the certificates and a `claviger.toml` that uses them into `directory`, which is made
    /// if it is missing. What an earlier sandbox wrote there is replaced. Only the owner can read what is written.
    ///
    /// | file | what it is |
    /// | --- | --- |
    /// | `ca.pem` | the certificate of the authority that issued the server's |
    /// | `clara/credentials.json`, `client.crt`, `client.key`, `ca.pem` | what Clara gives to a project |
    /// | `clara/secret.txt` | the client secret alone, for the profile `custom` |
    /// | `clara/curl.conf` | the client id and secret as `curl --config` reads them |
    /// | `clara-test/…` | the same four for the test environment |
    /// | `clarify/clarify-credentials.json` | what Clarify gives to an integration, for OAuth 2.0 |
    /// | `clarify/clarify-basic-credentials.json` | the same for HTTP Basic |
    /// | `clarus/secret.txt`, `token.txt` | the client secret, and the token made by hand |
    /// | `clazar/secret.txt` | the client secret |
    /// | `claviger.toml` | the profiles `clara` (the default), `clara-test`, `clarify`, `clarify-basic`, `clarus`, `clarus-token`, `clarus-login`, `clazar` and `custom` |
    ///
    /// # Errors
    ///
    /// If a file or a folder could not be written. If `directory` is neither empty nor written by a sandbox before:
    /// somebody's own credentials may be in it. On unix also if it is another user's, or others may write to it.
    pub fn write_dir(&self, directory: &Path) -> Result<(), Error> {
        let clara = self.clara();
        let (secret, test_secret) = (clara.client_secret(), clara.test_client_secret());
        folder::check(directory)?;
        make_folder(directory)?;
        replace(directory, "ca.pem", self.ca_pem())?;
        let folder = directory.join("clara");
        self.write_account(&folder, clara.client_id(), &secret, clara.identity())?;
        replace(&folder, "secret.txt", &secret)?;
        // In an argument of curl's, every user of the machine could read the secret. Neither word needs an escape.
        replace(&folder, "curl.conf", &format!("user = \"{}:{secret}\"\n", clara.client_id()))?;
        let folder = directory.join("clara-test");
        self.write_account(&folder, clara.test_client_id(), &test_secret, clara.test_identity())?;
        self.write_integration(&directory.join("clarify"))?;
        let (clarus, clazar) = (self.clarus(), self.clazar());
        for (name, file, text) in [
            ("clarus", "secret.txt", clarus.client_secret()),
            ("clarus", "token.txt", clarus.static_token().to_owned()),
            ("clazar", "secret.txt", clazar.client_secret()),
        ] {
            let folder = directory.join(name);
            make_folder(&folder)?;
            replace(&folder, file, &text)?;
        }
        replace(directory, "claviger.toml", &settings::text(self))
    }

    /// The two kinds of credentials file. Source: clarify-go, which reads both.
    fn write_integration(&self, folder: &Path) -> Result<(), Error> {
        let clarify = self.clarify();
        make_folder(folder)?;
        for (file, kind, id, secret) in [
            ("clarify-credentials.json", "client-credentials", clarify.client_id(), clarify.client_secret()),
            ("clarify-basic-credentials.json", "basic-auth", clarify.integration(), clarify.basic_password()),
        ] {
            let text = json!({
                "credentials": { "type": kind, "clientId": id, "clientSecret": secret },
                "integration": clarify.integration(),
                "apiUrl": clarify.api_url(),
            });
            replace(folder, file, &format!("{text:#}\n"))?;
        }
        Ok(())
    }

    /// The four files of Clara's "MTLS Authentication & OAuth 2.0": `.json`, `.crt`, `.pem` and `.key`.
    fn write_account(&self, folder: &Path, id: &str, secret: &str, identity: &Identity) -> Result<(), Error> {
        make_folder(folder)?;
        let credentials = json!({
            "projectName": identity.name(),
            "credentials": { "clientId": id, "clientSecret": secret },
        });
        replace(folder, "credentials.json", &format!("{credentials:#}\n"))?;
        replace(folder, "client.crt", identity.certificate_pem())?;
        replace(folder, "client.key", &identity.key_pem())?;
        replace(folder, "ca.pem", self.ca_pem())
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| failure(format!("could not make the folder {}", path.display()), error))
}

/// Writes beside the file and moves it there: nobody reads half a file, or one that others may read meanwhile.
fn replace(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    let beside = folder.join(format!(".{name}.{}", random::text::<9>()?));
    let written = write(&beside, text).and_then(|()| fs::rename(&beside, &path));
    written.map_err(|error| {
        // What could not be moved is of no use to anybody.
        let _ = fs::remove_file(&beside);
        failure(format!("could not write {}", path.display()), error)
    })
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Options;

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_reads_what_is_written() {
        use std::os::unix::fs::PermissionsExt as _;
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("deep").join("sandbox");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        sandbox.write_dir(&directory).unwrap();
        assert_eq!(mode(&directory), 0o700);
        for name in [
            "ca.pem",
            "claviger.toml",
            "clara/client.key",
            "clara/curl.conf",
            "clara/secret.txt",
            "clarify/clarify-basic-credentials.json",
            "clarify/clarify-credentials.json",
            "clarus/secret.txt",
            "clarus/token.txt",
            "clazar/secret.txt",
        ] {
            assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
        }
        // A second time it replaces, also what has become readable by others, and leaves nothing beside.
        let key = directory.join("clara/client.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        sandbox.write_dir(&directory).unwrap();
        assert_eq!(mode(&key), 0o600);
        assert_eq!(fs::read_dir(directory.join("clara")).unwrap().count(), 6);
    }

    #[tokio::test]
    async fn the_files_are_those_of_this_sandbox() {
        let sandbox = Sandbox::start(Options::new()).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        sandbox.write_dir(directory.path()).unwrap();
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        let credentials: serde_json::Value = serde_json::from_str(&read("clara/credentials.json")).unwrap();
        assert_eq!(credentials["credentials"]["clientSecret"], sandbox.clara().client_secret());
        assert_eq!(read("clara/client.key"), sandbox.clara().identity().key_pem());
        let settings = read("claviger.toml");
        assert!(settings.contains("default_profile = \"clara\"\n"));
        assert!(settings.contains(&format!("token_url = \"{}\"\n", sandbox.clara().token_url())));
        for secret in [
            sandbox.clara().client_secret(),
            sandbox.clarify().client_secret(),
            sandbox.clarify().basic_password(),
            sandbox.clarus().client_secret(),
            sandbox.clarus().static_token().to_owned(),
            sandbox.clazar().client_secret(),
        ] {
            assert!(!settings.contains(&secret));
        }
        assert_eq!(read("clarus/token.txt"), sandbox.clarus().static_token());
        let login = sandbox.clarus().login();
        assert!(settings.contains(&format!("authorize_url = \"{}\"\n", login.authorize_url())));
        assert!(settings.contains(&format!("client_id = \"{}\"\n", login.public_client_id())));
        let person = format!("User name: {}, password: {}\n", login.user_name(), login.password());
        assert!(settings.contains(&person));
        let clarify = sandbox.clarify();
        let json = |name: &str| serde_json::from_str::<serde_json::Value>(&read(name)).unwrap();
        let (oauth, basic) =
            (json("clarify/clarify-credentials.json"), json("clarify/clarify-basic-credentials.json"));
        assert_eq!(oauth["credentials"]["type"], "client-credentials");
        assert_eq!(oauth["credentials"]["clientSecret"], clarify.client_secret());
        assert_eq!(oauth["apiUrl"], clarify.api_url());
        assert_eq!(basic["credentials"]["type"], "basic-auth");
        assert_eq!(basic["credentials"]["clientId"], clarify.integration());
        assert_eq!(basic["credentials"]["clientSecret"], clarify.basic_password());
    }
}
