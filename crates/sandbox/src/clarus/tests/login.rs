//! What may and may not come of a login, from the page to the refresh token.

use std::collections::HashMap;

use claviger_sandbox_stage::{Decision, Event, Fault, RefreshTokens, Times};
use http::HeaderMap;
use http_body_util::BodyExt as _;

use super::*;

mod tokens;

/// Of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "http://127.0.0.1:49152/callback";
const STATE: &str = "a state/with+odd characters&more";

type Pairs<'a> = Vec<(&'a str, &'a str)>;

fn encode(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes().fold(String::new(), |escaped, byte| match byte {
            byte if byte.is_ascii_alphanumeric() => escaped + &char::from(byte).to_string(),
            byte => escaped + &format!("%{byte:02X}"),
        })
    };
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&")
}

/// Takes away what `encode` does, and `+`.
fn decode(query: &str) -> HashMap<String, String> {
    let unescape = |text: &str| {
        let (mut bytes, mut text) = (Vec::new(), text.replace('+', " "));
        while let Some(first) = text.bytes().next() {
            let length = if first == b'%' { 3 } else { 1 };
            let byte = if length == 3 { u8::from_str_radix(&text[1..3], 16).unwrap() } else { first };
            bytes.push(byte);
            text.drain(..length);
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (unescape(name), unescape(value))).collect()
}

/// The right authorization request, but for what is given; an empty value takes a parameter away.
fn query<'a>(clarus: &'a Clarus, but: &[(&'a str, &'a str)]) -> String {
    let mut pairs: Pairs<'_> = vec![
        ("response_type", "code"),
        ("client_id", clarus.login().public_client_id()),
        ("redirect_uri", BACK),
        ("state", STATE),
        ("scope", "read write"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !but.iter().any(|(other, _)| other == name));
    pairs.extend(but.iter().filter(|(_, value)| !value.is_empty()));
    encode(&pairs)
}

async fn open(clarus: &Clarus, query: &str) -> (u16, HeaderMap, String) {
    let request = Request::get(format!("/oauth/authorize?{query}")).body(Body::empty()).unwrap();
    read(send(clarus.router(), request).await).await
}

