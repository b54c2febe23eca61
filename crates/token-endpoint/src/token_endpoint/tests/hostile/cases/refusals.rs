//! Statuses, redirects, error codes, and how long to wait.

use super::*;

pub(super) fn statuses() -> Vec<Case> {
    let with_token = [200, 201, 202, 203, 206, 226, 299];
    let issued = with_token.map(|status| {
        case(
            format!("a token with {status}"),
            vec![Say(answer(&format!("{status} canary"), "", TOKEN))],
            Token(Some(60)),
        )
    });
    let refused = [
        (204, Protocol),
        (400, Protocol),
        (401, CredentialsRefused),
        (402, Protocol),
        (403, CredentialsRefused),
        (404, Configuration),
        (405, Configuration),
        (406, Protocol),
        (407, Configuration),
        (408, Unavailable),
        (409, Protocol),
        (410, Configuration),
        (411, Protocol),
        (413, Protocol),
        (414, Protocol),
        (415, Configuration),
        (418, Protocol),
        (421, Protocol),
        (422, Protocol),
        (425, Protocol),
        (426, Protocol),
        (428, Protocol),
        (429, Unavailable),
        (431, Protocol),
        (451, Protocol),
        (495, ClientCertificate),
        (496, ClientCertificate),
        (499, Protocol),
        (500, Unavailable),
        (501, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (505, Unavailable),
        (507, Unavailable),
        (508, Unavailable),
        (511, ClientCertificate),
        (520, Unavailable),
        (529, Unavailable),
        (599, Unavailable),
        (600, Protocol),
        (999, Protocol),
    ]
    .map(|(status, kind)| {
        let body = if status == 204 { "" } else { "canary" };
        let headers = "www-authenticate: Bearer realm=\"canary\", error=\"canary\"\r\nx-echo: swordfish\r\n";
        case(format!("{status}"), vec![Say(answer(&format!("{status} canary"), headers, body))], Fails(kind))
    });
    let odd = [
        (
            "another protocol instead",
            Say(b"HTTP/1.1 101 Canary\r\nupgrade: canary\r\n\r\n".to_vec()),
            Fails(Protocol),
        ),
        ("a status of two digits", Say(b"HTTP/1.1 20 canary\r\n\r\n".to_vec()), Fails(Connect)),
        ("a status below 100", Say(b"HTTP/1.1 099 canary\r\n\r\n".to_vec()), Fails(Connect)),
        ("a status in words", Say(b"HTTP/1.1 canary\r\n\r\n".to_vec()), Fails(Connect)),
        ("no reason", Say(ok(TOKEN)), Token(Some(60))),
        (
            "hints first",
            Say([
                &b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: canary\r\n\r\n"[..],
                &ok(TOKEN),
            ]
            .concat()),
            Token(Some(60)),
        ),
        ("hints without end", Flood(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec()), Fails(Timeout)),
    ];
    issued
        .into_iter()
        .chain(refused)
        .chain(odd.map(|(name, step, outcome)| case(name, vec![step], outcome)))
        .collect()
}

pub(super) fn redirects() -> Vec<Case> {
    let mut cases: Vec<_> = [300, 301, 302, 303, 304, 305, 307, 308]
        .map(|status| {
            let body = if status == 304 { "" } else { TOKEN };
            let answer =
                answer(&format!("{status} Found"), "location: https://evil.example/canary\r\n", body);
            case(format!("redirected by {status}"), vec![Say(answer)], Fails(Protocol))
        })
        .into();
    for (name, location) in [
        ("to plain http", "http://auth.example/oauth/token"),
        ("to itself", "https://auth.example/oauth/token"),
        ("to nowhere", ""),
        ("to a file", "file:///etc/passwd"),
        ("to a script", "javascript:canary()"),
        ("with a password", "https://canary:canary@evil.example/"),
    ] {
        let answer = answer("307 Found", &format!("location: {location}\r\n"), "");
        cases.push(case(format!("redirected {name}"), vec![Say(answer)], Fails(Protocol)));
    }
    let endless =
        b"HTTP/1.1 302 Found\r\nlocation: https://evil.example/\r\ntransfer-encoding: chunked\r\n\r\n";
    cases.push(case("a redirect that never ends", vec![Say(endless.to_vec()), Hang], Fails(Protocol)));
    let refresh = answer(
        "200 OK",
        "refresh: 0;url=https://evil.example/\r\ncontent-location: https://evil.example/\r\n",
        TOKEN,
    );
    cases.push(case("a refresh instead of a redirect", vec![Say(refresh)], Token(Some(60))));
    cases
}

pub(super) fn codes() -> Vec<Case> {
    [
        ("an error of its own", "400 no", r#"{"error":"canary"}"#, Protocol),
        ("an error that is none", "400 no", r#"{"error":{"canary":"canary"}}"#, Protocol),
        (
            "an error that echoes the secret",
            "400 no",
            r#"{"error":"swordfish","error_description":"swordfish"}"#,
            Protocol,
        ),
        ("a code of another case", "400 no", r#"{"error":"INVALID_CLIENT"}"#, Protocol),
        ("two codes", "400 no", r#"{"error":"invalid_scope","error":"invalid_client"}"#, CredentialsRefused),
        ("a code within a page", "400 no", r#"<html>{"error":"invalid_client"}"#, Protocol),
        ("a token with 401", "401 no", TOKEN, CredentialsRefused),
        ("a token with 500", "500 no", TOKEN, Unavailable),
        (
            "a token and an error",
            "200 OK",
            r#"{"access_token":"canary","error":"invalid_client"}"#,
            CredentialsRefused,
        ),
        (
            "a token and an error of its own",
            "200 OK",
            r#"{"access_token":"canary","error":"canary"}"#,
            Protocol,
        ),
        ("an overload with 200", "200 OK", r#"{"error":"temporarily_unavailable"}"#, Unavailable),
        ("a maintenance page", "503 no", "<!DOCTYPE html><title>canary", Unavailable),
        ("a login page", "200 OK", "<!DOCTYPE html><form action=canary>", Protocol),
        (
            "nginx asks for a certificate",
            "400 no",
            "<html>No required SSL certificate was sent",
            ClientCertificate,
        ),
    ]
    .map(|(name, status, body, kind)| case(name, vec![Say(answer(status, "", body))], Fails(kind)))
    .into()
}

pub(super) fn waits() -> Vec<Case> {
    let mut cases: Vec<_> = [
        ("2", Some(2)),
        ("0", Some(0)),
        ("300", Some(300)),
        ("-5", None),
        ("1.5", None),
        ("canary", None),
        ("", None),
        ("1 2", None),
        ("+5", None),
        ("0x10", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
        ("Sun, 31 Feb 2094 08:49:37 GMT", None),
        ("\u{e4}", None),
    ]
    .map(|(value, wait)| {
        let answer = answer("429 no", &format!("retry-after: {value}\r\n"), "");
        case(format!("to wait for {value:?}"), vec![Say(answer)], Waits(wait))
    })
    .into();
    cases.extend(["301", "864000", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"].map(
        |value| {
            let answer = answer("503 no", &format!("retry-after: {value}\r\n"), "");
            case(format!("to wait for {value:?}, capped"), vec![Say(answer)], Waits(Some(300)))
        },
    ));
    let twice = answer("503 no", "retry-after: 2\r\nretry-after: 864000\r\n", "");
    cases.push(case("to wait twice", vec![Say(twice)], Waits(Some(2))));
    let refused = answer("401 no", "retry-after: 2\r\n", "");
    cases.push(case("to wait though it is in vain", vec![Say(refused)], Fails(CredentialsRefused)));
    cases
}
