//! Headers that are nobody's to set.

use http::{
    HeaderName,
    header::{
        CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
        UPGRADE,
    },
};

/// Tells whether a header belongs to the HTTP client: it follows from the URL and the body, or is about the connection
/// (RFC 9110 §7.6.1).
#[must_use]
pub fn belongs_to_the_client(header: &HeaderName) -> bool {
    OF_THE_CLIENT.contains(header)
}

const OF_THE_CLIENT: [HeaderName; 11] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HOST,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
