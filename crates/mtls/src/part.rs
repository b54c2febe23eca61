//! One text or file of those that an identity or a trust is made of: whatever its form is.

use std::path::PathBuf;

use claviger_auth_core::{Error, ErrorKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::{
    der::{self, Form},
    file, foreign, pem,
    private_key::PrivateKey,
};

/// One text or file to read.
#[derive(Clone)]
pub(crate) enum Part<'a> {
    File(PathBuf),
    Text { name: Option<String>, bytes: &'a [u8] },
}

/// What a part holds, beside its name.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) name: Option<String>,
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) keys: Vec<PrivateKey>,
    pub(crate) locked: Vec<Locked>,
    /// Whether it is a file that others than its owner may read.
    pub(crate) is_exposed: bool,
}

/// What takes a passphrase to be read, in DER.
pub(crate) enum Locked {
    /// A PKCS#12 file, which may have no passphrase.
    Archive(Zeroizing<Vec<u8>>),
    /// An encrypted private key (RFC 5958 §3).
    Key(Vec<u8>),
}

impl Part<'_> {
    pub(crate) fn read(&self) -> Result<Contents, Error> {
        match self {
            Self::Text { name, bytes } => parse(bytes, name.clone()),
            Self::File(path) => {
                let name = path.display().to_string();
                let file = file::read(path).map_err(|error| error.with_subject(name.as_str()))?;
                let contents = parse(file.bytes(), Some(name))?;
                Ok(Contents { is_exposed: file::is_exposed(&file), ..contents })
            }
        }
    }
}

impl Contents {
    /// Takes what is in DER, whether it came so or out of PEM.
    pub(crate) fn add(&mut self, form: Form, der: &[u8]) -> Result<(), Error> {
        match form {
            Form::Certificate => self.certificates.push(CertificateDer::from(der.to_vec())),
            Form::EncryptedKey => self.locked.push(Locked::Key(der.to_vec())),
            Form::Pkcs1 => self.keys.push(PrivateKey::new(PrivateKeyDer::Pkcs1(der.to_vec().into()))),
            Form::Pkcs8 => self.keys.push(PrivateKey::new(PrivateKeyDer::Pkcs8(der.to_vec().into()))),
            Form::Pkcs12 => self.locked.push(Locked::Archive(Zeroizing::new(der.to_vec()))),
            Form::Sec1 => self.keys.push(PrivateKey::new(PrivateKeyDer::Sec1(der.to_vec().into()))),
            Form::Ber
            | Form::Pkcs7
            | Form::PublicKey
            | Form::Request
            | Form::RevocationList
            | Form::Unknown => return Err(foreign::of_der(form)),
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.keys.is_empty() && self.locked.is_empty()
    }
}

/// Puts the name of the part, where it has one, on an error about it.
pub(crate) fn named(error: Error, name: Option<&str>) -> Error {
    match name {
        Some(name) => error.with_subject(name),
        None => error,
    }
}

pub(crate) fn problem(what: &'static str, advice: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_advice(advice)
}

pub(crate) fn parse(bytes: &[u8], name: Option<String>) -> Result<Contents, Error> {
    let mut contents = Contents { name, ..Contents::default() };
    match decode(bytes, &mut contents) {
        Ok(()) => Ok(contents),
        Err(error) => Err(named(error, contents.name.as_deref())),
    }
}

fn decode(bytes: &[u8], contents: &mut Contents) -> Result<(), Error> {
    file::check_length(bytes)?;
    let text = pem::without_mark(bytes);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(problem("the file is empty", "copy or download the file again"));
    }
    if pem::has_begin_line(text) {
        return pem::decode(text, contents);
    }
    if !der::is_likely(text) {
        return Err(foreign::of_bytes(text));
    }
    for (form, der) in der::elements(text).ok_or_else(|| foreign::of_der(Form::Unknown))? {
        contents.add(form, der)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
