//! What came of a request to an authorization server, where the status does not tell.

use std::fmt;

/// Tells what came of a request to an authorization server. A route puts it into the extensions of its answer, and
/// the journal keeps it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A code was exchanged for tokens.
    CodeExchanged,
    /// Somebody logged in, and allowed what was asked for.
    LoginAllowed,
    /// Somebody denied it.
    LoginDenied,
    /// Somebody tried to log in with a wrong name or password.
    LoginFailed,
    /// The page was shown on which one logs in.
    LoginShown,
    /// A refresh token was good for another access token.
    Refreshed,
    /// A code or a refresh token came a second time: what it had been good for was revoked.
    ReuseDetected,
    /// The client gave a token back.
    Revoked,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CodeExchanged => "code-exchanged",
            Self::LoginAllowed => "login-allowed",
            Self::LoginDenied => "login-denied",
            Self::LoginFailed => "login-failed",
            Self::LoginShown => "login-shown",
            Self::Refreshed => "refreshed",
            Self::ReuseDetected => "reuse-detected",
            Self::Revoked => "revoked",
        })
    }
}
