//! The URL that paths are put behind.

use claviger_auth_core::{Error, ErrorKind, Origin};
use http::{Uri, uri::PathAndQuery};

/// Makes whole URLs of paths, for clients of one API.
///
/// # Example
///
/// ```
/// use claviger_token_endpoint::BaseUrl;
///
/// let base = BaseUrl::https("https://api.example/v1/")?;
/// assert_eq!(base.url("/things?page=2")?, "https://api.example/v1/things?page=2");
/// assert_eq!(base.url("https://api.example/other")?, "https://api.example/other");
/// assert_eq!(base.origin().to_string(), "https://api.example");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BaseUrl {
    uri: Uri,
    origin: Origin,
}

impl BaseUrl {
    /// Takes an `https` URL; a slash at its end does not matter.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no absolute `https` URL, or names a user.
    pub fn https(url: &str) -> Result<Self, Error> {
        Ok(Self { origin: Origin::https(url)?, uri: parse(url)? })
    }

    /// Returns the origin of all URLs that paths make.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Makes a whole URL of a path, with or without a slash before it; a whole URL is taken as it is.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is neither.
    pub fn url(&self, path: &str) -> Result<Uri, Error> {
        // A colon before the first slash is that of `https://`; one behind may stand in a query.
        let is_whole = path.split(['/', '?', '#']).next().is_some_and(|first| first.ends_with(':'));
        let path = if is_whole || path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(self.complete(&parse(&path)?))
    }

    /// Completes a relative URI; any other is left as it is, for the layers to judge.
    #[must_use]
    pub fn complete(&self, uri: &Uri) -> Uri {
        if uri.authority().is_some() || uri.scheme().is_some() {
            return uri.clone();
        }
        let base = self.uri.path().trim_end_matches('/');
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(format!("{base}{}{query}", uri.path())).ok();
        // The parts are those of URIs that were parsed before.
        Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
    }
}

fn parse(url: &str) -> Result<Uri, Error> {
    url.parse().map_err(|_| {
        Error::new(ErrorKind::Configuration, "this is neither a path nor a URL")
            .with_advice("write a path such as /things?page=1, with special characters percent-encoded")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completes_paths_and_leaves_urls() {
        let base = BaseUrl::https("https://api.example/v1/").unwrap();
        for (path, url) in [
            ("/things?page=2", "https://api.example/v1/things?page=2"),
            ("things", "https://api.example/v1/things"),
            ("/things/", "https://api.example/v1/things/"),
            ("things?next=https://x/y", "https://api.example/v1/things?next=https://x/y"),
            ("/things#part", "https://api.example/v1/things"),
            ("https://api.example/things#part", "https://api.example/things"),
            ("https://evil.example/v1/", "https://evil.example/v1/"),
            ("//evil.example/v1/", "https://api.example/v1//evil.example/v1/"),
            ("", "https://api.example/v1/"),
        ] {
            assert_eq!(base.url(path).unwrap().to_string(), url, "{path}");
        }
        assert_eq!(base.url("/a b").unwrap_err().kind(), ErrorKind::Configuration);
    }

    #[test]
    fn leaves_what_is_not_relative_for_the_layers() {
        let base = BaseUrl::https("https://api.example").unwrap();
        for other in ["evil.example:443", "http://api.example/", "https://u@api.example/"] {
            let uri: Uri = other.parse().unwrap();
            assert_eq!(base.complete(&uri), uri);
        }
    }

    #[test]
    fn refuses_what_is_no_https_url() {
        for bad in ["http://api.example", "api.example", "/v1", "https://u:swordfish@api.example", ""] {
            assert_eq!(BaseUrl::https(bad).unwrap_err().kind(), ErrorKind::Configuration, "{bad}");
        }
    }
}
