//! PEM text, taken apart, with words for all that is not PEM.

use std::{fs, path::PathBuf};

use claviger_auth_core::{Error, ErrorKind};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{PemObject, SectionKind},
};
use zeroize::Zeroizing;

use crate::private_key::PrivateKey;

/// One text or file to read.
#[derive(Clone)]
pub(crate) enum Part<'a> {
    File(PathBuf),
    Text { name: Option<String>, pem: &'a [u8] },
}

/// What a part holds, beside its name.
pub(crate) struct Contents {
    pub(crate) name: Option<String>,
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) keys: Vec<PrivateKey>,
}

impl Part<'_> {
    pub(crate) fn read(&self) -> Result<Contents, Error> {
        match self {
            Self::Text { name, pem } => parse(pem, name.clone()),
            Self::File(path) => {
                let name = path.display().to_string();
                let bytes = fs::read(path).map(Zeroizing::new).map_err(|error| {
                    Error::new(ErrorKind::Configuration, "the file cannot be read")
                        .with_subject(name.clone())
                        .with_advice("check that the path is right and that you may read the file")
                        .with_source(error)
                })?;
                parse(&bytes, Some(name))
            }
        }
    }
}

/// Puts the name of the part, where it has one, on an error about it.
pub(crate) fn named(error: Error, name: Option<&str>) -> Error {
    match name {
        Some(name) => error.with_subject(name),
        None => error,
    }
}

fn parse(bytes: &[u8], name: Option<String>) -> Result<Contents, Error> {
    let mut contents = Contents { name, certificates: Vec::new(), keys: Vec::new() };
    match decode(bytes, &mut contents) {
        Ok(()) => Ok(contents),
        Err(error) => Err(named(error, contents.name.as_deref())),
    }
}

/// Cuts out the certificates, and looks at nothing else.
pub(crate) fn certificate_blocks(text: &[u8]) -> Vec<&[u8]> {
    let text = text.strip_prefix(UTF8_MARK).unwrap_or(text);
    let (mut blocks, mut open, mut end) = (Vec::new(), None, 0);
    for line in text.split_inclusive(is_break) {
        let start = end;
        end += line.len();
        match line.trim_ascii() {
            b"-----BEGIN CERTIFICATE-----" => open = Some(start),
            b"-----END CERTIFICATE-----" => {
                blocks.extend(open.take().and_then(|start| text.get(start..end)));
            }
            line if line.starts_with(b"-----") => open = None,
            _ => {}
        }
    }
    blocks
}

/// Decodes section by section, so that a key is in a holder that wipes it before the next one can fail.
fn decode(bytes: &[u8], contents: &mut Contents) -> Result<(), Error> {
    let text = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(problem("the file is empty", "copy or download the file again"));
    }
    if UTF16_MARKS.iter().any(|mark| text.starts_with(mark)) {
        return Err(problem("the file is UTF-16 text, not plain text", "save the file as UTF-8"));
    }
    if let Some(binary) = binary(text) {
        return Err(binary);
    }
    check_boundaries(text)?;
    let unindented = unindented(text);
    let text = unindented.as_ref().map_or(text, |text| text);
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
        // What a decoder has to say about a key is not kept: it may quote it.
        let (kind, der) = section
            .map_err(|_| problem("the PEM text is damaged", "copy or download the file again, unchanged"))?;
        if kind == SectionKind::Certificate {
            contents.certificates.push(CertificateDer::from(der));
        } else if let Some(key) = PrivateKeyDer::from_pem(kind, der) {
            contents.keys.push(PrivateKey::new(key));
        }
    }
    Ok(())
}

/// Knows DER and PKCS#12 by their first bytes: all of them are a sequence.
fn binary(bytes: &[u8]) -> Option<Error> {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let (&SEQUENCE, [length, ..]) = bytes.split_first()? else { return None };
    if bytes.iter().all(is_text) {
        return None;
    }
    let header = if length & 0x80 == 0 { 2 } else { 2 + usize::from(length & 0x7f) };
    Some(match bytes.get(header..header + 3) {
        Some([0x02, 0x01, 0x03]) => problem(
            "this is a PKCS#12 file (.p12, .pfx), not PEM",
            "convert it with: openssl pkcs12 -in FILE -nodes -out client.pem",
        ),
        Some([0x02, 0x01, _]) => problem(
            "this is a private key in DER form, not PEM",
            "convert it with: openssl pkey -inform der -in FILE -out client.key",
        ),
        _ => problem(
            "this is a certificate in DER form, not PEM",
            "convert it with: openssl x509 -inform der -in FILE -out client.crt",
        ),
    })
}

/// Walks from BEGIN to END, so that a text cut off is told as such, and what cannot be used by its name.
fn check_boundaries(text: &[u8]) -> Result<(), Error> {
    let cut_off =
        || problem("the PEM text is cut off: a BEGIN line without its END line", "copy the whole file again");
    let (mut open, mut any) = (None, false);
    for line in lines(text) {
        if let Some(label) = line.strip_prefix(b"-----BEGIN ") {
            if open.is_some() {
                return Err(cut_off());
            }
            if let Some(unusable) = unusable(label) {
                return Err(unusable);
            }
            open = Some(label);
            any = true;
        } else if line.starts_with(b"-----END ") {
            open = None;
        } else if line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED") {
            return Err(encrypted());
        }
    }
    match (open, any) {
        (Some(_), _) => Err(cut_off()),
        (None, true) => Ok(()),
        (None, false) => Err(problem(
            "this is not a PEM file: it has no BEGIN line",
            "give the file that begins with -----BEGIN CERTIFICATE----- or -----BEGIN PRIVATE KEY-----",
        )),
    }
}

fn unusable(label: &[u8]) -> Option<Error> {
    Some(match label.trim_ascii_end().strip_suffix(b"-----")? {
        b"ENCRYPTED PRIVATE KEY" => encrypted(),
        b"TRUSTED CERTIFICATE" => problem(
            "this is an OpenSSL trusted certificate, not a plain one",
            "convert it with: openssl x509 -in FILE -out client.crt",
        ),
        b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => problem(
            "this is a request for a certificate, not a certificate",
            "give the certificate that was issued for it",
        ),
        b"PKCS7" => problem(
            "this is a PKCS#7 file, not plain certificates",
            "convert it with: openssl pkcs7 -in FILE -print_certs -out client.crt",
        ),
        b"OPENSSH PRIVATE KEY" => problem(
            "this is an SSH key, not a TLS key",
            "give the private key that belongs to the client certificate",
        ),
        _ => return None,
    })
}

fn encrypted() -> Error {
    problem(
        "the private key is encrypted",
        "decrypt it with: openssl pkcs8 -topk8 -nocrypt -in FILE -out client.key",
    )
}

fn problem(what: &'static str, advice: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_advice(advice)
}

/// Takes the indentation off, as of PEM pasted into YAML; the decoder knows lines from their start only.
fn unindented(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_indented = text.split(is_break).any(|line| matches!(line, [b' ' | b'\t', ..]));
    is_indented.then(|| Zeroizing::new(lines(text).collect::<Vec<_>>().join(&b'\n')))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(is_break).map(<[u8]>::trim_ascii)
}

fn is_break(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
const SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests;
