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
    /// This version of the PyPI package of the same name, in a virtual environment of its own below the folder of
    /// real software. What it stands on is pinned in the requirements beside the test.
    PyPi { version: &'static str, requirements: &'static str },
    /// This module of Debian's Python, which has a package of its own.
    PythonModule { package: &'static str, module: &'static str },
}

/// All of it. What others need to be installed stands before them.
pub(crate) const SOFTWARE: [Software; 13] = [
    Software {
        name: "curl",
        origin: Origin::Apt("curl"),
        needed_by: "tests that put another client against our sandbox",
    },
    Software {
        name: "script",
        origin: Origin::Apt("bsdutils"),
        needed_by: "the test of the program at a terminal",
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
    Software {
        name: "mosquitto",
        origin: Origin::Apt("mosquitto"),
        needed_by: "tests that publish to another's MQTT broker, and kill it",
    },
    Software {
        name: "chromium",
        origin: Origin::Apt("chromium"),
        needed_by: "tests that look at the pages of a login",
    },
    Software {
        name: "node",
        origin: Origin::Apt("nodejs"),
        needed_by: "oidc-provider, openid-client and puppeteer-core, which run on it",
    },
    Software {
        name: "npm",
        origin: Origin::Apt("npm"),
        needed_by: "oidc-provider, openid-client and puppeteer-core, which it installs",
    },
    Software {
        name: "oidc-provider",
        // 9 asks for Node 22, which Debian 12 does not have.
        origin: Origin::Npm("8.8.1"),
        needed_by: "tests that put our client against another token endpoint",
    },
    Software {
        name: "openid-client",
        // 6 asks for Node 20, which Debian 12 does not have.
        origin: Origin::Npm("5.7.1"),
        needed_by: "tests that put our token requests beside those of another client",
    },
    Software {
        name: "puppeteer-core",
        // 25 asks for Node 22, which Debian 12 does not have.
        origin: Origin::Npm("24.43.1"),
        needed_by: "tests that look at the pages of a login, in Chromium that it steers",
    },
    Software {
        name: "python3-venv",
        origin: Origin::PythonModule { package: "python3-venv", module: "ensurepip" },
        needed_by: "pyclarify, which is installed with it",
    },
    Software {
        name: "pyclarify",
        origin: Origin::PyPi { version: "0.7.0", requirements: "tests/pyclarify/requirements.txt" },
        needed_by: "tests that put Clarify's own SDK against our sandbox",
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
            // pip writes a package's own folder last, when all that it stands on is there.
            Origin::PyPi { version, .. } => {
                let record = format!("site-packages/{}-{version}.dist-info/RECORD", self.name);
                let libraries = fs::read_dir(folder.join(self.name).join("lib"));
                libraries.is_ok_and(|mut entries| {
                    entries.any(|entry| entry.is_ok_and(|entry| entry.path().join(&record).is_file()))
                })
            }
            Origin::PythonModule { module, .. } => {
                let import = format!("import venv, {module}");
                let python = Command::new("python3").args(["-c", &import]).output();
                python.is_ok_and(|output| output.status.success())
            }
        }
    }

    /// The command that installs it.
    pub(crate) fn install_command(&self, folder: &Path) -> String {
        match self.origin {
            Origin::Apt(package) | Origin::PythonModule { package, .. } => {
                format!("apt-get install -y --no-install-recommends {package}")
            }
            Origin::Npm(_) | Origin::PyPi { .. } => {
                let commands = self.commands(folder);
                commands.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join(" && ")
            }
        }
    }

    /// What is run for it, one after the other; nothing for a Debian package, which is installed with the others.
    fn commands(&self, folder: &Path) -> Vec<Vec<String>> {
        let place = folder.join(self.name).to_string_lossy().into_owned();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self.origin {
            Origin::Apt(_) | Origin::PythonModule { .. } => Vec::new(),
            Origin::Npm(version) => {
                let package = format!("{}@{version}", self.name);
                let quiet = ["npm", "install", "--no-audit", "--no-fund", "--save-exact"];
                vec![words(&[&quiet[..], &["--prefix", &place, &package]].concat())]
            }
            Origin::PyPi { requirements, .. } => {
                let pip = format!("{place}/bin/pip");
                let install = [&pip, "install", "--disable-pip-version-check", "--requirement", requirements];
                // Cleared first, for the Python that an older one was made with may be gone.
                vec![words(&["python3", "-m", "venv", "--clear", &place]), words(&install)]
            }
        }
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
        for words in software.commands(folder) {
            let (program, arguments) = words.split_first().ok_or("no command to run")?;
            execute(Command::new(program).args(arguments))?;
        }
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
        Origin::Apt(package) | Origin::PythonModule { package, .. } => Some(package),
        Origin::Npm(_) | Origin::PyPi { .. } => None,
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
        let commands: Vec<_> =
            SOFTWARE.iter().map(|software| software.install_command(Path::new("/r"))).collect();
        let npm =
            "npm install --no-audit --no-fund --save-exact --prefix /r/oidc-provider oidc-provider@8.8.1";
        assert!(commands.iter().any(|command| command == npm), "{commands:?}");
        let venv = "python3 -m venv --clear /r/pyclarify && /r/pyclarify/bin/pip install ";
        assert!(commands.iter().any(|command| command.starts_with(venv)), "{commands:?}");
    }

    #[test]
    fn pins_all_that_pip_installs_and_the_version_of_the_table() {
        let text = include_str!("../../tests/pyclarify/requirements.txt");
        let pins: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(pins.len() > 1 && pins.iter().all(|line| line.contains("==")), "{pins:?}");
        for software in &SOFTWARE {
            let Origin::PyPi { version, .. } = software.origin else { continue };
            assert!(pins.contains(&&*format!("{}=={version}", software.name)), "{pins:?}");
        }
    }

    #[test]
    fn takes_a_virtual_environment_that_is_whole() {
        let real = env::temp_dir().join(format!("claviger-software-{}", std::process::id()));
        let packages = real.join("p/lib/python3.11/site-packages");
        fs::create_dir_all(packages.join("p-1.0.dist-info")).unwrap();
        let of = |version| Software {
            name: "p",
            origin: Origin::PyPi { version, requirements: "" },
            needed_by: "",
        };
        assert!(!of("1.0").is_here(&real), "half an installation");
        fs::write(packages.join("p-1.0.dist-info/RECORD"), "").unwrap();
        assert!(of("1.0").is_here(&real) && !of("1.1").is_here(&real));
        fs::remove_dir_all(&real).unwrap();
    }
}
