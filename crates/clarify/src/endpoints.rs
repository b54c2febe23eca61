//! Where Clarify is.

use claviger_auth_core::{Error, ErrorKind, Origin};
use http::{Uri, uri::PathAndQuery};

/// Holds the URLs of the API and of its token endpoint, all made from one: the `apiUrl` of the credentials.
///
/// That one ends in exactly one slash, however it was written. It is also the audience of tokens, and
/// Clarify compares that with its own, slash included (Clarify's documentation, "Obtaining an access token";
/// the way in which its Go SDK writes it).
///
/// # Example
///
/// ```
/// use claviger_clarify::Endpoints;
///
/// let endpoints = Endpoints::new("https://api.clarify.io/v1")?;
/// assert_eq!(endpoints.api_url(), "https://api.clarify.io/v1/");
/// assert_eq!(endpoints.token_url(), "https://api.clarify.io/v1/oauth/token");
/// for path in ["rpc", "/rpc", "/v1/rpc"] {
///     assert_eq!(endpoints.url(path)?, "https://api.clarify.io/v1/rpc");
/// }
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoints {
    api: Uri,
    api_url: String,
    origin: Origin,
    /// The token endpoint below the API's URL.
    own_token_url: String,
    /// The one that was given.
    token_url: Option<String>,
}

impl Endpoints {
    /// Takes the URL of an API.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is empty or no `https` URL, or has a query or a
    /// fragment.
    pub fn new(api_url: &str) -> Result<Self, Error> {
        let written = api_url.trim();
        let wrong = |what| {
            let error = Error::new(ErrorKind::Configuration, what).with_subject(THE_API_URL);
            Err(error.with_advice("write it as https://api.clarify.io/v1/, the URL of the production API"))
        };
        if written.is_empty() {
            return wrong("the URL is empty");
        }
        if written.contains(['?', '#']) {
            return wrong("the URL has a query or a fragment");
        }
        let origin = Origin::https(written).map_err(|error| error.with_subject(THE_API_URL))?;
        let api_url = format!("{}/", written.trim_end_matches('/'));
        let api = parse(&api_url)?;
        let own_token_url = format!("{api_url}oauth/token");
        Ok(Self { api, api_url, origin, own_token_url, token_url: None })
    }

    /// Takes the documented URL of the production API, `https://api.clarify.io/v1/`.
    #[must_use]
    pub fn production() -> Self {
        Self::new(PRODUCTION).expect("the URL below is https")
    }

    /// Uses this token URL, wherever the API is: older organisations had theirs on a host of its own. Default:
    /// `oauth/token` below the API's URL.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_token_url(mut self, url: &str) -> Result<Self, Error> {
        Origin::https(url).map_err(|error| error.with_subject("the token URL"))?;
        self.token_url = Some(url.to_owned());
        Ok(self)
    }

    /// Takes the URL of another API, and keeps the token URL that was given.
    pub(crate) fn with_api_url(self, url: &str) -> Result<Self, Error> {
        Ok(Self { token_url: self.token_url, ..Self::new(url)? })
    }

    /// Returns the URL of the API, which ends in one slash; it is the audience of tokens, too.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Returns the origin of the API, the only one that credentials go to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the URL that all methods are called at (Clarify's documentation, API 1.1, "JSON RPC").
    #[must_use]
    pub fn rpc_url(&self) -> String {
        format!("{}rpc", self.api_url)
    }

    /// Returns the URL of the token endpoint. HTTP Basic does without.
    #[must_use]
    pub fn token_url(&self) -> &str {
        self.token_url.as_deref().unwrap_or(&self.own_token_url)
    }

    /// Makes a whole URL of a path such as `rpc`; a whole URL is taken as it is.
    ///
    /// A path that begins with that of the API's URL (`/v1/`) is taken from the root; any other is put behind
    /// the API's URL. So `rpc`, `/rpc` and `/v1/rpc` are the same.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is neither.
    pub fn url(&self, path: &str) -> Result<Uri, Error> {
        let scheme = path.split_once("://").map(|(scheme, _)| scheme);
        if scheme.is_some_and(|scheme| !scheme.contains(['/', '?', '#'])) {
            return parse(path);
        }
        self.complete(path).ok_or_else(neither)
    }

    /// Completes a relative URI; any other is left as it is, for the layers to judge.
    #[cfg(any(feature = "client", test))]
    pub(crate) fn resolve(&self, uri: &Uri) -> Uri {
        let path = match (uri.scheme(), uri.authority()) {
            (None, None) => uri.path_and_query().map(PathAndQuery::as_str),
            // `rpc` without a slash is parsed as if it were a host. A name with a dot or a port may be one.
            (None, Some(name)) => Some(name.as_str()).filter(|name| !name.contains(['.', ':', '@', '['])),
            (Some(_), _) => None,
        };
        path.and_then(|path| self.complete(path)).unwrap_or_else(|| uri.clone())
    }

    /// Puts a path behind the API's URL, whose scheme and host are kept whatever the path says.
    fn complete(&self, path: &str) -> Option<Uri> {
        let base = self.api.path();
        let path = if path.starts_with(base) {
            path.to_owned()
        } else {
            format!("{base}{}", path.strip_prefix('/').unwrap_or(path))
        };
        let mut parts = self.api.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
        Uri::from_parts(parts).ok()
    }
}

