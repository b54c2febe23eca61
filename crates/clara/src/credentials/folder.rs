//! A folder of files, each judged by its content.

use std::{
    fs,
    path::{Path, PathBuf},
};

use claviger_auth_core::{Error, ErrorKind, Thumbprint};
use claviger_mtls::Identity;
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
    let mut others: Vec<(PathBuf, &'static str)> = Vec::new();
    let (mut pems, mut binaries): (Vec<Pem>, Vec<Pem>) = Default::default();
    for path in files(folder)? {
        let text = Zeroizing::new(fs::read(&path).map_err(|error| unreadable(&path, error))?);
        match Content::of(&text) {
            Content::Empty => return Err(empty(&path)),
            Content::Json => match document::read(&path, without_bom(&text))? {
                Document::Credentials(client) => clients.push((path, *client)),
                Document::Other(what) => others.push((path, what)),
            },
            Content::Pem => pems.push((path.display().to_string(), text)),
            Content::Binary => binaries.push((path.display().to_string(), text)),
            Content::Other => {}
        }
    }
    let (path, client) = only_one(folder, clients, &others)?;
    for pem in &client.pem {
        // A PEM text is of no use as a whole; only what stands in it is a secret, and that is wiped.
        pems.push((path.display().to_string(), Zeroizing::new(pem.expose_secret().as_bytes().to_vec())));
    }
    let identity = identity(folder, &pems, &binaries)?;
    let own = identity.thumbprint();
    let authorities = pems.iter().filter(|(_, pem)| is_authority(pem, own)).map(|(_, pem)| pem.to_vec());
    Ok(Credentials {
        client_id: client.id,
        client_secret: client.secret,
        authorities: authorities.collect(),
        identity,
    })
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

/// The files of a folder, in the order of their names; hidden ones and very large ones are none of Clara's.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let file = fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= LARGEST);
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
    others: &[(PathBuf, &'static str)],
) -> Result<(PathBuf, Client), Error> {
    let advice = "put the JSON file with clientId and clientSecret, as Clara issued it, into the folder";
    match (clients.pop(), clients.pop(), others.first()) {
        (Some(client), None, _) => Ok(client),
        (Some((second, _)), Some((first, _)), _) => {
            Err(Error::new(ErrorKind::Configuration, "two files hold a client id and secret")
                .with_subject(format!("{} and {}", first.display(), second.display()))
                .with_advice("keep one folder for each project"))
        }
        (None, _, Some((path, what))) => Err(Error::new(ErrorKind::Configuration, what)
            .with_subject(path.display().to_string())
            .with_advice(advice)),
        (None, _, None) => {
            Err(Error::new(ErrorKind::Configuration, "no file of the folder holds a client id and secret")
                .with_subject(folder.display().to_string())
                .with_advice(advice))
        }
    }
}

fn identity(folder: &Path, pems: &[Pem], binaries: &[Pem]) -> Result<Identity, Error> {
    let build = |parts: &mut dyn Iterator<Item = &Pem>| {
        let builder =
            parts.fold(Identity::builder(), |builder, (name, pem)| builder.with_pem(name.as_str(), pem));
        builder.build()
    };
    build(&mut pems.iter()).map_err(|error| {
        // Where something is missing, a binary file may be it; the error on that one says how to convert it.
        let error = build(&mut pems.iter().chain(binaries)).err().unwrap_or(error);
        if error.subject().is_some() { error } else { error.with_subject(folder.display().to_string()) }
    })
}

/// A text of certificates, the client's own not among them.
fn is_authority(pem: &[u8], own: Thumbprint) -> bool {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).flatten().collect();
    !certificates.is_empty()
        && certificates.iter().all(|der| Thumbprint::from_sha256(Sha256::digest(der).into()) != own)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
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
const LARGEST: u64 = 8 * 1024 * 1024;
