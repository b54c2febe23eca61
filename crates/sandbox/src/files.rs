//! Writes what a client needs: the files people get from Clara, and settings that work.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::json;

use crate::authority::Identity;
use crate::clara::Clara;
use crate::error::Error;
use crate::random;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// Writes the credentials, the certificates and a `claviger.toml` that uses them into `directory`, which is made
    /// if it is missing. Files of these names are replaced. Only the owner can read what is written.
    ///
    /// | file | what it is |
    /// | --- | --- |
    /// | `ca.pem` | the certificate of the authority that issued the server's |
    /// | `clara/credentials.json`, `client.crt`, `client.key`, `ca.pem` | what Clara gives to a project |
    /// | `clara/secret.txt` | the client secret alone, for the profile `custom` |
    /// | `clara-test/…` | the same four for the test environment |
    /// | `claviger.toml` | the profiles `clara` (the default), `clara-test` and `custom` |
    ///
    /// # Errors
    ///
    /// If a file or a folder could not be written.
    pub fn write_dir(&self, directory: &Path) -> Result<(), Error> {
        let clara = self.clara();
        let (secret, test_secret) = (clara.client_secret(), clara.test_client_secret());
        make_folder(directory)?;
        replace(directory, "ca.pem", self.ca_pem())?;
        let folder = directory.join("clara");
        self.write_account(&folder, clara.client_id(), &secret, clara.identity())?;
        replace(&folder, "secret.txt", &secret)?;
        let folder = directory.join("clara-test");
        self.write_account(&folder, clara.test_client_id(), &test_secret, clara.test_identity())?;
        replace(directory, "claviger.toml", &settings(clara))
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

/// Writes the settings, with paths relative to their own file.
fn settings(clara: &Clara) -> String {
    let tenant = clara.tax_identifiers().first().copied().unwrap_or_default();
    let (api_url, token_url) = (clara.api_url(), clara.token_url());
    let server = [
        ("api_url", api_url.as_str()),
        ("token_url", token_url.as_str()),
        ("ca_file", "ca.pem"),
        ("trust", "ca"),
        ("tenant", tenant),
    ];
    let mut text = String::from("# Written by the sandbox; good until it stops.\n");
    line(&mut text, "default_profile", "clara");
    for (profile, environment) in [("clara", "production"), ("clara-test", "test")] {
        let _ = write!(text, "\n[profiles.{profile}]\n");
        line(&mut text, "provider", "clara");
        line(&mut text, "country", "mx");
        line(&mut text, "environment", environment);
        line(&mut text, "credentials", &format!("{profile}/"));
        server.iter().for_each(|(name, value)| line(&mut text, name, value));
    }
    text.push_str("\n# The same without the provider's own knowledge.\n[profiles.custom]\n");
    line(&mut text, "provider", "custom");
    line(&mut text, "auth", "client-credentials");
    line(&mut text, "client_auth", "client_secret_basic");
    line(&mut text, "client_id", clara.client_id());
    text.push_str("client_secret = { file = \"clara/secret.txt\" }\n");
    line(&mut text, "cert_file", "clara/client.crt");
    line(&mut text, "key_file", "clara/client.key");
    line(&mut text, "tenant_header", "X-Tax-Identifier");
    line(&mut text, "check_path", "/api/v3/users");
    server.iter().for_each(|(name, value)| line(&mut text, name, value));
    text
}

fn line(text: &mut String, name: &str, value: &str) {
    // Writing to a String does not fail.
    let _ = writeln!(text, "{name} = {}", quote(value));
}

/// Quotes a TOML basic string.
fn quote(value: &str) -> String {
    let mut quoted = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            other if other.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(other));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

fn make_folder(path: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| Error::new(format!("could not make the folder {}", path.display()), error))
}

/// Writes beside the file and moves it there: nobody reads half a file, or one that others may read meanwhile.
fn replace(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    let beside = folder.join(format!(".{name}.{}", random::text::<9>()?));
    let written = write(&beside, text).and_then(|()| fs::rename(&beside, &path));
    written.map_err(|error| {
        // What could not be moved is of no use to anybody.
        let _ = fs::remove_file(&beside);
        Error::new(format!("could not write {}", path.display()), error)
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

    #[test]
    fn quotes_what_toml_would_misread() {
        assert_eq!(quote("a\"b\\c\nd"), r#""a\"b\\c\u000Ad""#);
    }

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
        for name in ["ca.pem", "claviger.toml", "clara/client.key", "clara/secret.txt"] {
            assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
        }
        // A second time it replaces, also what has become readable by others, and leaves nothing beside.
        let key = directory.join("clara/client.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        sandbox.write_dir(&directory).unwrap();
        assert_eq!(mode(&key), 0o600);
        assert_eq!(fs::read_dir(directory.join("clara")).unwrap().count(), 5);
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
        assert!(!settings.contains(&sandbox.clara().client_secret()));
    }
}
