//! PEM text, taken apart.

use std::ops::Range;

use claviger_auth_core::Error;
use rustls_pki_types::pem::{PemObject, SectionKind};
use zeroize::Zeroizing;

use crate::{
    der::Form,
    foreign,
    part::{Contents, problem},
};

/// One block: what is between its BEGIN line and its END line, in the text.
struct Block<'a> {
    label: &'a [u8],
    body: Range<usize>,
}

/// Decodes block by block, so that a key is in a holder that wipes it before the next one can fail.
pub(crate) fn decode(text: &[u8], contents: &mut Contents) -> Result<(), Error> {
    let mut useless = None;
    for block in blocks(text)? {
        let form = match block.label {
            // As OpenSSL wrote it once.
            b"CERTIFICATE" | b"X509 CERTIFICATE" => Form::Certificate,
            b"ENCRYPTED PRIVATE KEY" => Form::EncryptedKey,
            b"EC PRIVATE KEY" => Form::Sec1,
            b"PRIVATE KEY" => Form::Pkcs8,
            b"RSA PRIVATE KEY" => Form::Pkcs1,
            label => {
                if let Some(unusable) = foreign::of_label(label) {
                    return Err(unusable);
                }
                useless.get_or_insert(label);
                continue;
            }
        };
        let der = base64(text.get(block.body).unwrap_or_default())?;
        contents.add(form, &der)?;
    }
    match useless {
        Some(label) if contents.is_empty() => Err(foreign::of_useless_label(label)),
        _ => Ok(()),
    }
}

/// Cuts out the certificates, and looks at nothing else.
pub(crate) fn certificate_blocks(text: &[u8]) -> Vec<&[u8]> {
    let text = without_mark(text);
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

/// Takes off the mark that some editors put before UTF-8.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

pub(crate) fn has_begin_line(text: &[u8]) -> bool {
    text.split(is_break).any(|line| line.trim_ascii().starts_with(BEGIN))
}

/// Walks from BEGIN to END, so that a text cut off is told as such.
fn blocks(text: &[u8]) -> Result<Vec<Block<'_>>, Error> {
    let cut_off =
        || problem("the PEM text is cut off: a BEGIN line without its END line", "copy the whole file again");
    let (mut blocks, mut open, mut end) = (Vec::new(), None, 0);
    for line in text.split_inclusive(is_break) {
        let start = end;
        end += line.len();
        let line = line.trim_ascii();
        if let Some(rest) = line.strip_prefix(BEGIN) {
            if open.is_some() {
                return Err(cut_off());
            }
            open = Some((label(rest)?, end));
        } else if let Some(rest) = line.strip_prefix(b"-----END ".as_slice()) {
            let Some((begun, body)) = open.take() else { continue };
            if label(rest)? != begun {
                return Err(damaged());
            }
            blocks.push(Block { label: begun, body: body..start });
        } else if line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED") {
            return Err(foreign::encrypted_as_of_old());
        }
    }
    if open.is_some() { Err(cut_off()) } else { Ok(blocks) }
}

fn label(rest: &[u8]) -> Result<&[u8], Error> {
    let dashes = rest.windows(5).position(|window| window == b"-----").ok_or_else(damaged)?;
    let (label, behind) = rest.split_at(dashes);
    // The line ends here; what should be lines of their own may stand there, behind "\n" or a blank.
    if behind.len() == 5 {
        return Ok(label);
    }
    Err(problem(
        "the PEM text has lost its line breaks",
        "copy the file again; where the breaks are written as \\n: printf '%b' \"$(cat FILE)\" > client.pem",
    ))
}

/// Decodes the lines of a block, whatever stands before and behind each.
fn base64(body: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    // The decoder knows a block from its label; which one matters to nobody here.
    let mut block = Zeroizing::new(Vec::with_capacity(body.len() + 2 * FRAME));
    block.extend_from_slice(b"-----BEGIN PRIVATE KEY-----\n");
    for line in body.split(is_break) {
        block.extend_from_slice(line.trim_ascii());
        // A break takes the place of the one that was there, or of the end.
        block.push(b'\n');
    }
    block.extend_from_slice(b"-----END PRIVATE KEY-----\n");
    // What a decoder has to say about a key is not kept: it may quote it.
    let (_, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(&block).map_err(|_| damaged())?;
    Ok(Zeroizing::new(der))
}

fn damaged() -> Error {
    problem("the PEM text is damaged", "copy or download the file again, unchanged")
}

fn is_break(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

const BEGIN: &[u8] = b"-----BEGIN ";
/// Room for a BEGIN or an END line.
const FRAME: usize = 32;
