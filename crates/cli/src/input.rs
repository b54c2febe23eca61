//! What is typed, or stands in a file that is named, or comes on stdin.

use std::{fs, io::Read};

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};

/// Reads the value of `argument`: as it was typed, or with `@` before it that of a file, or with `@-` stdin.
pub(crate) fn read(argument: &str, typed: &str) -> Result<Bytes, Error> {
    let unreadable = |error: std::io::Error, subject: &str| {
        Error::new(ErrorKind::Configuration, "the body cannot be read")
            .with_subject(format!("{argument}, {subject}"))
            .with_advice("check the path; a body that begins with @ can be given as a file or on stdin")
            .with_source(error)
    };
    match typed.strip_prefix('@') {
        None => Ok(Bytes::copy_from_slice(typed.as_bytes())),
        Some("-") => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|error| unreadable(error, "standard input"))?;
            Ok(bytes.into())
        }
        Some(path) => fs::read(path).map(Bytes::from).map_err(|error| unreadable(error, path)),
    }
}
