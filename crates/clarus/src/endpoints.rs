//! Where Clarus is.

use claviger_auth_core::{BaseUrl, Error, Origin};
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
/// assert_eq!(endpoints.graphql_url(), "https://clarus-api.com/graphql");
/// assert_eq!(endpoints.url("/api/orders")?, "https://clarus-api.com/api/orders");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoints {
    api: BaseUrl,
    token_url: String,
}

impl Endpoints {
    /// Takes the documented URLs (Clarus's guide "API authentication", "OAuth 2.0").
    #[must_use]
    pub fn new() -> Self {
        let api = BaseUrl::https("https://clarus-api.com/").expect("the URL is https");
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

    /// Returns the origin of the API, the only one that tokens and subdomains go to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.api.origin()
    }

    /// Returns the URL of the token endpoint.
    #[must_use]
    pub fn token_url(&self) -> &str {
        &self.token_url
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

fn token_url_of(origin: &Origin) -> String {
    format!("{origin}/oauth/token")
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
        let endpoints = Endpoints::new().with_api_url("https://127.0.0.1:8443/clarus/").unwrap();
        assert_eq!(endpoints.token_url(), "https://127.0.0.1:8443/oauth/token");
        assert_eq!(endpoints.graphql_url(), "https://127.0.0.1:8443/clarus/graphql");
        let endpoints = endpoints.with_token_url("https://auth.example/token").unwrap();
        assert_eq!(endpoints.token_url(), "https://auth.example/token");
    }

    #[test]
    fn refuses_plain_http() {
        assert!(Endpoints::new().with_api_url("http://clarus-api.com").is_err());
        assert!(Endpoints::new().with_token_url("clarus-api.com/oauth/token").is_err());
    }
}
