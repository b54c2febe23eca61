//! Turns the pooled client's errors into ours.

use std::{error, io};

use claviger_auth_core::{BoxError, Error, ErrorKind};
use claviger_mtls::ConnectionReport;
use http::Extensions;
use hyper_util::client::legacy;

use crate::connections::Watch;

/// Says why there is no response. What the connector said stands; the rest is told apart here.
pub(crate) fn of_request(cause: legacy::Error, watch: &Watch) -> Error {
    if let Some(error) = Error::find(&cause) {
        return error.clone();
    }
    if let Some(error) = of_connection(&cause, watch) {
        return error;
    }
    let error = if cause.is_connect() {
        Error::new(ErrorKind::Connect, "could not connect to the server")
    } else {
        match find::<hyper::Error>(&cause) {
            Some(hyper) => of_hyper(hyper),
            // hyper-util has it from nobody: it refused the request itself, for its version or method.
            None if error::Error::source(&cause).is_none() => {
                Error::new(ErrorKind::Configuration, "the request cannot be sent as it is")
                    .with_advice("leave the request's HTTP version as it is by default")
            }
            None => Error::new(ErrorKind::Connect, "the connection to the server was lost"),
        }
    };
    let error = error.with_subject(watch.origin().to_string());
    match own_source(cause) {
        Some(source) => error.with_source(source),
        None => error,
    }
}

/// Keeps of the cause what cannot hold a server's words: the error of the caller's own body, or the kind of an
/// I/O error. h2 shows the debug data of a GOAWAY, in which a server can echo the request's `Authorization`.
fn own_source(cause: legacy::Error) -> Option<BoxError> {
    if find::<hyper::Error>(&cause).is_some_and(hyper::Error::is_user) {
        return Some(cause.into());
    }
    find::<io::Error>(&cause).map(|error| io::Error::from(error.kind()).into())
}

/// HTTP/2 keeps no source of what its connection failed with; the connection does.
fn of_connection(cause: &legacy::Error, watch: &Watch) -> Option<Error> {
    let Some(connected) = cause.connect_info() else {
        // No connection took the request. Without a source hyper-util refused it, and needed none.
        return error::Error::source(cause).and_then(|_| watch.failure());
    };
    let mut extras = Extensions::new();
    connected.get_extras(&mut extras);
    extras.get::<ConnectionReport>()?.error().cloned()
}

fn of_hyper(cause: &hyper::Error) -> Error {
    let (kind, what) = if cause.is_timeout() {
        (ErrorKind::Timeout, "the server did not answer in time")
    } else if cause.is_parse() {
        (ErrorKind::Protocol, "the server's answer is not HTTP")
    } else if cause.is_user() {
        (ErrorKind::Configuration, "the request or its body cannot be sent")
    } else if cause.is_incomplete_message() {
        (ErrorKind::Connect, "the server hung up before it answered")
    } else {
        (ErrorKind::Connect, "the connection to the server was lost")
    };
    Error::new(kind, what)
}

fn find<'a, E: error::Error + 'static>(error: &'a (dyn error::Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}