async fn read(answer: Response) -> (u16, HeaderMap, String) {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// Gives the values of an attribute of all elements of a kind.
fn attributes(page: &str, element: &str, attribute: &str) -> Vec<String> {
    let start = format!("<{element} ");
    let elements = page.split(&start).skip(1);
    let tags = elements.map(|rest| rest.split('>').next().unwrap());
    let value = |tag: &str| {
        let value = tag.split(&format!("{attribute}=\"")).nth(1)?;
        Some(value.split('"').next().unwrap().to_owned())
    };
    tags.filter_map(value).collect()
}

/// Fills in the form of a page and presses a button, as a browser does.
async fn press(
    clarus: &Clarus,
    page: &str,
    (name, password): (&str, &str),
    button: &str,
) -> (u16, HeaderMap, String) {
    assert_eq!(attributes(page, "form", "method"), ["post"]);
    let action = attributes(page, "form", "action").remove(0);
    assert_eq!(attributes(page, "input", "name"), ["ticket", "username", "password"]);
    assert_eq!(attributes(page, "button", "name"), ["decision", "decision"]);
    assert!(attributes(page, "button", "value").iter().any(|value| value == button));
    let ticket = attributes(page, "input", "value").remove(0);
    let form =
        encode(&[("ticket", &ticket), ("username", name), ("password", password), ("decision", button)]);
    read(send(clarus.router(), post(&action, FORM, form)).await).await
}

fn person(clarus: &Clarus) -> (&str, &str) {
    (clarus.login().user_name(), clarus.login().password())
}

/// Takes the answer to a login apart, which must be for this client.
fn answer(clarus: &Clarus, location: &str) -> HashMap<String, String> {
    let (uri, query) = location.split_once('?').unwrap();
    let answer = decode(query);
    assert_eq!((uri, &*answer["state"], &*answer["iss"]), (BACK, STATE, &*clarus.api_url()));
    answer
}

/// Logs in without a page, and gives the code.
fn code(clarus: &Clarus, but: &[(&str, &str)]) -> String {
    let url = format!("{}?{}", clarus.login().authorize_url(), query(clarus, but));
    answer(clarus, &clarus.login().decide(&url, Decision::Allow).unwrap()).remove("code").unwrap()
}

/// Sends a form for the public client, with what is given in place of what is right.
async fn ask_for(clarus: &Clarus, path: &str, right: &[(&str, &str)], but: &[(&str, &str)]) -> (u16, Value) {
    let mut pairs: Pairs<'_> = vec![("client_id", clarus.login().public_client_id())];
    pairs.extend(right);
    pairs.retain(|(name, _)| !but.iter().any(|(other, _)| other == name));
    pairs.extend(but.iter().filter(|(_, value)| !value.is_empty()));
    let (status, _, text) = read(send(clarus.router(), post(path, FORM, encode(&pairs))).await).await;
    (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
}

async fn exchange(clarus: &Clarus, code: &str, but: &[(&str, &str)]) -> (u16, Value) {
    let right = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    ask_for(clarus, "/oauth/token", &right, but).await
}

async fn refresh(clarus: &Clarus, token: &str, but: &[(&str, &str)]) -> (u16, Value) {
    let right = [("grant_type", "refresh_token"), ("refresh_token", token)];
    ask_for(clarus, "/oauth/token", &right, but).await
}

async fn logged_in(clarus: &Clarus) -> (String, String) {
    let (status, body) = exchange(clarus, &code(clarus, &[]), &[]).await;
    assert_eq!(status, 200, "{body}");
    tokens(&body)
}

fn tokens(body: &Value) -> (String, String) {
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

async fn status_of(clarus: &Clarus, token: &str) -> u16 {
    ask(clarus, get("/api/orders", token, "acme")).await.0
}

fn refused(code: &str, (status, body): &(u16, Value)) -> bool {
    *status == 400 && body["error"] == code
}

#[tokio::test]
async fn somebody_logs_in_with_a_browser() {
    let clarus = clarus();
    let (status, headers, page) = open(&clarus, &query(&clarus, &[])).await;
    assert_eq!(status, 200);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-type", "text/html; charset=utf-8"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(headers[name], value);
    }
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'; "));
    assert!(!page.contains("<script"));
    for shown in [person(&clarus).0, person(&clarus).1, "<li>read</li><li>write</li>", "ClarusWMS"] {
        assert!(page.contains(shown), "{shown}");
    }

    let (status, headers, _) = press(&clarus, &page, person(&clarus), "allow").await;
    assert_eq!((status, &headers["cache-control"]), (303, &"no-store".parse().unwrap()));
    let answer = answer(&clarus, headers["location"].to_str().unwrap());
    assert_eq!(answer.len(), 3);
    let (status, body) = exchange(&clarus, &answer["code"], &[]).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &"Bearer".into(), &300.into()));
    assert_eq!(body["scope"], "read write");
    assert_eq!(status_of(&clarus, &tokens(&body).0).await, 200);
    assert_eq!(clarus.journal().events(), [Event::LoginShown, Event::LoginAllowed, Event::CodeExchanged]);
}

#[tokio::test]
async fn who_denies_gives_nothing_but_the_news() {
    let clarus = clarus();
    let (_, _, page) = open(&clarus, &query(&clarus, &[])).await;
    let (status, headers, _) = press(&clarus, &page, ("", ""), "deny").await;
    let answer = answer(&clarus, headers["location"].to_str().unwrap());
    assert_eq!((status, &*answer["error"], answer.get("code")), (303, "access_denied", None));
    assert_eq!(clarus.journal().events(), [Event::LoginShown, Event::LoginDenied]);
    let url = format!("{}?{}", clarus.login().authorize_url(), query(&clarus, &[]));
    let denied = clarus.login().decide(&url, Decision::Deny).unwrap();
    assert_eq!(denied, headers["location"]);
    assert!(clarus.login().decide("https://127.0.0.1/", Decision::Allow).is_err());
}

