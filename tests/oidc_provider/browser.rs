//! A browser that somebody sits at: cookies, redirects and forms, as far as oidc-provider's own pages need them.

use std::collections::BTreeMap;

use bytes::Bytes;
use claviger_client::Client;
use http::{Method, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tower::ServiceExt;

use super::{Full, OidcProvider};

/// What the person does.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Person {
    /// Fills in every form and agrees to all.
    Agrees,
    /// Follows the first link that cancels.
    Cancels,
}

pub(super) struct Browser {
    client: Client<Full>,
    /// Where the cookies go.
    url: String,
    cookies: BTreeMap<String, String>,
    person: Person,
}

impl Browser {
    pub(super) fn new(server: &OidcProvider, person: Person) -> Self {
        let (client, url) = (server.client(None), server.url.clone());
        Self { client, url, cookies: BTreeMap::new(), person }
    }

    /// Goes on until it is sent away from the server, and says where; or until there is nothing left to do, and gives
    /// the page.
    pub(super) async fn visit(&mut self, url: &str) -> String {
        let mut next = (Method::GET, url.to_owned(), String::new());
        for _ in 0..20 {
            let (method, url, form) = next;
            let (location, page) = self.load(method, &url, form).await;
            next = match (location, self.person) {
                (Some(location), _) if !location.starts_with('/') && !location.starts_with(&self.url) => {
                    return location;
                }
                (Some(location), _) => (Method::GET, self.absolute(&location), String::new()),
                (None, Person::Cancels) if page.contains("/abort\"") => {
                    let link = page
                        .split("href=\"")
                        .find(|link| link.split('"').next().unwrap().ends_with("/abort"));
                    (Method::GET, self.absolute(link.unwrap().split('"').next().unwrap()), String::new())
                }
                (None, _) if page.contains("<form") => {
                    let action = attribute(page.split_once("<form").unwrap().1, "action");
                    let action = action.unwrap_or_else(|| url.clone());
                    (Method::POST, self.absolute(&action), filled_in(&page))
                }
                (None, _) => return page,
            };
        }
        panic!("it goes on and on, at last to {}", next.1);
    }

    /// Loads one page, from anywhere.
    pub(super) async fn load(&mut self, method: Method, url: &str, form: String) -> (Option<String>, String) {
        let mut request = Request::builder().method(method).uri(url);
        if url.starts_with(&self.url) {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(Full::from(Bytes::from(form))).unwrap();
        let response = self.client.clone().oneshot(request).await.unwrap();
        self.keep_cookies(&response);
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|location| location.to_str().unwrap().to_owned());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (location, String::from_utf8(body.to_vec()).unwrap())
    }

    fn keep_cookies(&mut self, response: &Response<Incoming>) {
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn absolute(&self, url: &str) -> String {
        if url.starts_with('/') { format!("{}{url}", self.url) } else { url.to_owned() }
    }
}

/// Fills in the first form of a page: what is there stays, a name and a password come to it.
fn filled_in(page: &str) -> String {
    let form = page.split_once("<form").unwrap().1.split("</form").next().unwrap();
    let mut fields = form_urlencoded::Serializer::new(String::new());
    for input in form.split("<input").skip(1) {
        let Some(name) = attribute(input, "name") else { continue };
        let typed = if name == "login" || name == "password" { "alice".to_owned() } else { String::new() };
        fields.append_pair(&name, &attribute(input, "value").unwrap_or(typed));
    }
    fields.finish()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next().unwrap();
    let value = tag.split_once(&format!("{name}=\""))?.1;
    Some(value.split('"').next().unwrap().replace("&amp;", "&"))
}
