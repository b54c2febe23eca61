//! Where a request goes: what was typed, on the profile's server and on no other.

use claviger_auth_core::{Error, ErrorKind, Origin};
use claviger_clara::Endpoints;
use http::Uri;

/// Tells where typed paths begin.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// Clara's paths, such as `/api/v3/cards`, are all below `api_url`.
    Clara(Box<Endpoints>),
    Custom {
        api_url: Uri,
        origin: Origin,
    },
}

impl Base {
    /// Makes a whole URL of what was typed.
    ///
    /// A path that begins with `/` takes the place of `api_url`'s (for Clara it is below it, as the documents
    /// write paths), any other is added to it; `.` and `..` are resolved as RFC 3986 §5.2.4 has it. A whole URL
    /// must be on the same server: another one gets neither credentials nor the request.
    pub(crate) fn locate(&self, typed: &str) -> Result<Uri, Error> {
        if !typed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad("the path has a character that no URL has")
                .with_advice("percent-encode it: a space is %20"));
        }
        // What stands behind # is for the client alone.
        let typed = typed.split('#').next().unwrap_or_default();
        if is_absolute(typed) {
            return self.same_origin(typed);
        }
        let (path, query) = match typed.split_once('?') {
            Some((path, query)) => (path, format!("?{query}")),
            None => (typed, String::new()),
        };
        match self {
            Self::Clara(endpoints) => endpoints.url(&(resolved(path) + &query)),
            Self::Custom { api_url, origin } => {
                let path = match (path.starts_with('/'), path.is_empty()) {
                    (true, _) => resolved(path),
                    (false, true) => api_url.path().to_owned(),
                    (false, false) => resolved(&format!("{}/{path}", api_url.path().trim_end_matches('/'))),
                };
                parse(&format!("{origin}{path}{query}"))
            }
        }
    }

    fn same_origin(&self, typed: &str) -> Result<Uri, Error> {
        let uri = parse(typed)?;
        let origin = match self {
            Self::Clara(endpoints) => endpoints.origin(),
            Self::Custom { origin, .. } => origin,
        };
        let typed_origin = Origin::of_with_loopback(&uri)?;
        if typed_origin != *origin {
            return Err(Error::new(ErrorKind::Origin, "the URL is on another server than the profile's API")
                .with_subject(format!("{typed_origin}, not {origin}"))
                .with_advice("give a path, or choose a profile whose api_url is on that server"));
        }
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let whole = format!("{origin}{}{query}", resolved(uri.path()));
        match self {
            Self::Clara(endpoints) => endpoints.url(&whole),
            Self::Custom { .. } => parse(&whole),
        }
    }
}

/// Whether it begins with a scheme, or, as `//host`, with what follows one.
fn is_absolute(typed: &str) -> bool {
    let head = typed.split(['?', '/']).next().unwrap_or_default();
    typed.starts_with("//") || (head.ends_with(':') && typed.contains("://"))
}

fn parse(url: &str) -> Result<Uri, Error> {
    url.parse().map_err(|_| bad("this is neither a path nor a URL"))
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

#[cfg(test)]
mod tests {
    use claviger_clara::{Country, Environment};

    use super::*;

    fn custom(api_url: &str) -> Base {
        Base::Custom { api_url: api_url.parse().unwrap(), origin: Origin::https(api_url).unwrap() }
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
    fn knows_the_paths_of_clara() {
        let endpoints = Endpoints::new(Country::Mexico);
        let base = Base::Clara(Box::new(endpoints.clone()));
        let production = "https://public-api.mx.clara.com/api/v3/cards?page=0";
        for typed in ["/api/v3/cards?page=0", "api/v3/x/../cards?page=0", production] {
            assert_eq!(located(&base, typed), production);
        }
        let test = Base::Clara(Box::new(endpoints.with_environment(Environment::Test)));
        for typed in ["/api/v3/cards?page=0", production] {
            assert_eq!(located(&test, typed), "https://public-api.mx.clara.com/api-test/v3/cards?page=0");
        }
        assert_eq!(base.locate("https://public-api.co.clara.com/").unwrap_err().kind(), ErrorKind::Origin);
    }
}
