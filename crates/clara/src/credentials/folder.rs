//! A folder of files, each judged by its content.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use claviger_auth_core::{Error, ErrorKind, Thumbprint};
use claviger_input_file::InputFile;
use claviger_mtls::{Identity, Trust};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    Credentials,
    document::{self, Client, Document},
};

/// A PEM text, and where it stands.
type Pem = (String, Zeroizing<Vec<u8>>);

/// Reads the folder that Clara sent.
pub(super) fn read(folder: &Path) -> Result<Credentials, Error> {
    let mut clients: Vec<(PathBuf, Client)> = Vec::new();
    let mut passed_over = PassedOver::default();
    let (mut pems, mut binaries): (Vec<Pem>, Vec<Pem>) = Default::default();
    for path in files(folder)? {
        let file = match InputFile::read(&path, LARGEST) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => continue,
            Err(error) => {
                keep_first(&mut passed_over.blank, unreadable(&path, error));
                continue;
            }
        };
        let text = file.bytes();
        match Content::of(text) {
            Content::Empty => keep_first(&mut passed_over.blank, empty(&path)),
            Content::Json => match document::read(&path, without_bom(text)) {
                Ok(Document::Credentials(client)) => clients.push((path, *client)),
                Ok(Document::Other(what)) => keep_first(&mut passed_over.other, other(&path, what)),
                Err(error) => keep_first(&mut passed_over.faulty, error),
            },
            Content::Pem => pems.push((path.display().to_string(), Zeroizing::new(text.to_vec()))),
            Content::Binary => binaries.push((path.display().to_string(), Zeroizing::new(text.to_vec()))),
            Content::Other => {}
        }
    }
    let (path, client) = only_one(folder, clients, &passed_over)?;
    for pem in &client.pem {
        // A PEM text is of no use as a whole; only what stands in it is a secret, and that is wiped.
        pems.push((path.display().to_string(), Zeroizing::new(pem.expose_secret().as_bytes().to_vec())));
    }
    let identity = identity(folder, &pems, &binaries, passed_over.blank)?;
    let own = identity.thumbprint();
    let authorities = pems.iter().flat_map(|(_, pem)| authorities(pem, own)).map(<[u8]>::to_vec).collect();
    Ok(Credentials { client_id: client.id, client_secret: client.secret, authorities, identity })
}

/// What is wrong with files that may be none of Clara's: told if something is missing without them.
#[derive(Default)]
struct PassedOver {
    /// The first file with nothing in it, or that cannot be read.
    blank: Option<Error>,
    /// The first JSON file that is damaged, or not what Clara issues.
    faulty: Option<Error>,
    /// The first JSON file that is something else.
    other: Option<Error>,
}

fn keep_first(place: &mut Option<Error>, error: Error) {
    place.get_or_insert(error);
}

/// What a file holds, as its first bytes tell.
enum Content {
    Binary,
    Empty,
    Json,
    Other,
    Pem,
}

impl Content {
    fn of(text: &[u8]) -> Self {
        let start = without_bom(text).trim_ascii_start();
        match start.first() {
            None => Self::Empty,
            Some(b'{') => Self::Json,
            // The SEQUENCE that begins every DER certificate, key and PKCS#12 file.
            Some(0x30) if start.get(1).is_some_and(|length| *length >= 0x80) => Self::Binary,
            Some(_) if start.windows(BEGIN.len()).any(|window| window == BEGIN) => Self::Pem,
            Some(_) => Self::Other,
        }
    }
}

fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The files of a folder, in the order of their names; hidden ones are none of Clara's, nor what is no file.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let file = fs::metadata(&path).is_ok_and(|file| file.is_file());
        if file && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn only_one(
    folder: &Path,
    mut clients: Vec<(PathBuf, Client)>,
    passed_over: &PassedOver,
) -> Result<(PathBuf, Client), Error> {
    match (clients.pop(), clients.pop()) {
        (Some(client), None) => Ok(client),
        (Some((second, _)), Some((first, _))) => {
            Err(Error::new(ErrorKind::Configuration, "two files hold a client id and secret")
                .with_subject(format!("{} and {}", first.display(), second.display()))
                .with_advice("keep one folder for each project"))
        }
        (None, _) => {
            let PassedOver { blank, faulty, other } = passed_over;
            Err(faulty.as_ref().or(other.as_ref()).or(blank.as_ref()).cloned().unwrap_or_else(|| {
                Error::new(ErrorKind::Configuration, "no file of the folder holds a client id and secret")
                    .with_subject(folder.display().to_string())
                    .with_advice(PUT_THE_JSON)
            }))
        }
    }
}

fn identity(folder: &Path, pems: &[Pem], binaries: &[Pem], blank: Option<Error>) -> Result<Identity, Error> {
    let build = |parts: &mut dyn Iterator<Item = &Pem>| {
        let builder =
            parts.fold(Identity::builder(), |builder, (name, pem)| builder.with_pem(name.as_str(), pem));
        builder.build()
    };
    build(&mut pems.iter()).map_err(|error| {
        let error = match (is_complete(pems), binaries, blank) {
            (true, ..) | (false, [], None) => error,
            // Where something is missing, an empty file may be it, or a binary one: the error on that one says
            // how to convert it.
            (false, [], Some(blank)) => blank,
            (false, ..) => build(&mut pems.iter().chain(binaries)).err().unwrap_or(error),
        };
        if error.subject().is_some() { error } else { error.with_subject(folder.display().to_string()) }
    })
}

/// Tells whether there is a key, and a certificate that is no authority's.
fn is_complete(pems: &[Pem]) -> bool {
    let any = |test: &dyn Fn(&[u8]) -> bool| pems.iter().any(|(_, pem)| test(pem));
    any(&|pem| count(pem, PRIVATE_KEY) > 0)
        && any(&|pem| count(pem, BEGIN_CERTIFICATE) > Trust::authorities_in(pem).len())
}

/// Takes the authorities of a text that has no other certificates in it, and not the client's own.
///
/// What stands beside a client's certificate is its issuer, who need not vouch for servers.
fn authorities(pem: &[u8], own: Thumbprint) -> Vec<&[u8]> {
    let found = Trust::authorities_in(pem);
    let alone = count(pem, BEGIN_CERTIFICATE) == found.len();
    if alone && found.iter().all(|one| thumbprint(one).is_some_and(|one| one != own)) {
        found
    } else {
        Vec::new()
    }
}

/// Takes the thumbprint of one certificate, whose lines may be indented.
fn thumbprint(certificate: &[u8]) -> Option<Thumbprint> {
    let lines: Vec<_> =
        certificate.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii).collect();
    let der = CertificateDer::from_pem_slice(&lines.join(&b'\n')).ok()?;
    Some(Thumbprint::from_sha256(Sha256::digest(&der).into()))
}

fn count(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len()).filter(|window| *window == part).count()
}

fn other(path: &Path, what: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what)
        .with_subject(path.display().to_string())
        .with_advice(PUT_THE_JSON)
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Configuration, "the credentials cannot be read")
        .with_subject(path.display().to_string())
        .with_advice("give the folder with the files that Clara sent, and the right to read them")
        .with_source(error)
}

fn empty(path: &Path) -> Error {
    Error::new(ErrorKind::Configuration, "the file is empty")
        .with_subject(path.display().to_string())
        .with_advice("download the file again, or take it out of the folder")
}

const BEGIN: &[u8] = b"-----BEGIN ";
const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY-----";
const PUT_THE_JSON: &str =
    "put the JSON file with clientId and clientSecret, as Clara issued it, into the folder";
/// What is larger is none of Clara's.
const LARGEST: usize = 8 * 1024 * 1024;
