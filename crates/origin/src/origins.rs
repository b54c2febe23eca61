//! Where a credential may go.

use std::{fmt, net::IpAddr};

use http::{HeaderMap, Uri, header::HOST};

use claviger_error::{Error, ErrorKind};

use crate::{HttpRequest, Target};

/// Names a scheme, host and port (RFC 6454), to which a credential may be sent.
///
/// # Example
///
/// ```
/// use claviger_origin::Origin;
///
/// assert_eq!(Origin::https("https://API.example/v1/")?.to_string(), "https://api.example");
/// assert!(Origin::https("http://api.example").is_err());
/// assert!(Origin::loopback_http("http://127.0.0.1:8080").is_ok());
/// assert!(Origin::loopback_http("http://api.example").is_err());
/// # Ok::<(), claviger_error::Error>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Origin {
    is_https: bool,
    host: Box<str>,
    port: u16,
    /// The host, and the port where it is not the scheme's own: as it nearly always stands in a URI.
    authority: Box<str>,
}

impl Origin {
    /// Takes the origin of an `https` URL; its path does not matter.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no absolute `https` URL, or names a user.
    pub fn https(url: &str) -> Result<Self, Error> {
        Self::of(&parse(url)?)
    }

    /// Takes the origin of an `http` URL of this very machine, or of an `https` one.
    ///
    /// Plain `http` carries a credential in clear. The loopback interface is the one place where nobody
    /// listens in, so it is allowed there and only when asked for by this name.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is neither `https` nor `http` to `localhost`,
    /// `127.0.0.0/8` or `[::1]`.
    pub fn loopback_http(url: &str) -> Result<Self, Error> {
        Self::of_with_loopback(&parse(url)?)
    }

    /// Takes the origin of an `https` URI.
    ///
    /// # Errors
    ///
    /// As [`https`](Self::https).
    pub fn of(uri: &Uri) -> Result<Self, Error> {
        let (scheme, origin) = absolute(uri)?;
        if scheme != HTTPS {
            return Err(Error::new(ErrorKind::Configuration, "credentials go to https URLs only")
                .with_subject(origin.to_string())
                .with_advice("use https; plain http is for this very machine, and only when asked for"));
        }
        Ok(origin)
    }

    /// Takes the origin of an `https` URI, or of an `http` one of this very machine.
    ///
    /// # Errors
    ///
    /// As [`loopback_http`](Self::loopback_http).
    pub fn of_with_loopback(uri: &Uri) -> Result<Self, Error> {
        let (scheme, origin) = absolute(uri)?;
        if scheme != HTTPS && !origin.is_loopback() {
            return Err(Error::new(ErrorKind::Configuration, "plain http is for this very machine only")
                .with_subject(origin.to_string())
                .with_advice("use https, or http with localhost, 127.0.0.1 or [::1]"));
        }
        Ok(origin)
    }

    fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        &*self.host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    fn scheme(&self) -> &'static str {
        if self.is_https { HTTPS } else { HTTP }
    }

    /// Tells whether a URI names it in the usual way. There are others.
    #[inline]
    fn is_written_in(&self, uri: &Uri) -> bool {
        let is_scheme = match uri.scheme_str() {
            Some(HTTPS) => self.is_https,
            Some(HTTP) => !self.is_https,
            _ => false,
        };
        is_scheme && uri.authority().is_some_and(|authority| authority.as_str() == &*self.authority)
    }

    fn matches(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        // As it was written at first: nearly always that is the same.
        (host == &*self.host || host.eq_ignore_ascii_case(&self.host))
            && (scheme == self.scheme() || scheme.eq_ignore_ascii_case(self.scheme()))
            && port.or_else(|| default_port(self.scheme())) == Some(self.port)
    }

    /// Tells whether a `Host` header names this origin. The scheme's own port may be left out.
    fn is_host(&self, value: &[u8]) -> bool {
        let Ok(authority) = http::uri::Authority::try_from(value) else { return false };
        let Ok(uri) = Uri::builder().scheme(self.scheme()).authority(authority).path_and_query("/").build()
        else {
            return false;
        };
        match Target::of(&uri) {
            Target::Absolute { scheme, host, port } => self.matches(scheme, host, port),
            Target::Relative | Target::Unclear => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority)
    }
}

fn parse(url: &str) -> Result<Uri, Error> {
    // Neither the URL nor the parser's complaint is kept: a password may stand in it.
    url.parse().map_err(|_| Error::new(ErrorKind::Configuration, "this is not a URL").with_advice(WRITE_URL))
}

fn absolute(uri: &Uri) -> Result<(&'static str, Origin), Error> {
    let bad = |what| Err(Error::new(ErrorKind::Configuration, what).with_advice(WRITE_URL));
    let Target::Absolute { scheme, host, port } = Target::of(uri) else {
        return bad("the URL has no scheme and host, or names a user");
    };
    let scheme = match scheme {
        "http" => HTTP,
        "https" => HTTPS,
        _ => return bad("the URL is neither https nor http"),
    };
    let (Some(port), false) = (port.or_else(|| default_port(scheme)), host.is_empty()) else {
        return bad("the URL names no host");
    };
    let host = host.to_ascii_lowercase();
    let authority = if default_port(scheme) == Some(port) { host.clone() } else { format!("{host}:{port}") };
    Ok((scheme, Origin { is_https: scheme == HTTPS, host: host.into(), port, authority: authority.into() }))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        HTTP => Some(80),
        HTTPS => Some(443),
        _ => None,
    }
}

