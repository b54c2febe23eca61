//! The endpoints of a server, and what they are called.

/// What is asked for at one of the server's URLs.
#[derive(Clone, Copy, Debug)]
#[expect(unnameable_types, reason = "it is between a transport and the endpoint")]
pub enum Endpoint {
    DeviceAuthorization,
    Introspection,
    /// Where the metadata is: asked by the discovery alone.
    Metadata,
    Revocation,
    Token,
}

/// Makes a literal of what is said of an endpoint, with what stands before its name and behind it.
macro_rules! said {
    ($endpoint:expr, $before:literal, $behind:literal) => {
        match $endpoint {
            crate::endpoint::Endpoint::DeviceAuthorization => {
                concat!($before, "device authorization endpoint", $behind)
            }
            crate::endpoint::Endpoint::Introspection => concat!($before, "introspection endpoint", $behind),
            crate::endpoint::Endpoint::Metadata => concat!($before, "server", $behind),
            crate::endpoint::Endpoint::Revocation => concat!($before, "revocation endpoint", $behind),
            crate::endpoint::Endpoint::Token => concat!($before, "token endpoint", $behind),
        }
    };
}

pub(crate) use said;
