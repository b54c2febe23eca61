//! Header values over memory that is wiped.

use bytes::Bytes;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind};

/// Makes a sensitive header value of a prefix and a secret.
///
/// The bytes are wiped when the last clone of the value goes. Best effort: what a transport copies into its
/// own buffers is out of our hands.
pub(crate) fn header_value(prefix: &'static str, secret: &SecretString) -> Result<HeaderValue, Error> {
    let secret = secret.expose_secret();
    let mut text = Zeroizing::new(Vec::with_capacity(prefix.len() + secret.len()));
    text.extend_from_slice(prefix.as_bytes());
    text.extend_from_slice(secret.as_bytes());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(Wiped(text))).map_err(|_| {
        Error::new(ErrorKind::Configuration, "the credential has characters that no header can carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Makes a sensitive header value over memory of its own.
pub(crate) fn copy(value: &HeaderValue) -> HeaderValue {
    let copy = Bytes::from_owner(Wiped(Zeroizing::new(value.as_bytes().to_vec())));
    let mut copy = HeaderValue::from_maybe_shared(copy).expect("it was a header value");
    copy.set_sensitive(true);
    copy
}

/// `Zeroizing<Vec<u8>>` is `AsRef<Vec<u8>>`; [`Bytes::from_owner`] asks for `AsRef<[u8]>`.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
