//! Where Clara is.

use std::{fmt, str::FromStr};

use claviger_auth_core::{BaseUrl, Error, ErrorKind, Origin};
use http::Uri;

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

/// Tells the real thing from Clara's test environment, which has the same hosts, credentials of its own, and
/// the path prefix `/api-test/` in the place of `/api/` (Clara's developer portal, "Sandbox").
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Environment {
    /// Real companies and real money.
    #[default]
    Production,
    /// Data that is set back from time to time.
    Test,
}

impl FromStr for Environment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "production" => Ok(Self::Production),
            "test" => Ok(Self::Test),
            _ => Err(Error::new(ErrorKind::Configuration, "there is no such environment at Clara")
                .with_advice("write production or test")),
        }
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
    token_url: String,
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
        let token_url = format!("{}/oauth/token", api.origin());
        Self { api, token_url, environment: Environment::Production }
    }

    /// Chooses the environment. Default: production.
    #[must_use]
    pub fn with_environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Uses another host, a sandbox for one; the token URL goes with it.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_api_url(mut self, url: &str) -> Result<Self, Error> {
        self.api = BaseUrl::https(url).map_err(|error| error.with_subject("the API's URL"))?;
        self.token_url = format!("{}/oauth/token", self.api.origin());
        Ok(self)
    }

    /// Uses another token URL.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is no `https` URL.
    pub fn with_token_url(mut self, url: &str) -> Result<Self, Error> {
        Origin::https(url).map_err(|error| error.with_subject("the token URL"))?;
        self.token_url = url.to_owned();
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
        &self.token_url
    }

    /// Makes a whole URL of a path such as `/api/v3/transactions?page=0`; a whole URL is taken as it is.
    ///
    /// In the test environment `/api/` becomes `/api-test/`.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if it is neither.
    pub fn url(&self, path: &str) -> Result<Uri, Error> {
        Ok(self.in_environment(self.api.url(path)?))
    }

    /// Completes a relative URI; one of another origin is left as it is, for the layers to refuse.
    #[cfg(feature = "client")]
    pub(crate) fn resolve(&self, uri: &Uri) -> Uri {
        self.in_environment(self.api.complete(uri))
    }

    /// Puts a URL of Clara's into the environment.
    fn in_environment(&self, uri: Uri) -> Uri {
        let is_ours = Origin::of(&uri).is_ok_and(|origin| origin == *self.origin());
        let base = self.api.url("/api/").map(|base| base.path().to_owned()).unwrap_or_default();
        let (Environment::Test, true, Some(rest)) = (
            self.environment,
            is_ours,
            uri.path_and_query().and_then(|path| path.as_str().strip_prefix(&base)),
        ) else {
            return uri;
        };
        self.api.url(&format!("/api-test/{rest}")).unwrap_or(uri)
    }
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
        assert_eq!(url(&endpoints, "/oauth/token"), "https://public-api.mx.clara.com/oauth/token");
        assert_eq!(url(&endpoints, "https://other.example/api/x"), "https://other.example/api/x");
    }

    #[test]
    fn another_host_brings_its_token_url() {
        let endpoints =
            Endpoints::new(Country::Mexico).with_api_url("https://127.0.0.1:8443/clara/").unwrap();
        assert_eq!(endpoints.token_url(), "https://127.0.0.1:8443/oauth/token");
        assert_eq!(url(&endpoints, "/api/v3/cards"), "https://127.0.0.1:8443/clara/api/v3/cards");
        let endpoints = endpoints.with_token_url("https://auth.example/token").unwrap();
        assert_eq!(endpoints.token_url(), "https://auth.example/token");
    }

    #[test]
    fn refuses_plain_http() {
        assert!(Endpoints::new(Country::Mexico).with_api_url("http://public-api.mx.clara.com").is_err());
        assert!(
            Endpoints::new(Country::Mexico).with_token_url("public-api.mx.clara.com/oauth/token").is_err()
        );
    }
}
