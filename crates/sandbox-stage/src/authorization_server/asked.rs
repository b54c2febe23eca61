//! Reads an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::AuthorizationServer;
use crate::provider::Emulate as _;

/// Holds a request that a person may be shown.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) scope: Option<String>,
    pub(super) challenge: String,
}

/// Says what is wrong with a request.
pub(super) struct Wrong {
    pub(super) text: &'static str,
    /// The error code, and where it is sent: nowhere, if that address may be anybody's (RFC 6749 §4.1.2.1).
    pub(super) sent: Option<Sent>,
}

pub(super) struct Sent {
    pub(super) code: &'static str,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
}

impl AuthorizationServer {
    pub(super) fn read(&self, query: &str) -> Result<Asked, Wrong> {
        let shown = |text| Wrong { text, sent: None };
        let query = Query::read(query);
        let once = |name, repeated| query.once(name).map_err(|()| shown(repeated));
        let client = once("client_id", "client_id is repeated")?.ok_or(shown("client_id is missing"))?;
        if client != self.public_client_id() && client != self.shared.provider.account().id() {
            return Err(shown("nobody registered this client_id"));
        }
        // RFC 6749 §3.1.2.3: it may be left out if only one is registered. Here there are more.
        let redirect_uri =
            once("redirect_uri", "redirect_uri is repeated")?.ok_or(shown("redirect_uri is missing"))?;
        if !is_registered(self.shared.terms.redirect_uris, redirect_uri) {
            return Err(shown("nobody registered this redirect_uri"));
        }
        query.rest(client, redirect_uri).map_err(|(code, text)| {
            let state = query.once("state").ok().flatten().map(ToOwned::to_owned);
            Wrong { text, sent: Some(Sent { code, redirect_uri: redirect_uri.to_owned(), state }) }
        })
    }
}

/// Holds the parameters. RFC 6749 §3.1: those without a value count as absent.
struct Query(Vec<(String, String)>);

impl Query {
    fn read(text: &str) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// RFC 6749 §3.1: none is there twice.
    fn once(&self, name: &str) -> Result<Option<&str>, ()> {
        let mut values = self.0.iter().filter(|(other, _)| other == name);
        let first = values.next().map(|(_, value)| &**value);
        if values.next().is_some() { Err(()) } else { Ok(first) }
    }

    /// Reads what is sent back if it is wrong.
    fn rest(&self, client: &str, redirect_uri: &str) -> Result<Asked, (&'static str, &'static str)> {
        let invalid = |text| ("invalid_request", text);
        let once = |name| self.once(name).map_err(|()| invalid("a parameter is repeated"));
        match once("response_type")?.ok_or(invalid("response_type is missing"))? {
            "code" => {}
            _ => return Err(("unsupported_response_type", "only code is")),
        }
        // It may be left out (RFC 6749 §4.1.1). The sandbox wants one from everybody, and PKCE besides.
        let state = once("state")?.ok_or(invalid("state is missing"))?;
        let challenge = once("code_challenge")?.ok_or(invalid("code_challenge is missing"))?;
        // RFC 7636 §4.3: without the method it would be `plain`.
        if once("code_challenge_method")? != Some("S256") {
            return Err(invalid("code_challenge_method is not S256"));
        }
        // RFC 7636 §4.2: the SHA-256 of something.
        if URL_SAFE_NO_PAD.decode(challenge).map_or(0, |digest| digest.len()) != 32 {
            return Err(invalid("code_challenge is none of S256"));
        }
        let scope = once("scope")?;
        if !scope.is_none_or(is_scope) {
            return Err(("invalid_scope", "scope has characters that belong in none"));
        }
        Ok(Asked {
            client: client.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.to_owned(),
            scope: scope.map(ToOwned::to_owned),
            challenge: challenge.to_owned(),
        })
    }
}

/// RFC 6749 §3.3: words of printable ASCII without quotes and backslashes, one space between two.
fn is_scope(scope: &str) -> bool {
    scope.split(' ').all(|word| {
        !word.is_empty() && word.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    })
}

/// RFC 9700 §2.1: compared as it is, but for the port of a loopback address, which is not known beforehand
/// (RFC 8252 §7.3).
fn is_registered(registered: &[&str], given: &str) -> bool {
    let portless = without_port(given);
    registered.iter().any(|one| *one == given || portless.as_deref() == Some(*one))
}

fn without_port(uri: &str) -> Option<String> {
    let (host, rest) = ["http://127.0.0.1", "http://[::1]"]
        .into_iter()
        .find_map(|host| Some((host, uri.strip_prefix(host)?.strip_prefix(':')?)))?;
    let (port, path) = rest.split_once('/')?;
    let is_port =
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    is_port.then(|| format!("{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_port_of_loopback_is_registered_and_nothing_else() {
        let registered = ["http://127.0.0.1/callback", "http://[::1]/callback", "https://acme.example/back"];
        for right in [
            "http://127.0.0.1/callback",
            "http://127.0.0.1:1/callback",
            "http://127.0.0.1:65535/callback",
            "http://[::1]:49152/callback",
            "https://acme.example/back",
        ] {
            assert!(is_registered(&registered, right), "{right}");
        }
        for wrong in [
            "http://localhost:8080/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:+80/callback",
            "http://127.0.0.1:80",
            "http://127.0.0.1:80/",
            "http://127.0.0.1:80/Callback",
            "http://127.0.0.1:80/callback/",
            "http://127.0.0.1:80/callback?a=b",
            "http://127.0.0.1:80/callback#a",
            "http://127.0.0.1:80/%63allback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://127.0.0.1.evil.example/callback",
            "http://127.0.0.2:80/callback",
            "http://127.1:80/callback",
            "http://[::2]:80/callback",
            "https://127.0.0.1:80/callback",
            "HTTP://127.0.0.1:80/callback",
            "https://acme.example:8443/back",
            "javascript:alert(1)//",
        ] {
            assert!(!is_registered(&registered, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_scope_is_words_with_one_space_between() {
        for (text, right) in [
            ("read", true),
            ("read write:all #!~", true),
            ("a  b", false),
            (" a", false),
            ("a\"b", false),
            ("a\\b", false),
            ("ä", false),
            ("a\tb", false),
        ] {
            assert_eq!(is_scope(text), right, "{text}");
        }
    }
}