/// Lists the origins that may receive a credential or a tenant header.
///
/// Every layer that stamps one asks for it: a redirect, a typo or a URL out of somebody's data must not send
/// a company's key away.
///
/// # Example
///
/// ```
/// use claviger_error::ErrorKind;
/// use claviger_origin::{Origin, Origins};
///
/// let origins = Origins::from(Origin::https("https://api.example")?);
/// let ours = http::Request::get("https://api.example/v1/things").body(()).unwrap();
/// let other = http::Request::get("https://evil.example/v1/things").body(()).unwrap();
/// assert!(origins.check(&ours).is_ok());
/// assert_eq!(origins.check(&other).unwrap_err().kind(), ErrorKind::Origin);
/// # Ok::<(), claviger_error::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Origins {
    allowed: std::sync::Arc<[Origin]>,
    bound: bool,
}

impl Origins {
    /// Allows these origins. With none, every request is refused.
    #[must_use]
    pub fn new(allowed: impl IntoIterator<Item = Origin>) -> Self {
        Self { allowed: allowed.into_iter().collect(), bound: false }
    }

    /// Asserts that the inner service sends everything to this one origin, whatever the URI says.
    ///
    /// A tonic `Channel` and a raw connection are such services. The request must be relative, or absolute
    /// and equal; anything else is refused all the same.
    #[must_use]
    pub fn bound_to(origin: Origin) -> Self {
        Self { allowed: [origin].into(), bound: true }
    }

    /// Checks where a request goes: its URI, and its `Host` header where it has one.
    ///
    /// # Errors
    ///
    /// [`Origin`](ErrorKind::Origin) if the request goes elsewhere, or may go elsewhere.
    #[inline(always)]
    pub fn check<R: HttpRequest + ?Sized>(&self, request: &R) -> Result<(), Error> {
        if self.are_at_a_glance(request) { Ok(()) } else { self.look_closer(request) }
    }

    /// Tells whether it is plain: one of them stands in the URI in the usual way, and there is no `Host`.
    #[inline(always)]
    fn are_at_a_glance<R: HttpRequest + ?Sized>(&self, request: &R) -> bool {
        let Some(uri) = request.uri() else { return false };
        let is_written = match &*self.allowed {
            [origin] => origin.is_written_in(uri),
            several => one_is_written_in(several, uri),
        };
        // Requests have few headers; to look at each is less than to hash this one.
        is_written && !request.headers().keys().any(|name| name == HOST)
    }

    #[inline(never)]
    fn look_closer<R: HttpRequest + ?Sized>(&self, request: &R) -> Result<(), Error> {
        check_host(self.find(request.target())?, request.headers())
    }

    fn find(&self, target: Target<'_>) -> Result<&Origin, Error> {
        match target {
            Target::Absolute { scheme, host, port } => {
                let found = self.allowed.iter().find(|origin| origin.matches(scheme, host, port));
                found.ok_or_else(|| foreign(scheme, host, port))
            }
            Target::Relative if self.bound => self.allowed.first().ok_or_else(unclear),
            Target::Relative | Target::Unclear => Err(unclear()),
        }
    }
}

/// Apart, so that the usual case of a single origin has no loop.
#[inline(never)]
fn one_is_written_in(origins: &[Origin], uri: &Uri) -> bool {
    origins.iter().any(|origin| origin.is_written_in(uri))
}

/// The `Host` header decides which virtual server answers (RFC 9112 §3.2), so it is part of the origin.
fn check_host(origin: &Origin, headers: &HeaderMap) -> Result<(), Error> {
    if headers.get_all(HOST).iter().all(|value| origin.is_host(value.as_bytes())) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Origin, "the Host header differs from the request's URI")
        .with_subject(origin.to_string())
        .with_advice("leave the Host header to the HTTP client"))
}

#[cold]
fn foreign(scheme: &str, host: &str, port: Option<u16>) -> Error {
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Error::new(ErrorKind::Origin, "the credential was not made for this origin")
        .with_subject(format!("{scheme}://{host}{port}"))
}

#[cold]
fn unclear() -> Error {
    Error::new(ErrorKind::Origin, "the request does not say which origin it goes to").with_advice(
        "send an absolute https URI, or state with Origins::bound_to where the service sends everything",
    )
}

impl From<Origin> for Origins {
    fn from(origin: Origin) -> Self {
        Self::new([origin])
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(allowed: I) -> Self {
        Self::new(allowed)
    }
}

const HTTP: &str = "http";
const HTTPS: &str = "https";
const WRITE_URL: &str = "write it as https://host/path";

#[cfg(test)]
mod tests;
