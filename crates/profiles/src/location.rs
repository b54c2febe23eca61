//! Where a request goes: what was typed, on the profile's server and on no other.

use std::fmt;

use claviger_auth_core::{Error, ErrorKind, Origin};
use http::Uri;

/// Tells where typed paths begin.
pub struct Base {
    origin: Origin,
    paths: Paths,
}

enum Paths {
    /// A provider's paths, such as Clara's `/api/v3/cards`, are as its documents write them.
    Documented(Box<Complete>),
    /// There are no documents: a path that begins with `/` begins at the server's root.
    From(Uri),
}

impl Base {
    /// Takes paths as a provider's documents write them; `complete` makes a whole URL of one, and takes a whole
    /// one too.
    pub(crate) fn documented(
        origin: &Origin,
        complete: impl Fn(&str) -> Result<Uri, Error> + Send + Sync + 'static,
    ) -> Self {
        Self { origin: origin.clone(), paths: Paths::Documented(Box::new(complete)) }
    }

    /// Takes paths below `api_url`, or from the root of its server.
    pub(crate) fn from(origin: &Origin, api_url: &Uri) -> Self {
        Self { origin: origin.clone(), paths: Paths::From(api_url.clone()) }
    }

    /// The one server that requests go to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Makes a whole URL of what was typed.
    ///
    /// A path that begins with `/` takes the place of `api_url`'s (where a provider's documents write paths, it
    /// is as they do), any other is added to it; `.` and `..` are resolved as RFC 3986 §5.2.4 has it. A whole URL
    /// must be on the same server: another one gets neither credentials nor the request.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration): it is neither a path nor a URL;
    /// [`Origin`](ErrorKind::Origin): it is on another server.
    pub fn locate(&self, typed: &str) -> Result<Uri, Error> {
        if !typed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad("the path has a character that no URL has")
                .with_advice("percent-encode it: a space is %20"));
        }
        short_enough(typed)?;
        // What stands behind # is for the client alone.
        let typed = typed.split('#').next().unwrap_or_default();
        if is_absolute(typed) {
            return self.same_origin(typed);
        }
        let (path, query) = match typed.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (typed, String::new()),
        };
        match &self.paths {
            Paths::Documented(complete) => complete(&(resolved(path) + &query)),
            Paths::From(api_url) => {
                let path = match (path.starts_with('/'), path.is_empty()) {
                    (true, _) => resolved(path),
                    (false, true) => api_url.path().to_owned(),
                    (false, false) => resolved(&format!("{}/{path}", api_url.path().trim_end_matches('/'))),
                };
                parse(&format!("{}{path}{query}", self.origin))
            }
        }
    }

    fn same_origin(&self, typed: &str) -> Result<Uri, Error> {
        let uri = parse(typed)?;
        let origin = &self.origin;
        let typed_origin = Origin::of_with_loopback(&uri)?;
        if typed_origin != *origin {
            return Err(Error::new(ErrorKind::Origin, "the URL is on another server than the profile's API")
                .with_subject(format!("{typed_origin}, not {origin}"))
                .with_advice("give a path, or choose a profile whose api_url is on that server"));
        }
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let whole = format!("{origin}{}{query}", resolved(uri.path()));
        match &self.paths {
            Paths::Documented(complete) => complete(&whole),
            Paths::From(_) => parse(&whole),
        }
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// How a provider makes a whole URL of a path.
type Complete = dyn Fn(&str) -> Result<Uri, Error> + Send + Sync;

/// Whether it begins with a scheme, or, as `//host`, with what follows one.
fn is_absolute(typed: &str) -> bool {
    let head = typed.split(['?', '/']).next().unwrap_or_default();
    typed.starts_with("//") || (head.ends_with(':') && typed.contains("://"))
}

fn parse(url: &str) -> Result<Uri, Error> {
    short_enough(url)?;
    url.parse().map_err(|_| bad("this is neither a path nor a URL"))
}

fn short_enough(url: &str) -> Result<(), Error> {
    if url.len() <= LONGEST {
        return Ok(());
    }
    Err(bad("the URL is longer than 65,534 bytes").with_advice("send what is that long in the body, with -d"))
}

fn bad(what: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what)
        .with_subject("PATH_OR_URL")
        .with_advice("write a path such as /things?page=1, or a URL such as https://host/things")
}

