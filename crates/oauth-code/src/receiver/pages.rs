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
    /// Gives the class, which has a colour, then what is drawn, the title and the words.
    fn content(self) -> [&'static str; 4] {
        match self {
            Self::Failed => [
                "failed",
                "M12 6.5v6.5M12 17v.01",
                "That did not work",
                "You can close this window. The program that sent you here says why.",
            ],
            Self::Junk => [
                "junk",
                "M7 12h10",
                "There is nothing here",
                "A program on this machine waits for a login, and for nothing else.",
            ],
            Self::Worked => [
                "worked",
                "M6.5 12.5l3.5 3.5 7.5-8",
                "You are logged in",
                "You can close this window and go back to the program that sent you here.",
            ],
        }
    }
}

/// Writes a page. All of it is a literal: nothing that was sent can stand in it.
pub(super) fn page(status: StatusCode, page: Page) -> Response<Full<Bytes>> {
    let [class, path, title, words] = page.content();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <main class=\"{class}\">\n<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>\n\
         <h1>{title}</h1>\n<p>{words}</p>\n</main>\n</html>\n"
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
:root{color-scheme:light dark;--ink:#1b2230;--soft:#566074;--card:#fff;--ground:#f1f3f7;--line:#e1e5ec;\
--worked:#13804a;--failed:#b3401a;--junk:#566074}\
@media(prefers-color-scheme:dark){:root{--ink:#eceff5;--soft:#a5aec0;--card:#1b202b;--ground:#10131a;--line:#2b3240;\
--worked:#4cc98a;--failed:#ff9a6b;--junk:#a5aec0}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100svh;padding:1.25rem;display:grid;place-items:center;background:var(--ground);\
color:var(--ink);font:1.0625rem/1.6 system-ui,sans-serif}\
main{width:100%;max-width:27rem;padding:3rem 2rem;text-align:center;text-wrap:balance;background:var(--card);\
border:1px solid var(--line);border-radius:1rem;box-shadow:0 1rem 3rem -1.5rem rgba(16,24,40,.35)}\
.worked{--mark:var(--worked)}.failed{--mark:var(--failed)}.junk{--mark:var(--junk)}\
svg{width:4rem;height:4rem;padding:.5rem;border-radius:50%;stroke:var(--mark);\
background:color-mix(in srgb,var(--mark) 14%,transparent);fill:none;stroke-width:2.25;stroke-linecap:round;\
stroke-linejoin:round}\
h1{margin:1.25rem 0 .5rem;font-size:1.5rem;line-height:1.25;letter-spacing:-.01em}\
p{margin:0;color:var(--soft)}";

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
            assert!(shown.content().iter().all(|text| !text.contains(['<', '&', '"'])));
        }
    }
}
