//! What the browser shows: pages without scripts, links, parameters or anything from elsewhere.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use http_body_util::Full;
use sha2::{Digest, Sha256};

#[derive(Clone, Copy)]
pub(super) enum Page {
    Failed,
    Junk,
    Worked,
}

impl Page {
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Failed => (
                "!",
                "That did not work",
                "You can close this window. The program that sent you here says why.",
            ),
            Self::Junk => (
                "?",
                "There is nothing here",
                "A program on this machine waits for a login, and for nothing else.",
            ),
            Self::Worked => (
                "\u{2713}",
                "You are logged in",
                "You can close this window and go back to the program that sent you here.",
            ),
        }
    }
}

/// Writes a page. All of it is a literal: nothing that was sent can stand in it.
pub(super) fn page(status: StatusCode, page: Page) -> Response<Full<Bytes>> {
    let (mark, title, words) = page.words();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n<main>\n<p \
         class=\"mark\">{mark}</p>\n<h1>{title}</h1>\n<p>{words}</p>\n</main>\n</html>\n"
    );
    let mut response = bare(status, html);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

/// Sends the browser on, so that code and state stay in no address bar and no history.
pub(super) fn see_other(path: &str) -> Response<Full<Bytes>> {
    let mut response = bare(StatusCode::SEE_OTHER, String::new());
    // A path that was parsed out of a URL is a header's value.
    if let Ok(path) = path.parse() {
        response.headers_mut().insert(LOCATION, path);
    }
    response
}

fn bare(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = policy.parse() {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1.05rem/1.6 system-ui,sans-serif;\
background:#f4f5f7;color:#1d2330}\
main{max-width:26rem;margin:1rem;padding:2.5rem;text-align:center;background:#fff;border-radius:1rem;\
box-shadow:0 .5rem 2rem rgba(20,30,60,.1)}\
.mark{width:3.5rem;height:3.5rem;line-height:3.5rem;margin:0 auto 1rem;border-radius:50%;font-size:1.6rem;\
background:#2f5bd7;color:#fff}\
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}\
p{margin:0}\
@media(prefers-color-scheme:dark){body{background:#14171f;color:#e8eaf0}main{background:#1e232e;box-shadow:none}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_nothing_and_tell_nobody() {
        for shown in [Page::Failed, Page::Junk, Page::Worked] {
            let response = page(StatusCode::OK, shown);
            let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
            assert_eq!(response.headers()[REFERRER_POLICY], "no-referrer");
            let (_, title, words) = shown.words();
            assert!(!title.contains(['<', '&']) && !words.contains(['<', '&']));
        }
    }
}