/// Takes out `.` and `..` (RFC 3986 §5.2.4), and makes the path begin with `/`.
fn resolved(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => {
                kept.push(other);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

/// The most that `http` takes.
const LONGEST: usize = 65_534;

#[cfg(test)]
mod tests {
    use claviger_clara::{Country, Endpoints, Environment};

    use super::*;

    fn custom(api_url: &str) -> Base {
        Base::from(&Origin::https(api_url).unwrap(), &api_url.parse().unwrap())
    }

    fn located(base: &Base, typed: &str) -> String {
        base.locate(typed).unwrap().to_string()
    }

    #[test]
    fn takes_paths_from_the_root_or_below() {
        for api_url in ["https://api.example/v1/", "https://api.example/v1"] {
            let base = custom(api_url);
            for (typed, url) in [
                ("things", "https://api.example/v1/things"),
                ("things/", "https://api.example/v1/things/"),
                ("/things", "https://api.example/things"),
                ("/", "https://api.example/"),
                ("a?b=/../c", "https://api.example/v1/a?b=/../c"),
                ("a#b", "https://api.example/v1/a"),
                ("https://api.example/x", "https://api.example/x"),
                ("HTTPS://API.example:443/x", "https://api.example/x"),
                ("a?u=https://other.example/", "https://api.example/v1/a?u=https://other.example/"),
            ] {
                assert_eq!(located(&base, typed), url, "{typed}");
            }
        }
        assert_eq!(located(&custom("https://api.example/v1"), ""), "https://api.example/v1");
        assert_eq!(located(&custom("https://api.example"), "things"), "https://api.example/things");
        assert_eq!(located(&custom("https://api.example/v1/"), "?a=b"), "https://api.example/v1/?a=b");
    }

    #[test]
    fn resolves_dots_and_stays_on_the_server() {
        let base = custom("https://api.example/v1/");
        for (typed, url) in [
            ("a/./b/../c", "https://api.example/v1/a/c"),
            ("../x", "https://api.example/x"),
            ("../../../..//other.example/x", "https://api.example//other.example/x"),
            ("/a/..", "https://api.example/"),
            ("a/.", "https://api.example/v1/a/"),
            ("https://api.example/a/../b", "https://api.example/b"),
        ] {
            assert_eq!(located(&base, typed), url, "{typed}");
        }
    }

    #[test]
    fn refuses_other_servers() {
        let base = custom("https://api.example/v1/");
        for typed in [
            "https://other.example/",
            "https://api.example:444/",
            "https://api.example.other.example/",
            "http://127.0.0.1/",
        ] {
            let error = base.locate(typed).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Origin, "{typed}");
            assert!(error.advice().contains("api_url"));
        }
        for typed in
            ["//other.example/x", "http://api.example/", "https://user:swordfish@api.example/", "ftp://a/"]
        {
            let error = base.locate(typed).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{typed}");
            assert!(!format!("{error} {error:?}").contains("swordfish"));
        }
    }

    #[test]
    fn refuses_what_no_url_has() {
        for typed in ["/a b", "/ü", "/a\r\nb", "https://"] {
            assert!(custom("https://api.example/").locate(typed).is_err(), "{typed:?}");
        }
    }

    #[test]
    fn says_how_long_a_url_may_be() {
        let base = custom("https://api.example/v1/");
        assert!(base.locate(&"a".repeat(65_000)).is_ok());
        // The path alone would do, but not behind the base.
        for length in [65_530, 100_000] {
            let error = base.locate(&"a".repeat(length)).unwrap_err();
            assert!(error.to_string().contains("longer than 65,534 bytes"), "{error}");
            assert!(error.advice().contains("-d"));
        }
    }

    #[test]
    fn knows_the_paths_of_clara() {
        let endpoints = Endpoints::new(Country::Mexico);
        let base_of = |endpoints: Endpoints| {
            Base::documented(&endpoints.origin().clone(), move |path| endpoints.url(path))
        };
        let base = base_of(endpoints.clone());
        let production = "https://public-api.mx.clara.com/api/v3/cards?page=0";
        for typed in ["/api/v3/cards?page=0", "api/v3/x/../cards?page=0", production] {
            assert_eq!(located(&base, typed), production);
        }
        let test = base_of(endpoints.with_environment(Environment::Test));
        for typed in ["/api/v3/cards?page=0", production] {
            assert_eq!(located(&test, typed), "https://public-api.mx.clara.com/api-test/v3/cards?page=0");
        }
        assert_eq!(base.locate("https://public-api.co.clara.com/").unwrap_err().kind(), ErrorKind::Origin);
    }
}
