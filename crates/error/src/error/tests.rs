use super::*;

#[derive(Debug)]
struct Wrapped(BoxError);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&*self.0)
    }
}

fn ours() -> Error {
    Error::new(ErrorKind::Tls, "the server's certificate is not for this name")
}

#[test]
fn is_found_behind_other_errors() {
    let outer = Wrapped(Box::new(Wrapped(Box::new(ours()))));
    assert_eq!(Error::find(&outer).unwrap().kind(), ErrorKind::Tls);
}

#[test]
fn is_found_inside_an_io_error() {
    let outer = Wrapped(Box::new(io::Error::other(Wrapped(Box::new(io::Error::other(ours()))))));
    assert_eq!(Error::find(&outer).unwrap().kind(), ErrorKind::Tls);
}

#[test]
fn is_not_found_where_there_is_none() {
    assert!(Error::find(&Wrapped(Box::new(io::Error::from(io::ErrorKind::BrokenPipe)))).is_none());
}

#[test]
fn shows_subject_status_and_code_and_never_its_source() {
    let error = Error::new(ErrorKind::CredentialsRefused, "the token endpoint refused the client")
        .with_subject("https://auth.example")
        .with_status(StatusCode::UNAUTHORIZED)
        .with_oauth_error("invalid_client")
        .with_source(io::Error::other("inner"));
    assert_eq!(
        error.to_string(),
        "the token endpoint refused the client (https://auth.example, 401, invalid_client)"
    );
    assert_eq!(error::Error::source(&error).unwrap().to_string(), "inner");
}

#[test]
fn waits_are_transient_and_refusals_are_not() {
    assert!(Error::new(ErrorKind::Unavailable, "x").is_transient());
    assert!(!Error::new(ErrorKind::CredentialsRefused, "x").is_transient());
}
