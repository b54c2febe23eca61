//! Where the browser is sent back to.

use std::net::{IpAddr, SocketAddr};

use claviger_auth_core::{Error, ErrorKind, Origin};
use http::Uri;

/// Holds a checked redirect URI.
#[derive(Clone, Debug)]
pub(crate) struct RedirectUri {
    pub(crate) text: String,
    uri: Uri,
}

impl RedirectUri {
    pub(crate) fn new(text: String) -> Result<Self, Error> {
        let wrong = |what| Error::new(ErrorKind::Configuration, what).with_subject("redirect_uri");
        Origin::loopback_http(&text).map_err(|error| error.with_subject("redirect_uri"))?;
        if text.contains('#') {
            return Err(wrong("the URL has a fragment").with_advice("leave out the # and what follows"));
        }
        let uri = text.parse().map_err(|_| wrong("this is not a URL"))?;
        Ok(Self { text, uri })
    }

    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// Says where to listen: port 0 where it names none.
    ///
    /// Not by the name `localhost`, which need not be this machine (RFC 8252 §8.3).
    pub(crate) fn address(&self) -> Result<SocketAddr, Error> {
        let host = self.uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<IpAddr> = bare.parse().ok();
        match address.filter(|address| address.is_loopback() && self.uri.scheme_str() == Some("http")) {
            Some(address) => Ok(SocketAddr::new(address, self.uri.port_u16().unwrap_or(0))),
            None => Err(Error::new(ErrorKind::Configuration, "nobody can be listening at this redirect URI")
                .with_subject("redirect_uri")
                .with_advice(
                    "use http://127.0.0.1/callback, or one like it; else paste the address that the browser is \
                     sent to",
                )),
        }
    }

    /// Writes it with the port of this address, if it names none.
    pub(crate) fn at(&self, address: SocketAddr) -> String {
        match self.uri.authority() {
            Some(authority) if authority.port().is_none() => {
                let rest = self.uri.path_and_query().map_or("", |rest| rest.as_str());
                // An empty path stays one: the provider compares letter by letter.
                let rest = if self.text.ends_with(authority.as_str()) { "" } else { rest };
                format!("http://{address}{rest}")
            }
            _ => self.text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::new(text.to_owned()).unwrap()
    }

    #[test]
    fn adds_a_port_where_there_is_none() {
        let address: SocketAddr = "127.0.0.1:4321".parse().unwrap();
        for (given, expected) in [
            ("http://127.0.0.1/callback", "http://127.0.0.1:4321/callback"),
            ("http://127.0.0.1/callback?a=b", "http://127.0.0.1:4321/callback?a=b"),
            ("http://127.0.0.1/", "http://127.0.0.1:4321/"),
            ("http://127.0.0.1", "http://127.0.0.1:4321"),
            ("http://127.0.0.1:8080/callback", "http://127.0.0.1:8080/callback"),
        ] {
            assert_eq!(uri(given).at(address), expected, "{given}");
        }
        let six: SocketAddr = "[::1]:4321".parse().unwrap();
        assert_eq!(uri("http://[::1]/callback").at(six), "http://[::1]:4321/callback");
    }

    #[test]
    fn says_where_to_listen() {
        let listens = |text| uri(text).address().map(|address| address.to_string());
        assert_eq!(listens("http://127.0.0.1/callback").unwrap(), "127.0.0.1:0");
        assert_eq!(listens("http://127.0.0.1:8080/callback").unwrap(), "127.0.0.1:8080");
        assert_eq!(listens("http://[::1]:8080/").unwrap(), "[::1]:8080");
        for nobody in ["http://localhost/callback", "https://127.0.0.1/callback", "https://app.example/cb"] {
            let error = listens(nobody).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{nobody}");
            assert!(error.advice().contains("127.0.0.1"));
        }
    }

    #[test]
    fn refuses_where_an_answer_must_not_go() {
        for bad in
            ["http://app.example/cb", "http://127.0.0.1/#a", "callback", "https://u:p@app.example/", ""]
        {
            let error = RedirectUri::new(bad.to_owned()).unwrap_err();
            assert_eq!((error.kind(), error.subject()), (ErrorKind::Configuration, Some("redirect_uri")));
        }
    }
}
