//! Where Clara is.

use std::{fmt, str::FromStr};

use claviger_auth_core::{Error, ErrorKind, Origin};
use claviger_token_endpoint::BaseUrl;
use http::Uri;

use crate::Environment;

/// Names the country whose host a company uses (Clara's guide, steps 3 and 4). There is one host per country.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Country {
    /// `public-api.br.clara.com`
    Brazil,
    /// `public-api.co.clara.com`
    Colombia,
    /// `public-api.mx.clara.com`
    Mexico,
}

impl Country {
    fn code(self) -> &'static str {
        match self {
            Self::Brazil => "br",
            Self::Colombia => "co",
            Self::Mexico => "mx",
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Country {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = [Self::Brazil, Self::Colombia, Self::Mexico];
        known.into_iter().find(|country| country.code() == text).ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "there is no such country at Clara")
                .with_advice("write br, co or mx")
        })
    }
}

/// Holds the URLs of the API and of its token endpoint.
///
/// # Example
///
/// ```
/// use claviger_clara::{Country, Endpoints, Environment};
///
/// let endpoints = Endpoints::new(Country::Mexico);
/// assert_eq!(endpoints.token_url(), "https://public-api.mx.clara.com/oauth/token");
/// assert_eq!(
///     endpoints.url("/api/v3/transactions")?.to_string(),
///     "https://public-api.mx.clara.com/api/v3/transactions",
/// );
/// let test = endpoints.with_environment(Environment::Test);
/// assert_eq!(test.url("/api/v3/cards")?.path(), "/api-test/v3/cards");
/// # Ok::<(), claviger_auth_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Endpoints {
    api: BaseUrl,
    /// The token endpoint below the API's URL.
    own_token_url: String,
    /// The one that was given.
    token_url: Option<String>,
    environment: Environment,
}

impl Endpoints {
    /// Takes the documented URLs of a country.
    #[must_use]
    pub fn new(country: Country) -> Self {
        // The guide prints the token URL without a scheme; anything but https would give the secret away.
        let api = match country {
            Country::Brazil => "https://public-api.br.clara.com",
            Country::Colombia => "https://public-api.co.clara.com",
            Country::Mexico => "https://public-api.mx.clara.com",
        };
        let api = BaseUrl::https(api).expect("the URLs above are https");
        Self { own_token_url: token_url_of(&api), api, token_url: None, environment: Environment::Production }
    }

    /// Chooses the environment. Default: production.
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Uses another host, a sandbox for one, or a path of a gateway's; the token URL goes below it, unless one
    /// is [given](Self::with_token_url).
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_api_url(mut self, url: &str) -> Result<Self, Error> {
        self.api = BaseUrl::https(url).map_err(|error| error.with_subject("the API's URL"))?;
        self.own_token_url = token_url_of(&self.api);
        Ok(self)
    }

    /// Uses this token URL, wherever the API is. Default: `oauth/token` below the API's URL.
    ///
    /// One without a scheme is `https`: Clara's documentation prints them so ("Authentication").
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_token_url(mut self, url: &str) -> Result<Self, Error> {
        let scheme = if url.contains("://") { "" } else { "https://" };
        let url = format!("{scheme}{url}");
        Origin::https(&url).map_err(|error| error.with_subject("the token URL"))?;
        self.token_url = Some(url);
        Ok(self)
    }

