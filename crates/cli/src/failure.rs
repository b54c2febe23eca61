//! Why a command did not do what it was asked to.

use std::{borrow::Cow, error, fmt, io};

use claviger_auth_core::{BoxError, Error, ErrorKind};
use claviger_input_file::NotAFile;
use hyper_util::client::legacy;

use crate::exit::Exit;

/// Ends a command: what went wrong, what to do about it, and how the program ends.
///
/// Its texts are those of our own errors, which hold no secret, and of the operating system.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: BoxError,
    advice: Cow<'static, str>,
}

impl Failure {
    /// Ends with `exit`. The error's texts must hold no secret.
    pub(crate) fn new(exit: Exit, error: impl Into<BoxError>, advice: impl Into<Cow<'static, str>>) -> Self {
        Self { exit, error: error.into(), advice: advice.into() }
    }

    /// Standard output took no more.
    pub(crate) fn of_output(error: io::Error) -> Self {
        let what = Caused { what: "could not write to standard output".into(), source: error };
        Self::new(Exit::Other, what, "check where the output goes, and that there is room")
    }

    /// How the program ends.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// What to do about it, in one sentence.
    pub(crate) fn advice(&self) -> &str {
        &self.advice
    }

    /// Whether the reader of our output went away, as `head` does: that is no failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.error
            .downcast_ref::<Caused>()
            .is_some_and(|caused| caused.source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error in words, and each cause that says something new: of ours, and of the operating system's.
    pub(crate) fn words(&self) -> Vec<String> {
        let error: &(dyn error::Error + 'static) = &*self.error;
        let mut words: Vec<String> = Vec::new();
        let mut is_in_library = false;
        for cause in std::iter::successors(Some(error), |error| error.source()) {
            is_in_library |= is_of_library(cause);
            let text = cause.to_string();
            let is_for_user = match cause.downcast_ref::<io::Error>() {
                Some(error) => is_of_system(error),
                None => !is_in_library || cause.is::<Error>(),
            };
            if (words.is_empty() || is_for_user) && !words.iter().any(|said| said.contains(&text)) {
                words.push(text);
            }
        }
        words
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { exit: Exit::of(error.kind()), advice: error.advice().into(), error: error.into() }
    }
}

impl From<BoxError> for Failure {
    /// Takes our own error out of whatever is around it; what is not ours is not understood.
    fn from(error: BoxError) -> Self {
        match Error::find(&*error) {
            Some(found) => found.clone().into(),
            None => Error::new(ErrorKind::Protocol, "the request failed").with_source(error).into(),
        }
    }
}

/// Puts words of ours before an error of the operating system.
#[derive(Debug)]
struct Caused {
    what: Cow<'static, str>,
    source: io::Error,
}

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl error::Error for Caused {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.source)
    }
}

/// What a library says is for who wrote the program, such as `client error (SendRequest)`.
fn is_of_library(cause: &(dyn error::Error + 'static)) -> bool {
    cause.is::<hyper::Error>() || cause.is::<legacy::Error>() || cause.is::<rustls::Error>()
}

/// Others wrap their own errors in it; and for some kinds it has no words.
fn is_of_system(error: &io::Error) -> bool {
    match error.get_ref() {
        Some(wrapped) => wrapped.is::<Error>() || wrapped.is::<NotAFile>(),
        None => !["other error", "uncategorized error"].contains(&&*error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::rt::{TokioExecutor, TokioIo};

    use super::*;

    #[test]
    fn says_each_cause_once() {
        let cause = Error::new(ErrorKind::Tls, "unknown issuer");
        let error = Error::new(ErrorKind::Connect, "could not connect: unknown issuer").with_source(cause);
        assert_eq!(Failure::from(error).words(), ["could not connect: unknown issuer"]);
        let error = Error::new(ErrorKind::Connect, "could not connect")
            .with_source(io::Error::from(io::ErrorKind::ConnectionRefused));
        let failure = Failure::from(error);
        assert_eq!(failure.words(), ["could not connect", "connection refused"]);
        assert_eq!(failure.exit(), Exit::Connection);
    }

    fn words(cause: impl Into<BoxError>) -> Vec<String> {
        let ours = Error::new(ErrorKind::Connect, "why").with_source(cause);
        Failure::from(Error::new(ErrorKind::Connect, "what").with_source(ours)).words()
    }

    #[test]
    fn leaves_out_what_is_not_for_the_user() {
        assert_eq!(words(io::Error::other("see https://docs.rs/rustls")), ["what", "why"]);
        assert_eq!(words(io::Error::from(io::ErrorKind::Other)), ["what", "why"]);
        assert_eq!(words(rustls::Error::DecryptError), ["what", "why"]);
        assert_eq!(
            words(io::Error::from(io::ErrorKind::ConnectionReset)),
            ["what", "why", "connection reset"]
        );
        let ours = Error::new(ErrorKind::Tls, "wherefore");
        assert_eq!(words(io::Error::other(ours)), ["what", "why", "wherefore"]);
        let pipe = words(io::Error::new(io::ErrorKind::InvalidInput, NotAFile::default()));
        assert_eq!(pipe, ["what", "why", "it is a pipe, a socket or a device, not a file"]);
    }

    #[tokio::test]
    async fn says_what_the_system_said_to_the_client() {
        let connect = tower::service_fn(|_: http::Uri| {
            let error = io::Error::from(io::ErrorKind::ConnectionReset);
            std::future::ready(Err::<TokioIo<tokio::net::TcpStream>, _>(error))
        });
        let client = legacy::Client::builder(TokioExecutor::new()).build(connect);
        let request = http::Request::get("http://api.example/");
        let request = request.body(http_body_util::Full::<bytes::Bytes>::default()).unwrap();
        let error = client.request(request).await.unwrap_err();
        assert!(error.to_string().starts_with("client error"), "{error}");
        assert_eq!(words(error), ["what", "why", "connection reset"]);
    }

    #[test]
    fn finds_our_error_behind_others() {
        let inner = Error::new(ErrorKind::CredentialsRefused, "no");
        let failure = Failure::from(BoxError::from(io::Error::other(inner)));
        assert_eq!((failure.exit(), failure.words()), (Exit::Refused, vec!["no".to_owned()]));
    }

    #[test]
    fn a_broken_pipe_is_told_apart() {
        assert!(Failure::of_output(io::ErrorKind::BrokenPipe.into()).is_broken_pipe());
        assert!(!Failure::of_output(io::ErrorKind::StorageFull.into()).is_broken_pipe());
    }
}