fn parse(url: &str) -> Result<Uri, Error> {
    url.parse().map_err(|_| neither())
}

fn neither() -> Error {
    Error::new(ErrorKind::Configuration, "this is neither a path nor a URL")
        .with_advice("write a path such as rpc, with special characters percent-encoded")
}

/// Clarify's documentation, "Obtaining an access token": the `apiUrl` of its sample.
const PRODUCTION: &str = "https://api.clarify.io/v1/";
const THE_API_URL: &str = "the API's URL";

#[cfg(test)]
mod tests {
    use super::*;

    fn staging() -> Endpoints {
        Endpoints::new("https://127.0.0.1:8443/clarify/v1/").unwrap()
    }

    /// Clarify's Go SDK: trims all slashes, then adds one.
    #[test]
    fn ends_in_one_slash_however_it_was_written() {
        for (written, expected) in [
            ("https://api.clarify.io/v1", "https://api.clarify.io/v1/"),
            ("https://api.clarify.io/v1/", "https://api.clarify.io/v1/"),
            ("https://api.clarify.io/v1///", "https://api.clarify.io/v1/"),
            (" https://api.clarify.io/v1/\r\n", "https://api.clarify.io/v1/"),
            ("https://api.clarify.io", "https://api.clarify.io/"),
            ("https://api.clarify.io//", "https://api.clarify.io/"),
        ] {
            let endpoints = Endpoints::new(written).unwrap();
            assert_eq!(endpoints.api_url(), expected, "{written:?}");
            assert_eq!(endpoints.token_url(), format!("{expected}oauth/token"));
            assert_eq!(endpoints.rpc_url(), format!("{expected}rpc"));
            assert_eq!(endpoints.url("rpc").unwrap(), *endpoints.rpc_url());
            assert_eq!(endpoints.origin().to_string(), "https://api.clarify.io");
        }
        assert_eq!(Endpoints::production().api_url(), "https://api.clarify.io/v1/");
    }

    #[test]
    fn refuses_what_is_no_https_url() {
        for (bad, what) in [
            ("", "the URL is empty"),
            (" / ", "the URL has no scheme and host, or names a user"),
            ("http://api.clarify.io/v1/", "credentials go to https URLs only"),
            ("api.clarify.io/v1/", "this is not a URL"),
            ("https://", "this is not a URL"),
            ("https://acme@api.clarify.io/v1/", "the URL has no scheme and host, or names a user"),
            ("https://api.clarify.io/v1/?a=b", "the URL has a query or a fragment"),
            ("https://api.clarify.io/v1/#a", "the URL has a query or a fragment"),
        ] {
            let error = Endpoints::new(bad).unwrap_err();
            assert_eq!(error.to_string(), format!("{what} (the API's URL)"), "{bad:?}");
        }
        assert!(Endpoints::production().with_token_url("http://login.clarify.us/oauth/token").is_err());
        assert!(Endpoints::production().with_token_url("login.clarify.us/oauth/token").is_err());
    }

    #[test]
    fn the_token_url_can_be_another() {
        let endpoints = staging().with_token_url("https://login.clarify.us/oauth/token").unwrap();
        assert_eq!(endpoints.token_url(), "https://login.clarify.us/oauth/token");
        assert_eq!(endpoints.rpc_url(), "https://127.0.0.1:8443/clarify/v1/rpc");
    }

    #[test]
    fn completes_paths() {
        for (path, expected) in [
            ("rpc", "rpc"),
            ("/rpc", "rpc"),
            ("/clarify/v1/rpc", "rpc"),
            ("/clarify/v1/rpc?a=b", "rpc?a=b"),
            ("rpc?to=https://evil.example/", "rpc?to=https://evil.example/"),
            ("/v1/rpc", "v1/rpc"),
            ("//evil.example/", "/evil.example/"),
        ] {
            let expected = format!("https://127.0.0.1:8443/clarify/v1/{expected}");
            assert_eq!(staging().url(path).unwrap(), *expected, "{path}");
        }
        assert_eq!(staging().url("https://evil.example/rpc").unwrap(), "https://evil.example/rpc");
        assert_eq!(Endpoints::new("https://a").unwrap().url("/rpc").unwrap(), "https://a/rpc");
        assert!(staging().url("a b").is_err());
    }

    #[test]
    fn completes_the_relative_uris_of_requests_and_no_others() {
        for relative in ["rpc", "/rpc", "/clarify/v1/rpc"] {
            let resolved = staging().resolve(&relative.parse().unwrap());
            assert_eq!(resolved, "https://127.0.0.1:8443/clarify/v1/rpc", "{relative}");
        }
        for other in ["https://evil.example/rpc", "http://127.0.0.1/rpc", "evil.example", "rpc:443", "u@rpc"]
        {
            let uri = other.parse().unwrap();
            assert_eq!(staging().resolve(&uri), uri, "{other}");
        }
    }
}
