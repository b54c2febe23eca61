//! What a layer must know of a message.

#[cfg(any(feature = "reqwest-0-12", feature = "reqwest-0-13"))]
mod reqwest;

use http::{Extensions, HeaderMap, Request, Response, StatusCode, Uri, uri::Authority};

/// Shows a layer the parts of a request that it reads and writes.
///
/// It is a trait so that one layer serves `http::Request` and the request types of other stacks, with no
/// conversion between them.
pub trait HttpRequest {
    /// Returns the headers.
    fn headers(&self) -> &HeaderMap;

    /// Returns the headers, to write to.
    fn headers_mut(&mut self) -> &mut HeaderMap;

    /// Tells where the request goes.
    fn target(&self) -> Target<'_>;

    /// Returns the extensions, where the request type has any.
    fn extensions(&self) -> Option<&Extensions>;

    /// Returns the URI that [`target`](Self::target) is read off, where the request type has one. Default: none.
    ///
    /// As it stands it is compared with an origin at a glance; a target must be parsed. Where it names an origin, the
    /// target is not asked for: it must be the URI that the request is really sent to.
    fn uri(&self) -> Option<&Uri> {
        None
    }
}

/// Tells where a request goes, as its URI says it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Target<'a> {
    /// To this scheme, host and port (none: the scheme's own).
    Absolute {
        /// The scheme, such as `https`.
        scheme: &'a str,
        /// The host, an IPv6 address in brackets.
        host: &'a str,
        /// The port, where the URI names one.
        port: Option<u16>,
    },
    /// Wherever the service sends it: the URI is only a path.
    Relative,
    /// Cannot be told: a host without a scheme, user information before the host.
    Unclear,
}

impl<'a> Target<'a> {
    /// Reads the target off a URI.
    #[must_use]
    pub fn of(uri: &'a Uri) -> Self {
        match (uri.scheme_str(), uri.authority()) {
            (None, None) => Self::Relative,
            (Some(scheme), Some(authority)) if is_plain(authority) => {
                Self::Absolute { scheme, host: authority.host(), port: authority.port_u16() }
            }
            _ => Self::Unclear,
        }
    }
}

/// Without user information, and with a port only where it is a number.
fn is_plain(authority: &Authority) -> bool {
    let text = authority.as_str();
    !text.contains('@') && (text == authority.host() || authority.port_u16().is_some())
}

impl<B> HttpRequest for Request<B> {
    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn target(&self) -> Target<'_> {
        Target::of(self.uri())
    }

    fn extensions(&self) -> Option<&Extensions> {
        Some(self.extensions())
    }

    fn uri(&self) -> Option<&Uri> {
        Some(self.uri())
    }
}

/// Shows a layer the parts of a response that it reads and marks.
pub trait HttpResponse {
    /// Returns the status.
    fn status(&self) -> StatusCode;

    /// Returns the headers.
    fn headers(&self) -> &HeaderMap;

    /// Returns the extensions, to write to.
    fn extensions_mut(&mut self) -> &mut Extensions;
}

impl<B> HttpResponse for Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn extensions_mut(&mut self) -> &mut Extensions {
        self.extensions_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> String {
        format!("{:?}", Target::of(&uri.parse().unwrap()))
    }

    #[test]
    fn tells_host_and_port() {
        assert_eq!(
            target("https://api.example:8443/x"),
            r#"Absolute { scheme: "https", host: "api.example", port: Some(8443) }"#
        );
        assert_eq!(target("http://[::1]/"), r#"Absolute { scheme: "http", host: "[::1]", port: None }"#);
        assert_eq!(target("/x?y"), "Relative");
    }

    #[test]
    fn refuses_to_guess() {
        for unclear in [
            "https://user@api.example/",
            "https://api.example@evil.example/",
            "https://api.example:pw@api.example:443/",
            "https://api.example:/",
            "api.example:443",
        ] {
            assert_eq!(target(unclear), "Unclear", "{unclear}");
        }
    }
}