    /// Returns the origin of the API, the only one that tokens and tax identifiers go to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.api.origin()
    }

    /// Returns the URL of the token endpoint.
    #[must_use]
    pub fn token_url(&self) -> &str {
        self.token_url.as_deref().unwrap_or(&self.own_token_url)
    }

    /// Makes a whole URL of a path such as `/api/v3/transactions?page=0`; a whole URL is taken as it is.
    ///
    /// In the test environment `/api/` becomes `/api-test/`, in Clara's own URLs too.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is neither, or if it is Clara's and not surely of the
    /// [`Environment`].
    pub fn url(&self, path: &str) -> Result<Uri, Error> {
        self.in_environment(self.api.url(path)?)
    }

    /// Completes a relative URI; one of another origin is left as it is, for the layers to refuse.
    ///
    /// # Errors
    ///
    /// As [`url`](Self::url), for one that is not of the environment.
    #[cfg(feature = "client")]
    pub(crate) fn resolve(&self, uri: &Uri) -> Result<Uri, Error> {
        self.in_environment(self.api.complete(uri))
    }

    /// Puts a URL of Clara's into the environment.
    fn in_environment(&self, uri: Uri) -> Result<Uri, Error> {
        let is_ours = Origin::of(&uri).is_ok_and(|origin| origin == *self.origin());
        if self.environment == Environment::Production || !is_ours {
            return Ok(uri);
        }
        let root = self.api.complete(&Uri::from_static("/"));
        // One that is not below the API's URL is judged from the server's root, and refused for that.
        let path = uri.path();
        let path = self.environment.path(path.strip_prefix(root.path()).unwrap_or(path))?;
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.api.url(&format!("/{path}{query}"))
    }
}

