//! The real software that tests speak to: where it is, and how it is installed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::command::{self, Result, execute};

/// One thing not written by us that a test asks for by its name: `needs("nginx")`.
#[derive(Debug)]
pub(crate) struct Software {
    pub(crate) name: &'static str,
    origin: Origin,
    /// Which tests need it.
    pub(crate) needed_by: &'static str,
}

#[derive(Debug)]
enum Origin {
    /// A program of this Debian package. An archive has one version of a package: there is nothing to pin.
    Apt(&'static str),
    /// This version of the npm package of the same name, below the folder of real software.
    Npm(&'static str),
}

/// All of it. What others need to be installed stands before them.
pub(crate) const SOFTWARE: [Software; 6] = [
    Software {
        name: "curl",
        origin: Origin::Apt("curl"),
        needed_by: "tests that put another client against our sandbox",
    },
    Software {
        name: "openssl",
        origin: Origin::Apt("openssl"),
        needed_by: "tests that read keys and certificates in the forms OpenSSL writes",
    },
    Software {
        name: "nginx",
        origin: Origin::Apt("nginx"),
        needed_by: "tests that put our client against another server's demand for a certificate",
    },
    Software { name: "node", origin: Origin::Apt("nodejs"), needed_by: "oidc-provider, which runs on it" },
    Software { name: "npm", origin: Origin::Apt("npm"), needed_by: "oidc-provider, which it installs" },
    Software {
        name: "oidc-provider",
        // 9 asks for Node 22, which Debian 12 does not have.
        origin: Origin::Npm("8.8.1"),
        needed_by: "tests that put our client against another token endpoint",
    },
];

/// Installs Debian packages with no service starting by itself, now or at the next boot: the tests start their own,
/// and nobody asked for one on port 80. A `policy-rc.d` that the machine has already is left alone.
const APT: &str = r#"set -e
rule=/usr/sbin/policy-rc.d
if [ ! -e "$rule" ]; then
  trap 'rm -f "$rule"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' > "$rule"
  chmod 755 "$rule"
fi
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
if command -v systemctl > /dev/null; then
  for package in "$@"; do
    if [ -e "/lib/systemd/system/$package.service" ]; then
      systemctl disable --quiet "$package.service"
    fi
  done
fi
"#;

impl Software {
    /// Whether it is here. `folder` is that of real software.
    pub(crate) fn is_here(&self, folder: &Path) -> bool {
        match self.origin {
            Origin::Apt(_) => search_path().iter().any(|directory| directory.join(self.name).is_file()),
            Origin::Npm(version) => {
                let manifest =
                    folder.join(self.name).join("node_modules").join(self.name).join("package.json");
                fs::read(manifest).is_ok_and(|text| has_version(&text, version))
            }
        }
    }

    /// The command that installs it.
    pub(crate) fn install_command(&self, folder: &Path) -> String {
        match self.origin {
            Origin::Apt(package) => format!("apt-get install -y --no-install-recommends {package}"),
            Origin::Npm(_) => format!("npm {}", self.npm_arguments(folder).join(" ")),
        }
    }

    fn npm_arguments(&self, folder: &Path) -> Vec<String> {
        let Origin::Npm(version) = self.origin else { return Vec::new() };
        let prefix = folder.join(self.name).to_string_lossy().into_owned();
        let package = format!("{}@{version}", self.name);
        ["install", "--no-audit", "--no-fund", "--save-exact", "--prefix", &prefix, &package]
            .map(str::to_owned)
            .to_vec()
    }
}

/// What of [`SOFTWARE`] is not here.
pub(crate) fn missing(folder: &Path) -> Vec<&'static Software> {
    SOFTWARE.iter().filter(|software| !software.is_here(folder)).collect()
}

/// Installs `missing`, all Debian packages at once and before the others.
pub(crate) fn install(missing: &[&Software], folder: &Path) -> Result<()> {
    let packages: Vec<&str> = missing.iter().filter_map(|software| apt_package(software)).collect();
    if !packages.is_empty() {
        println!("installing {} from Debian's archive", packages.join(", "));
        let shell = ["sh", "-c", APT, "sh"];
        let words: Vec<&str> = if is_root() { shell.to_vec() } else { [&["sudo"], &shell[..]].concat() };
        let (program, arguments) = words.split_first().ok_or("no shell to run")?;
        let status = Command::new(program).args(arguments).args(&packages).status()?;
        if !status.success() {
            return Err(format!("could not install {}", packages.join(", ")).into());
        }
    }
    for software in missing.iter().filter(|software| apt_package(software).is_none()) {
        fs::create_dir_all(folder.join(software.name))?;
        execute(Command::new("npm").args(software.npm_arguments(folder)))?;
    }
    Ok(())
}

/// `PATH`, and where Debian puts servers, which is not on everybody's.
pub(crate) fn search_path() -> Vec<PathBuf> {
    let path = command::variable("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = env::split_paths(&path).collect();
    directories.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    directories
}

fn apt_package(software: &Software) -> Option<&'static str> {
    match software.origin {
        Origin::Apt(package) => Some(package),
        Origin::Npm(_) => None,
    }
}

fn has_version(manifest: &[u8], version: &str) -> bool {
    let manifest: Option<Value> = serde_json::from_slice(manifest).ok();
    manifest.is_some_and(|manifest| manifest.get("version").and_then(Value::as_str) == Some(version))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_program_and_misses_another() {
        let with_name = |name| Software { name, origin: Origin::Apt("p"), needed_by: "" };
        assert!(with_name("sh").is_here(Path::new("/nowhere")));
        assert!(!with_name("no-such-program-here").is_here(Path::new("/nowhere")));
    }

    #[test]
    fn takes_no_other_version() {
        assert!(has_version(br#"{"version": "8.8.1"}"#, "8.8.1"));
        assert!(!has_version(br#"{"version": "8.8.2"}"#, "8.8.1"));
        assert!(!has_version(b"half a fi", "8.8.1"));
    }

    #[test]
    fn names_the_command_for_each() {
        for software in &SOFTWARE {
            let command = software.install_command(Path::new("/real"));
            assert!(command.contains(" install "), "{command}");
        }
    }
}
