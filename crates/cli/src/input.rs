//! What is typed, or stands in a file that is named, or comes on stdin.

use std::{
    fs::File,
    io::{self, Read},
};

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};

/// Reads the value of `argument`: as it was typed, or with `@` before it that of a file, or with `@-` stdin, of so many
/// bytes at most.
pub(crate) fn read(argument: &str, typed: &str, limit: u64) -> Result<Bytes, Error> {
    let unreadable = |error: io::Error, subject: &str| {
        Error::new(ErrorKind::Configuration, "the body cannot be read")
            .with_subject(format!("{argument}, {subject}"))
            .with_advice("check the path; a body that begins with @ can be given as a file or on stdin")
            .with_source(error)
    };
    let (file, subject): (Box<dyn Read>, _) = match typed.strip_prefix('@') {
        None => return Ok(Bytes::copy_from_slice(typed.as_bytes())),
        Some("-") => (Box::new(io::stdin().lock()), "standard input"),
        Some(path) => (Box::new(File::open(path).map_err(|error| unreadable(error, path))?), path),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(error, subject))?;
    if bytes.len() as u64 > limit {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into(), subject));
    }
    Ok(bytes.into())
}
