//! The request as it was typed. No word of a header or a body is in an error.

use bytes::Bytes;
use claviger_auth_core::{Error, ErrorKind};
use claviger_profiles::belongs_to_the_client;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use http_body_util::Full;

use crate::{args::RequestArguments, input};

/// Makes the request. The layers refuse `own_headers` too, but cannot know what to type instead.
pub(super) fn build(
    arguments: &RequestArguments,
    url: Uri,
    own_headers: &[HeaderName],
) -> Result<Request<Full<Bytes>>, Error> {
    let mut headers = HeaderMap::new();
    for typed in &arguments.headers {
        let (name, value) = header(typed)?;
        if own_headers.contains(&name) {
            return Err(Error::new(ErrorKind::Configuration, "this header is set as the profile says")
                .with_subject(format!("-H, {name}"))
                .with_advice("leave it out; a tenant is named with --tenant"));
        }
        headers.append(name, value);
    }
    let body = arguments.data.as_deref().map(|typed| input::read("-d", typed, u64::MAX)).transpose()?;
    if body.is_some() {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    }
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!("claviger/", env!("CARGO_PKG_VERSION"))));

    let mut request = Request::new(Full::new(body.unwrap_or_default()));
    *request.method_mut() = method(&arguments.method)?;
    *request.uri_mut() = url;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Methods are told apart by case (RFC 9110 §9.1), but nobody means another one by `get`.
fn method(typed: &str) -> Result<Method, Error> {
    let upper = typed.to_ascii_uppercase();
    let name = if COMMON.contains(&&*upper) { &upper } else { typed };
    let bad = |what| {
        Error::new(ErrorKind::Configuration, what)
            .with_subject("METHOD")
            .with_advice("write the method first, such as GET, then the path")
    };
    if typed.eq_ignore_ascii_case("CONNECT") {
        return Err(bad("CONNECT asks a proxy for a tunnel, and no server for anything"));
    }
    Method::from_bytes(name.as_bytes()).map_err(|_| bad("this is no HTTP method"))
}

fn header(typed: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let bad = |what| Error::new(ErrorKind::Configuration, what).with_subject("-H").with_advice(WRITE_HEADER);
    let (name, value) = typed.split_once(':').ok_or_else(|| bad("a header has no colon"))?;
    let name: HeaderName = name.trim().parse().map_err(|_| bad("a header has no proper name"))?;
    if belongs_to_the_client(&name) {
        return Err(bad("this header belongs to the HTTP client")
            .with_subject(format!("-H, {name}"))
            .with_advice("leave it out; it follows from the URL and the body"));
    }
    let mut value = HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| {
        bad("the value of a header has characters that no header has").with_subject(format!("-H, {name}"))
    })?;
    value.set_sensitive(true);
    Ok((name, value))
}

const COMMON: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
const WRITE_HEADER: &str = "write it as -H 'Name: value', on one line";

#[cfg(test)]
mod tests {
    use std::fs;

    use http_body_util::BodyExt;

    use super::*;
    use crate::args::{self, Command};

    fn build(words: &[&str]) -> Result<Request<Full<Bytes>>, Error> {
        let words = ["claviger", "request"].iter().chain(words);
        let Command::Request(arguments) = args::parse(words).unwrap().command else { panic!("no request") };
        super::build(&arguments, Uri::from_static("https://api.example/"), &[http::header::AUTHORIZATION])
    }

    fn body_of(request: Request<Full<Bytes>>) -> Bytes {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(request.into_body().collect()).unwrap().to_bytes()
    }

    #[test]
    fn asks_no_server_for_a_tunnel() {
        for method in ["CONNECT", "connect"] {
            let error = build(&[method, "/"]).unwrap_err();
            assert!(error.to_string().starts_with("CONNECT asks a proxy"), "{error}");
        }
        assert!(build(&["TRACE", "/"]).is_ok());
    }

    #[test]
    fn sends_json_unless_told_otherwise() {
        let request = build(&["POST", "/", "-d", "{}"]).unwrap();
        assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(body_of(request), "{}");
        let request = build(&["GET", "/", "-d", "a", "-H", "content-type: text/plain"]).unwrap();
        assert_eq!(request.headers().get_all(CONTENT_TYPE).iter().collect::<Vec<_>>(), ["text/plain"]);
        let request = build(&["GET", "/"]).unwrap();
        assert!(!request.headers().contains_key(CONTENT_TYPE));
        assert_eq!(request.headers()[USER_AGENT], concat!("claviger/", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn sends_a_file_byte_for_byte() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, b"\xff\n\0").unwrap();
        let data = format!("@{}", file.path().display());
        assert_eq!(body_of(build(&["PUT", "/", "-d", &data]).unwrap()), &b"\xff\n\0"[..]);
        let error = build(&["PUT", "/", "-d", "@/no/such/file"]).unwrap_err();
        assert!(error.to_string().contains("/no/such/file"), "{error}");
    }

    #[test]
    fn knows_methods() {
        let method = |typed| build(&[typed, "/"]).map(|request| request.method().to_string());
        assert_eq!(method("get").unwrap(), "GET");
        assert_eq!(method("Purge").unwrap(), "Purge");
        assert!(method("GE T").is_err() && method("").is_err());
    }

    #[test]
    fn takes_headers_and_repeats_no_value() {
        let request = build(&["GET", "/", "-H", "A:b", "-H", "a:  c: d "]).unwrap();
        assert_eq!(request.headers().get_all("a").iter().collect::<Vec<_>>(), ["b", "c: d"]);
        assert!(!format!("{request:?}").contains("c: d"));
        for bad in [
            "swordfish",
            ": swordfish",
            "a b: swordfish",
            "a: sword\nfish",
            "Host: swordfish",
            "AUTHORIZATION: fish",
            "Proxy-Authorization: fish",
            "proxy-connection: fish",
            "Keep-Alive: fish",
            "Trailer: fish",
            "Expect: fish",
        ] {
            let error = build(&["GET", "/", "-H", bad]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{bad}");
            assert!(!format!("{error} {error:?} {}", error.advice()).contains("fish"), "{error}");
        }
    }
}