fn token_url_of(api: &BaseUrl) -> String {
    api.complete(&Uri::from_static("/oauth/token")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoints: &Endpoints, path: &str) -> String {
        endpoints.url(path).unwrap().to_string()
    }

    #[test]
    fn each_country_has_its_host() {
        for (country, host) in [(Country::Brazil, "br"), (Country::Colombia, "co"), (Country::Mexico, "mx")] {
            let endpoints = Endpoints::new(country);
            assert_eq!(endpoints.origin().to_string(), format!("https://public-api.{host}.clara.com"));
            assert_eq!(endpoints.token_url(), format!("https://public-api.{host}.clara.com/oauth/token"));
            assert_eq!(host.parse::<Country>().unwrap(), country);
        }
        assert!("us".parse::<Country>().is_err());
    }

    #[test]
    fn completes_paths() {
        let endpoints = Endpoints::new(Country::Mexico);
        assert_eq!(
            url(&endpoints, "/api/v3/cards?page=0&size=5"),
            "https://public-api.mx.clara.com/api/v3/cards?page=0&size=5"
        );
        assert_eq!(url(&endpoints, "api/v3/cards"), "https://public-api.mx.clara.com/api/v3/cards");
        assert_eq!(url(&endpoints, "https://evil.example/api/"), "https://evil.example/api/");
        let query = "api/v3/cards?next=https://x.example/";
        assert_eq!(url(&endpoints, query), format!("https://public-api.mx.clara.com/{query}"));
        assert!(endpoints.url("/a b").is_err());
    }

    #[test]
    fn the_test_environment_has_its_prefix() {
        let endpoints = Endpoints::new(Country::Mexico).with_environment(Environment::Test);
        for path in ["/api/v3/cards", "/api-test/v3/cards", "https://public-api.mx.clara.com/api/v3/cards"] {
            assert_eq!(url(&endpoints, path), "https://public-api.mx.clara.com/api-test/v3/cards", "{path}");
        }
        assert_eq!(url(&endpoints, "https://other.example/api/x"), "https://other.example/api/x");
        assert_eq!(url(&endpoints, "/api/"), "https://public-api.mx.clara.com/api-test/");
        let query = "/api/v3/cards/a%2Fb.c/..x/?next=/../api/&at=//";
        let expected = query.replacen("/api/", "https://public-api.mx.clara.com/api-test/", 1);
        assert_eq!(url(&endpoints, query), expected);
        let behind = endpoints.with_api_url("https://gw.example/clara/").unwrap();
        assert_eq!(url(&behind, "/api/v3/cards"), "https://gw.example/clara/api-test/v3/cards");
        assert_eq!(
            url(&behind, "https://gw.example/clara/api/v3/cards"),
            "https://gw.example/clara/api-test/v3/cards"
        );
        assert!(behind.url("https://gw.example/api/v3/cards").is_err(), "it is none of this API's");
    }

    /// Spellings that a server may take for production's paths, once it has put them in order.
    #[test]
    fn nothing_from_the_test_environment_reaches_production() {
        let production = Endpoints::new(Country::Mexico);
        let test = production.clone().with_environment(Environment::Test);
        for path in [
            "",
            "/",
            "/api",
            "/api?x",
            "/api-test",
            "/api-testing/v3/cards",
            "/oauth/token",
            "/API/v3/cards",
            "//api/v3/cards",
            "/./api/v3/cards",
            "/%2e/api/v3/cards",
            "/%61pi/v3/cards",
            "/api%2Fv3/cards",
            "/api%2Dtest/v3/cards",
            "/x/../api/v3/cards",
            "/api//v3/cards",
            "/api/../api/v3/payments",
            "/api-test/../api/v3/payments",
            "/api/v3/../../api/v3/payments",
            "/api/%2e%2E/api/v3/payments",
            "/api/.%2e/api/v3/payments",
            "/api/%252e%252e/api/v3/payments",
            "/api/%%32%65./api/v3/payments",
            "/api/..%2fapi/v3/payments",
            "/api/..%5capi/v3/payments",
            "/api/..\\api/v3/payments",
            "/api/..;a=b/api/v3/payments",
            "/api/..%3b/api/v3/payments",
            "/api/v3/cards/..",
            "/api/v3/cards/%2e",
        ] {
            for written in [path.to_owned(), format!("https://public-api.mx.clara.com{path}")] {
                let error = test.url(&written).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Configuration, "{written}");
                assert!(error.advice().contains("/api/"), "{written}");
                assert!(production.url(&written).is_ok(), "{written}");
            }
        }
    }

    #[test]
    fn another_host_brings_its_token_url() {
        for (api_url, token_url) in [
            ("https://127.0.0.1:8443", "https://127.0.0.1:8443/oauth/token"),
            ("https://gw.example/clara/", "https://gw.example/clara/oauth/token"),
            ("https://gw.example/clara", "https://gw.example/clara/oauth/token"),
        ] {
            let endpoints = Endpoints::new(Country::Mexico).with_api_url(api_url).unwrap();
            assert_eq!(endpoints.token_url(), token_url, "not at the root, which may be somebody else's");
            assert_eq!(url(&endpoints, "/api/v3/cards"), token_url.replace("oauth/token", "api/v3/cards"));
        }
    }

    #[test]
    fn a_given_token_url_stays_whatever_comes_after_it() {
        let (api_url, token_url) = ("https://127.0.0.1:8443/clara/", "https://auth.example/token");
        let before = |endpoints: Endpoints| endpoints.with_token_url(token_url)?.with_api_url(api_url);
        let after = |endpoints: Endpoints| endpoints.with_api_url(api_url)?.with_token_url(token_url);
        for endpoints in [before(Endpoints::new(Country::Mexico)), after(Endpoints::new(Country::Mexico))] {
            let endpoints = endpoints.unwrap();
            assert_eq!(endpoints.token_url(), token_url);
            assert_eq!(endpoints.origin().to_string(), "https://127.0.0.1:8443");
        }
    }

    #[test]
    fn refuses_plain_http() {
        assert!(Endpoints::new(Country::Mexico).with_api_url("http://public-api.mx.clara.com").is_err());
        let with_token_url = |url| Endpoints::new(Country::Mexico).with_token_url(url);
        for bad in ["http://public-api.mx.clara.com/oauth/token", "", "/oauth/token", "user@host/oauth/token"]
        {
            assert!(with_token_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn c14_a_token_url_without_a_scheme_is_https() {
        let endpoints = Endpoints::new(Country::Mexico).with_token_url("public-api.mx.clara.com/oauth/token");
        assert_eq!(endpoints.unwrap().token_url(), "https://public-api.mx.clara.com/oauth/token");
    }
}
