//! The files that the settings name: there, readable, and nobody else's business.

use std::{
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
};

use claviger_auth_core::{Error, ErrorKind};
use claviger_input_file::InputFile;
use claviger_profiles::{SecretSource, Section, Value};

use super::report::Report;

/// Looks at each file, and at the settings themselves where a secret stands in them.
///
/// Files that are missing stop nobody here: the provider may have no use for them, and says so if it has.
pub(super) fn all(section: &Section, report: &mut Report) {
    let folder = section.position().path().parent().unwrap_or(Path::new(""));
    let mut has_literal = false;
    for (name, _, value) in section.entries() {
        match value {
            Value::Text(path) if PUBLIC.contains(&name) => {
                one(name, &folder.join(path), Content::Public, report)
            }
            Value::Text(path) if PRIVATE.contains(&name) => {
                one(name, &folder.join(path), Content::Private, report);
            }
            Value::Secret(SecretSource::File(path)) => {
                one(name, &folder.join(path), Content::Private, report);
            }
            Value::Secret(SecretSource::Literal(_)) => has_literal = true,
            Value::Secret(_) | Value::Flag(_) | Value::List(_) | Value::Text(_) => {}
        }
    }
    if has_literal {
        one("claviger.toml", section.position().path(), Content::Private, report);
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Content {
    Private,
    Public,
}

fn one(name: &str, path: &Path, content: Content, report: &mut Report) {
    let step = format!("file {name}");
    let shown = path.display();
    let (metadata, form) = match look(path) {
        Ok(found) => found,
        Err(error) => {
            let error = Error::new(ErrorKind::Configuration, "the file cannot be read")
                .with_subject(shown.to_string())
                .with_advice(
                    "check the path, which is relative to the settings file, and that you may read it",
                )
                .with_source(error);
            report.fail(step, &error.into());
            return;
        }
    };
    // Whoever writes it decides where secrets go, or whom to trust.
    if let Some(found) = open_to_others(path, &metadata, WRITE) {
        let detail = format!("others may write {}", found.display());
        report.warn(step, detail, "take that right away: chmod go-w FILE (or FOLDER)");
        return;
    }
    let exposed = match content {
        Content::Private => open_to_others(path, &metadata, READ),
        Content::Public => None,
    };
    match exposed {
        None => report.ok(step, format!("{shown}: {form}")),
        Some(found) => report.warn(
            step,
            format!("others may read {}", found.display()),
            "take that right away: chmod go= FILE (or, for all in a folder, go= FOLDER)",
        ),
    }
}

/// Reads a file, or lists a folder: whether one may is only known by trying. Says what is in it, too.
fn look(path: &Path) -> io::Result<(Metadata, String)> {
    match InputFile::read(path, LARGEST) {
        Ok(file) => Ok((file.metadata().clone(), form(file.bytes()))),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            let files = fs::read_dir(path)?.flatten().count();
            Ok((fs::metadata(path)?, format!("a folder with {files} files")))
        }
        Err(error) => Err(error),
    }
}

/// Says what a file holds, by its labels and first bytes.
fn form(bytes: &[u8]) -> String {
    let labels = pem_labels(bytes);
    match bytes.first() {
        None => "nothing in it".to_owned(),
        _ if !labels.is_empty() => format!("PEM with {}", labels.join(", ")),
        Some(0x30) => "DER or PKCS#12".to_owned(),
        Some(b'{') => "JSON".to_owned(),
        Some(_) => "text".to_owned(),
    }
}

/// What stands behind each `BEGIN`, where those who write PEM could have written it (RFC 7468 §2).
fn pem_labels(text: &[u8]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        let label = line.strip_prefix(b"-----BEGIN ").and_then(|rest| rest.strip_suffix(b"-----"));
        let is_label = |label: &&[u8]| {
            label.len() < 40 && label.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' '))
        };
        labels.extend(label.filter(is_label).map(|label| String::from_utf8_lossy(label).into_owned()));
    }
    labels
}

/// Finds what others may read or write of it: the file, or in a folder that they may enter, its files with secrets.
/// A folder that they may write is itself found.
fn open_to_others(path: &Path, metadata: &Metadata, right: u32) -> Option<PathBuf> {
    if (!metadata.is_dir() || right == WRITE) && grants(metadata, right) {
        return Some(path.to_owned());
    }
    if !metadata.is_dir() || !grants(metadata, READ) {
        return None;
    }
    let entries = fs::read_dir(path).ok()?.flatten();
    let found = entries
        .filter(|entry| entry.metadata().is_ok_and(|metadata| grants(&metadata, right)))
        .map(|entry| entry.path())
        .filter(|path| right == WRITE || path.extension().is_some_and(|it| it == "json" || it == "key"));
    found.min()
}

#[cfg(unix)]
fn grants(metadata: &Metadata, right: u32) -> bool {
    use std::os::unix::fs::MetadataExt;

    metadata.mode() & right != 0
}

/// Windows has no such bits.
#[cfg(not(unix))]
fn grants(_metadata: &Metadata, _right: u32) -> bool {
    false
}

/// Much more than keys and certificates take.
const LARGEST: usize = 1024 * 1024;
/// What others need to read a file, or to enter a folder.
const READ: u32 = 0o055;
const WRITE: u32 = 0o022;
const PUBLIC: &[&str] = &["ca_file", "cert_file"];
const PRIVATE: &[&str] = &["credentials", "key_file", "pkcs12_file", "signing_key_file"];
