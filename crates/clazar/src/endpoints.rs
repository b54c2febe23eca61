//! Where Clazar is.

use claviger_auth_core::{BaseUrl, Error, Origin};
use http::Uri;

/// Holds the URLs of the API and of its token endpoint.
///
/// # Example
///
/// ```
/// use claviger_clazar::Endpoints;
///
/// let endpoints = Endpoints::new();
/// assert_eq!(endpoints.token_url(), "https://api.clazar.io/authenticate/");
/// assert_eq!(endpoints.url("/contracts/")?, "https://api.clazar.io/contracts/");
/// assert_eq!(endpoints.url("/contracts")?, "https://api.clazar.io/contracts");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoints {
    api: BaseUrl,
    token_url: String,
}

impl Endpoints {
    /// Takes the documented URLs (Clazar's developer documentation, "Get an access token").
    #[must_use]
    pub fn new() -> Self {
        let api = BaseUrl::https("https://api.clazar.io/").expect("the URL is https");
        let token_url = token_url_of(api.origin());
        Self { api, token_url }
    }

    /// Uses another host, a sandbox for one; the token URL goes with it.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_api_url(mut self, url: &str) -> Result<Self, Error> {
        self.api = BaseUrl::https(url).map_err(|error| error.with_subject("the API's URL"))?;
        self.token_url = token_url_of(self.api.origin());
        Ok(self)
    }

    /// Uses another token URL.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_token_url(mut self, url: &str) -> Result<Self, Error> {
        Origin::https(url).map_err(|error| error.with_subject("the token URL"))?;
        self.token_url = url.to_owned();
        Ok(self)
    }

    /// Returns the origin of the API, the only one that tokens go to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.api.origin()
    }

    /// Returns the URL of the token endpoint.
    #[must_use]
    pub fn token_url(&self) -> &str {
        &self.token_url
    }

    /// Makes a whole URL of a path such as `/contracts/?page=2`; a whole URL is taken as it is.
    ///
    /// A slash at its end stays, and none is added: integrations were seen to use both forms.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it is neither.
    pub fn url(&self, path: &str) -> Result<Uri, Error> {
        self.api.url(path)
    }

    /// Completes a relative URI; any other is left as it is, for the layers to judge.
    #[cfg(feature = "client")]
    pub(crate) fn resolve(&self, uri: &Uri) -> Uri {
        self.api.complete(uri)
    }
}

impl Default for Endpoints {
    fn default() -> Self {
        Self::new()
    }
}

/// The slash at the end belongs to it: without, a server may redirect, and no redirect is followed with a
/// secret (Clazar's developer documentation, "Get an access token").
fn token_url_of(origin: &Origin) -> String {
    format!("{origin}/authenticate/")
}

#[cfg(test)]
mod tests {
    use claviger_auth_core::ErrorKind;

    use super::*;

    #[test]
    fn completes_paths_and_leaves_their_slashes() {
        let endpoints = Endpoints::new();
        for (path, url) in [
            ("/contracts/", "https://api.clazar.io/contracts/"),
            ("/contracts", "https://api.clazar.io/contracts"),
            ("buyers/?page=1&page_size=100", "https://api.clazar.io/buyers/?page=1&page_size=100"),
            ("buyers?next=https://x/y", "https://api.clazar.io/buyers?next=https://x/y"),
            ("https://api.clazar.io/metering/", "https://api.clazar.io/metering/"),
            ("https://evil.example/metering/", "https://evil.example/metering/"),
            ("//evil.example/metering/", "https://api.clazar.io//evil.example/metering/"),
            ("", "https://api.clazar.io/"),
        ] {
            assert_eq!(endpoints.url(path).unwrap().to_string(), url, "{path}");
        }
        assert_eq!(endpoints.url("/a b").unwrap_err().kind(), ErrorKind::Configuration);
        assert_eq!(endpoints.origin().to_string(), "https://api.clazar.io");
    }

    #[test]
    fn another_host_brings_its_token_url() {
        let endpoints = Endpoints::new().with_api_url("https://127.0.0.1:8443/clazar/").unwrap();
        assert_eq!(endpoints.token_url(), "https://127.0.0.1:8443/authenticate/");
        assert_eq!(endpoints.url("/contracts/").unwrap(), "https://127.0.0.1:8443/clazar/contracts/");
        for url in ["https://auth.example/authenticate/", "https://auth.example/authenticate"] {
            assert_eq!(endpoints.clone().with_token_url(url).unwrap().token_url(), url);
        }
    }

    #[test]
    fn refuses_plain_http() {
        assert!(Endpoints::new().with_api_url("http://api.clazar.io").is_err());
        assert!(Endpoints::new().with_token_url("api.clazar.io/authenticate/").is_err());
    }
}
