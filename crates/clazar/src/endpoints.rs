//! Where Clazar is.

use claviger_auth_core::{Error, Origin};
use claviger_token_endpoint::BaseUrl;
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
    /// The token endpoint below the API's URL.
    own_token_url: String,
    /// The one that was given.
    token_url: Option<String>,
}

impl Endpoints {
    /// Takes the documented URLs (Clazar's developer documentation, "Get an access token").
    #[must_use]
    pub fn new() -> Self {
        let api = BaseUrl::https("https://api.clazar.io/").expect("the URL is https");
        Self { own_token_url: token_url_of(&api), api, token_url: None }
    }

    /// Uses another host, a sandbox for one, or a path of a gateway's; the token URL goes below it, unless one
    /// is [given](Self::with_token_url).
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_api_url(mut self, url: &str) -> Result<Self, Error> {
        self.api = BaseUrl::https(url).map_err(|error| error.with_subject("the API's URL"))?;
        self.own_token_url = token_url_of(&self.api);
        Ok(self)
    }

    /// Uses this token URL, wherever the API is. Default: `authenticate/` below the API's URL.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_token_url(mut self, url: &str) -> Result<Self, Error> {
        Origin::https(url).map_err(|error| error.with_subject("the token URL"))?;
        self.token_url = Some(url.to_owned());
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
        self.token_url.as_deref().unwrap_or(&self.own_token_url)
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
fn token_url_of(api: &BaseUrl) -> String {
    api.complete(&Uri::from_static("/authenticate/")).to_string()
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
        for (api_url, token_url) in [
            ("https://127.0.0.1:8443", "https://127.0.0.1:8443/authenticate/"),
            ("https://gw.example/clazar/", "https://gw.example/clazar/authenticate/"),
            ("https://gw.example/clazar", "https://gw.example/clazar/authenticate/"),
        ] {
            let endpoints = Endpoints::new().with_api_url(api_url).unwrap();
            assert_eq!(endpoints.token_url(), token_url, "not at the root, which may be somebody else's");
            let contracts = endpoints.url("/contracts/").unwrap().to_string();
            assert_eq!(contracts, token_url.replace("authenticate/", "contracts/"));
        }
    }

    #[test]
    fn a_given_token_url_stays_whatever_comes_after_it() {
        let api_url = "https://127.0.0.1:8443/clazar/";
        for token_url in ["https://auth.example/token", "https://auth.example/token/"] {
            let before = Endpoints::new().with_token_url(token_url).unwrap().with_api_url(api_url);
            let after = Endpoints::new().with_api_url(api_url).unwrap().with_token_url(token_url);
            for endpoints in [before.unwrap(), after.unwrap()] {
                assert_eq!(endpoints.token_url(), token_url);
                assert_eq!(endpoints.origin().to_string(), "https://127.0.0.1:8443");
            }
        }
    }

    #[test]
    fn refuses_plain_http() {
        assert!(Endpoints::new().with_api_url("http://api.clazar.io").is_err());
        assert!(Endpoints::new().with_token_url("api.clazar.io/authenticate/").is_err());
    }
}
