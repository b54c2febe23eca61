//! What is typed, or stands in a file that is named, or comes on stdin.

use std::{
    fs::File,
    io::{self, Read},
};

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};

/// Reads the value of `argument`: as it was typed, or with `@` before it that of a file, or with `@-` stdin. It may
/// have `limit` bytes.
pub(crate) fn read(argument: &str, typed: &str, limit: usize) -> Result<Bytes, Error> {
    let Some(from) = typed.strip_prefix('@') else { return Ok(Bytes::copy_from_slice(typed.as_bytes())) };
    let place = if from == "-" { "standard input" } else { from };
    let mut bytes = Vec::new();
    let most = (limit as u64).saturating_add(1);
    let read = match from {
        "-" => io::stdin().lock().take(most).read_to_end(&mut bytes),
        path => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    };
    match read {
        Ok(length) if length <= limit => Ok(bytes.into()),
        Ok(_) => Err(Error::new(ErrorKind::Configuration, "this is more than can be sent")
            .with_subject(format!("{argument}, {place}"))
            .with_advice("send less at once")),
        Err(error) => Err(Error::new(ErrorKind::Configuration, "the body cannot be read")
            .with_subject(format!("{argument}, {place}"))
            .with_advice("check the path; a body that begins with @ can be given as a file or on stdin")
            .with_source(error)),
    }
}