#[tokio::test]
async fn a_page_is_sent_once_and_a_wrong_password_brings_another() {
    let clarus = clarus();
    let (_, _, page) = open(&clarus, &query(&clarus, &[])).await;
    let (name, password) = person(&clarus);
    let mut next = page.clone();
    for wrong in [(name, "x"), ("x", password), (name, ""), ("", "")] {
        let (status, headers, another) = press(&clarus, &next, wrong, "allow").await;
        assert_eq!((status, headers.get("location")), (403, None));
        assert!(another.contains("wrong"));
        next = another;
    }
    // Those that were sent are of no use, not even with the right password.
    let (status, headers, _) = press(&clarus, &page, (name, password), "allow").await;
    assert_eq!((status, headers.get("location")), (400, None));
    assert_eq!(press(&clarus, &next, (name, password), "allow").await.0, 303);
    assert_eq!(press(&clarus, &next, (name, password), "allow").await.0, 400);
    let events = clarus.journal().events();
    assert_eq!((events[1], events[5], events.len()), (Event::LoginFailed, Event::LoginAllowed, 6));

    // Nor is a form without a ticket, or with a made-up one, or another button.
    let (_, _, page) = open(&clarus, &query(&clarus, &[])).await;
    let ticket = attributes(&page, "input", "value").remove(0);
    for (ticket, decision) in [("", "allow"), ("x", "allow"), (&*ticket, "perhaps")] {
        let form =
            encode(&[("ticket", ticket), ("username", name), ("password", password), ("decision", decision)]);
        let (status, headers, _) =
            read(send(clarus.router(), post("/oauth/authorize", FORM, form)).await).await;
        assert_eq!((status, headers.get("location")), (400, None), "{decision}");
    }
    let form = post("/oauth/authorize", JSON, "{}");
    assert_eq!(send(clarus.router(), form).await.status(), 400);
}

#[tokio::test]
async fn nobody_is_sent_where_nobody_registered() {
    let clarus = clarus();
    let twice = |name: &str| format!("{}&{name}=x", query(&clarus, &[]));
    let but = |name, value| query(&clarus, &[(name, value)]);
    for query in [
        but("client_id", ""),
        but("client_id", "somebody"),
        but("redirect_uri", ""),
        but("redirect_uri", "https://evil.example/callback"),
        but("redirect_uri", "http://localhost:49152/callback"),
        but("redirect_uri", "http://127.0.0.1:49152/other"),
        but("redirect_uri", "http://127.0.0.1:80@evil.example/callback"),
        twice("client_id"),
        twice("redirect_uri"),
        String::new(),
    ] {
        let (status, headers, page) = open(&clarus, &query).await;
        assert_eq!((status, headers.get("location")), (400, None), "{query}");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(page.starts_with("<!DOCTYPE html>") && !page.contains("<form"), "{query}");
    }
    assert_eq!(clarus.journal().events(), []);
}

#[tokio::test]
async fn what_else_is_wrong_is_sent_back_with_the_state_and_the_issuer() {
    let clarus = clarus();
    for (name, value, code) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", VERIFIER.split_at(42).0, "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "s256", "invalid_request"),
        ("scope", "a \"b\"", "invalid_scope"),
    ] {
        let (status, headers, _) = open(&clarus, &query(&clarus, &[(name, value)])).await;
        let answer = answer(&clarus, headers["location"].to_str().unwrap());
        assert_eq!((status, &*answer["error"], answer.get("code")), (303, code, None), "{name}={value}");
        assert!(answer.contains_key("error_description"));
    }
    for (query, state) in [
        (query(&clarus, &[("state", "")]), None),
        (format!("{}&state=x", query(&clarus, &[])), None),
        (format!("{}&scope=x", query(&clarus, &[])), Some(STATE)),
    ] {
        let (status, headers, _) = open(&clarus, &query).await;
        let answer = decode(headers["location"].to_str().unwrap().split_once('?').unwrap().1);
        assert_eq!(
            (status, &*answer["error"], &*answer["iss"]),
            (303, "invalid_request", &*clarus.api_url())
        );
        assert_eq!(answer.get("state").map(|state| &**state), state, "{query}");
    }
}

#[tokio::test]
async fn what_was_sent_is_text_on_the_page() {
    let clarus = clarus();
    let (status, _, page) = open(&clarus, &query(&clarus, &[("scope", "<script>alert('1')</script>")])).await;
    assert_eq!(status, 200);
    assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
    assert!(!page.contains("<script"));
}
