//! Where Clarus is.

use claviger_auth_core::{Error, Origin};
use claviger_token_endpoint::BaseUrl;
use http::Uri;

/// Holds the URLs of the API and of its token endpoint.
///
/// Clarus's webhooks name the domain of the API in a header, so it may not be the same for every tenant
/// (Clarus's documentation, "Webhook events"): [`with_api_url`](Self::with_api_url) takes another.
///
/// # Example
///
/// ```
/// use claviger_clarus::Endpoints;
///
/// let endpoints = Endpoints::new();
/// assert_eq!(endpoints.token_url(), "https://clarus-api.com/oauth/token");
/// assert_eq!(endpoints.authorize_url(), "https://clarus-api.com/oauth/authorize");
/// assert_eq!(endpoints.graphql_url(), "https://clarus-api.com/graphql");
/// assert_eq!(endpoints.url("/api/orders")?, "https://clarus-api.com/api/orders");
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
    /// Takes the documented URLs (Clarus's guide "API authentication", "OAuth 2.0").
    #[must_use]
    pub fn new() -> Self {
        let api = BaseUrl::https("https://clarus-api.com/").expect("the URL is https");
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

    /// Uses this token URL, wherever the API is. Default: `oauth/token` below the API's URL.
    ///
    /// # Errors
    ///
    /// [`Configuration`](claviger_auth_core::ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_token_url(mut self, url: &str) -> Result<Self, Error> {
        Origin::https(url).map_err(|error| error.with_subject("the token URL"))?;
        self.token_url = Some(url.to_owned());
        Ok(self)
    }

    /// Returns the origin of the API, the only one that tokens and subdomains go to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.api.origin()
    }

    /// Returns the URL of the token endpoint.
    #[must_use]
    pub fn token_url(&self) -> &str {
        self.token_url.as_deref().unwrap_or(&self.own_token_url)
    }

    /// Returns where users are sent to log in, below the API's URL (Clarus's guide "API authentication", "OAuth 2.0").
    #[must_use]
    pub fn authorize_url(&self) -> String {
        self.api.complete(&Uri::from_static("/oauth/authorize")).to_string()
    }

    /// Returns the URL that GraphQL is posted to. The name of an operation, which Clarus's pages write as a
    /// fragment behind it (Clarus's API reference), is for browsers and never sent.
    #[must_use]
    pub fn graphql_url(&self) -> Uri {
        self.api.complete(&Uri::from_static("/graphql"))
    }

    /// Makes a whole URL of a path such as `/api/orders?page=2`; a whole URL is taken as it is.
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

fn token_url_of(api: &BaseUrl) -> String {
    api.complete(&Uri::from_static("/oauth/token")).to_string()
}

#[cfg(test)]
mod tests {
    use claviger_auth_core::ErrorKind;

    use super::*;

    #[test]
    fn completes_paths() {
        let endpoints = Endpoints::new();
        for (path, url) in [
            ("/api/orders?page=2", "https://clarus-api.com/api/orders?page=2"),
            ("api/orders", "https://clarus-api.com/api/orders"),
            ("/api/orders/", "https://clarus-api.com/api/orders/"),
            ("api/orders?next=https://x/y", "https://clarus-api.com/api/orders?next=https://x/y"),
            ("/graphql#GetOrders", "https://clarus-api.com/graphql"),
            ("https://clarus-api.com/api/orders#top", "https://clarus-api.com/api/orders"),
            ("https://evil.example/api/", "https://evil.example/api/"),
            ("//evil.example/api/", "https://clarus-api.com//evil.example/api/"),
            ("", "https://clarus-api.com/"),
        ] {
            assert_eq!(endpoints.url(path).unwrap().to_string(), url, "{path}");
        }
        assert_eq!(endpoints.url("/a b").unwrap_err().kind(), ErrorKind::Configuration);
        assert_eq!(endpoints.origin().to_string(), "https://clarus-api.com");
    }

    #[test]
    fn another_host_brings_its_token_url() {
        for (api_url, token_url) in [
            ("https://127.0.0.1:8443", "https://127.0.0.1:8443/oauth/token"),
            ("https://gw.example/clarus/", "https://gw.example/clarus/oauth/token"),
            ("https://gw.example/clarus", "https://gw.example/clarus/oauth/token"),
        ] {
            let endpoints = Endpoints::new().with_api_url(api_url).unwrap();
            assert_eq!(endpoints.token_url(), token_url, "not at the root, which may be somebody else's");
            assert_eq!(endpoints.graphql_url().to_string(), token_url.replace("oauth/token", "graphql"));
        }
    }

    #[test]
    fn a_given_token_url_stays_whatever_comes_after_it() {
        let api_url = "https://127.0.0.1:8443/clarus/";
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
        assert!(Endpoints::new().with_api_url("http://clarus-api.com").is_err());
        assert!(Endpoints::new().with_token_url("clarus-api.com/oauth/token").is_err());
    }
}
