//! placeholder
mod access_token;
mod clock;
mod credential;
mod error;
mod message;
mod origins;
mod sensitive;
mod static_token;
mod token_source;

#[cfg(any(test, feature = "test-util"))]
pub use clock::ManualClock;
pub use {
    access_token::AccessToken,
    clock::{Clock, SystemClock},
    credential::{Credential, CredentialSource, Generation, PublishIdentity, Thumbprint, UseCredentials},
    error::{BoxError, Error, ErrorKind},
    message::{HttpRequest, HttpResponse, Target},
    origins::{Origin, Origins},
    static_token::StaticToken,
    token_source::{Fetch, TokenSource},
};
