//! The files that the settings name: whether others may write them. Those decide where secrets go, and whom to trust.

use std::{fs, path::Path};

use super::{file, secret::SecretSource, section::Section, section::Value};

/// Says of each file, and of each in a folder, that others may write it. What cannot be looked at was told already, by
/// whoever reads it.
pub(super) fn warnings(section: &Section) -> Vec<String> {
    let folder = section.position().path().parent().unwrap_or(Path::new(""));
    let mut warnings = Vec::new();
    for (name, position, value) in section.entries() {
        let path = match value {
            Value::Text(path) if FILES.contains(&name) => folder.join(path),
            Value::Secret(SecretSource::File(path)) => folder.join(path),
            Value::Secret(_) | Value::Flag(_) | Value::List(_) | Value::Text(_) => continue,
        };
        let inside = fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
        let all = std::iter::once(path.clone()).chain(inside);
        if let Some(found) = all.filter(|path| fs::metadata(path).is_ok_and(|it| file::is_others(&it))).min()
        {
            warnings.push(format!(
                "others may write {}, and could send your secrets elsewhere ({position}, {}): chmod go-w, or chown",
                found.display(),
                section.full_name(name),
            ));
        }
    }
    warnings
}

const FILES: &[&str] =
    &["ca_file", "cert_file", "credentials", "key_file", "pkcs12_file", "signing_key_file"];

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::settings::{Document, Overrides, Profile};
    use crate::variables::Variables;

    #[test]
    fn each_command_warns_of_what_others_may_write() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str, mode| {
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        let settings = folder.path().join("claviger.toml");
        fs::write(folder.path().join("secret.txt"), "swordfish").unwrap();
        fs::write(folder.path().join("ca.pem"), authority()).unwrap();
        fs::write(
            &settings,
            "[profiles.a]\nprovider = 'custom'\napi_url = 'https://api.example/'\nauth = 'token'\n\
             token = { file = 'secret.txt' }\nca_file = 'ca.pem'\n",
        )
        .unwrap();
        ["claviger.toml", "secret.txt", "ca.pem"].into_iter().for_each(|name| open(name, 0o644));
        let warnings = || {
            let section = Document::open(&settings).unwrap().choose(None).unwrap();
            let profile = Profile::read(section, &Overrides::default(), &Variables::of(&[])).unwrap();
            assert!(profile.meaningless().is_empty());
            profile.warnings().to_vec()
        };
        assert_eq!(warnings(), Vec::<String>::new());
        open("ca.pem", 0o664);
        open("secret.txt", 0o602);
        let found = warnings();
        assert!(found[0].contains("ca.pem") && found[0].contains("claviger.toml:6:1, profiles.a.ca_file"));
        assert!(found[1].contains("secret.txt") && found[1].contains("profiles.a.token"), "{found:?}");
    }

    #[test]
    fn looks_into_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("client.key");
        fs::write(&file, "").unwrap();
        let path = std::sync::Arc::from(folder.path().join("claviger.toml"));
        let position = crate::settings::Position::of(&path, "", 0);
        let mut section = Section::new("a", position.clone());
        section.add("credentials", position, Value::Text(".".into()));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(warnings(&section), Vec::<String>::new());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(warnings(&section)[0].contains("client.key"));
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).unwrap();
        assert!(!warnings(&section)[0].contains("client.key"), "the folder comes first");
    }

    fn authority() -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    }
}
