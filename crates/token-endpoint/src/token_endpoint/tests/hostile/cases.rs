//! What the server does, case by case.

use std::time::Duration;

use claviger_auth_core::ErrorKind::{
    self, ClientCertificate, Configuration, Connect, CredentialsRefused, Protocol, Timeout, Unavailable,
};

#[derive(Clone)]
pub(super) enum Step {
    /// One byte after each pause.
    Drip(Vec<u8>, Duration),
    /// Again and again, for as long as somebody takes it.
    Flood(Vec<u8>),
    Hang,
    /// A whole request.
    Hear,
    Say(Vec<u8>),
    Wait(Duration),
}

pub(super) enum Outcome {
    Fails(ErrorKind),
    /// With a life of so many seconds.
    Token(Option<u64>),
    /// Unavailable, with what is made of `Retry-After`.
    Waits(Option<u64>),
}

use Outcome::{Fails, Token, Waits};
use Step::{Drip, Flood, Hang, Hear, Say, Wait};

pub(super) struct Case {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
    pub(super) outcome: Outcome,
}

fn case(name: impl Into<String>, steps: Vec<Step>, outcome: Outcome) -> Case {
    // Last of all it hangs up.
    Case { name: name.into(), steps: [vec![Hear], steps].concat(), outcome }
}

/// A whole answer, with a length.
fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "content-type: application/json\r\n", body)
}

const TOKEN: &str = r#"{"access_token":"canary","expires_in":60}"#;

pub(super) fn cases() -> Vec<Case> {
    [
        statuses(),
        redirects(),
        codes(),
        types(),
        framing(),
        sizes(),
        timings(),
        json(),
        members(),
        lives(),
        waits(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn statuses() -> Vec<Case> {
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

fn redirects() -> Vec<Case> {
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

fn codes() -> Vec<Case> {
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

fn types() -> Vec<Case> {
    let utf_16: Vec<u8> = TOKEN.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut cases: Vec<_> = [
        ("no type", ""),
        ("a page's type", "content-type: text/html\r\n"),
        ("a type that is none", "content-type: canary canary;;;=\r\n"),
        ("two types", "content-type: text/html\r\ncontent-type: image/png\r\n"),
        ("a character set that is not so", "content-type: application/json; charset=utf-16\r\n"),
        ("an encoding that changes nothing", "content-encoding: identity\r\n"),
        ("an empty encoding", "content-encoding: \r\n"),
    ]
    .map(|(name, headers)| case(name, vec![Say(answer("200 OK", headers, TOKEN))], Token(Some(60))))
    .into();
    cases.extend(
        [
            "gzip",
            "GZIP",
            "br",
            "deflate",
            "zstd",
            "identity, gzip",
            "canary",
            "gzip\r\ncontent-encoding: identity",
        ]
        .map(|encoding| {
            let headers = format!("content-encoding: {encoding}\r\n");
            case(
                format!("encoded by {encoding}"),
                vec![Say(answer("200 OK", &headers, TOKEN))],
                Fails(Protocol),
            )
        }),
    );
    cases.push(case(
        "an encoded refusal",
        vec![Say(answer("401 no", "content-encoding: gzip\r\n", "\x1f"))],
        Fails(CredentialsRefused),
    ));
    for (name, body, outcome) in [
        ("a byte order mark", [b"\xef\xbb\xbf", TOKEN.as_bytes()].concat(), Token(Some(60))),
        ("UTF-16", utf_16, Fails(Protocol)),
        ("Latin-1", b"{\"access_token\":\"canary\xe4\"}".to_vec(), Fails(Protocol)),
        ("no text at all", (0..=255).collect(), Fails(Protocol)),
        ("a form", b"access_token=canary&expires_in=60".to_vec(), Fails(Protocol)),
        ("XML", b"<?xml version='1.0'?><access_token>canary</access_token>".to_vec(), Fails(Protocol)),
        ("YAML", b"access_token: canary".to_vec(), Fails(Protocol)),
        ("JSON with padding", format!("canary({TOKEN})").into_bytes(), Fails(Protocol)),
        ("JSON behind a guard", format!(")]}}',\n{TOKEN}").into_bytes(), Fails(Protocol)),
    ] {
        cases.push(case(name, vec![Say(ok(body))], outcome));
    }
    cases
}

fn framing() -> Vec<Case> {
    let length = TOKEN.len();
    let chunked =
        |body: &str| format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}").into_bytes();
    let raw = |text: String| text.into_bytes();
    [
        ("in chunks", chunked(&format!("{length:x}\r\n{TOKEN}\r\n0\r\n\r\n")), Token(Some(60))),
        ("in chunks with an extension", chunked(&format!("{length:x};canary=1\r\n{TOKEN}\r\n0\r\n\r\n")), Token(Some(60))),
        ("in chunks with a trailer", chunked(&format!("{length:x}\r\n{TOKEN}\r\n0\r\nx-a: canary\r\n\r\n")), Token(Some(60))),
        ("in chunks that end early", chunked(&format!("{length:x}\r\n{TOKEN}\r\n")), Fails(Connect)),
        ("a chunk that ends early", chunked(&format!("ff\r\n{TOKEN}")), Fails(Connect)),
        ("a chunk of no size", chunked(&format!("canary\r\n{TOKEN}\r\n0\r\n\r\n")), Fails(Connect)),
        ("a chunk of any size", chunked(&format!("ffffffffffffffff\r\n{TOKEN}")), Fails(Connect)),
        ("a chunk of more than any size", chunked(&format!("1ffffffffffffffff\r\n{TOKEN}")), Fails(Connect)),
        ("up to the end of the connection", raw(format!("HTTP/1.1 200 OK\r\n\r\n{TOKEN}")), Token(Some(60))),
        ("HTTP/1.0", raw(format!("HTTP/1.0 200 OK\r\n\r\n{TOKEN}")), Token(Some(60))),
        ("HTTP/0.9", raw(TOKEN.to_owned()), Fails(Connect)),
        ("HTTP/2", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00".to_vec(), Fails(Connect)),
        ("HTTP/3.0 in words", raw(format!("HTTP/3.0 200 OK\r\n\r\n{TOKEN}")), Fails(Connect)),
        ("TLS", b"\x15\x03\x03\x00\x02\x02\x28".to_vec(), Fails(Connect)),
        ("SSH", b"SSH-2.0-canary\r\n".to_vec(), Fails(Connect)),
        ("no HTTP", b"canary canary canary\r\n\r\n".to_vec(), Fails(Connect)),
        ("a length that is too long", raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{TOKEN}")), Fails(Connect)),
        ("a length that is too short", raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{TOKEN}")), Fails(Protocol)),
        ("a length below nothing", raw(format!("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{TOKEN}")), Fails(Connect)),
        ("a length in words", raw(format!("HTTP/1.1 200 OK\r\ncontent-length: canary\r\n\r\n{TOKEN}")), Fails(Connect)),
        (
            "two lengths",
            raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 9\r\ncontent-length: {length}\r\n\r\n{TOKEN}")),
            Fails(Connect),
        ),
        (
            "a length and chunks",
            raw(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{TOKEN}\r\n0\r\n\r\n"
            )),
            Token(Some(60)),
        ),
        ("nothing", Vec::new(), Fails(Connect)),
        ("half a status line", b"HTTP/1.1 2".to_vec(), Fails(Connect)),
        ("half a head", b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(), Fails(Connect)),
        ("half a body", raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{{\"access_token\":\"can")), Fails(Connect)),
        ("half a refusal", b"HTTP/1.1 401 no\r\ncontent-length: 99\r\n\r\n{\"error\":".to_vec(), Fails(CredentialsRefused)),
        ("NUL in a header", raw(format!("HTTP/1.1 200 OK\r\nx-a: can\0ary\r\n\r\n{TOKEN}")), Fails(Connect)),
        ("a header without a name", raw(format!("HTTP/1.1 200 OK\r\n: canary\r\n\r\n{TOKEN}")), Fails(Connect)),
        ("a header with a space in its name", raw(format!("HTTP/1.1 200 OK\r\nx a: canary\r\n\r\n{TOKEN}")), Fails(Connect)),
        ("a header that is folded", raw(format!("HTTP/1.1 200 OK\r\nx-a: b\r\n canary\r\n\r\n{TOKEN}")), Fails(Connect)),
        ("a second answer behind the first", [ok(TOKEN), ok("canary")].concat(), Token(Some(60))),
    ]
    .map(|(name, bytes, outcome)| case(name, vec![Say(bytes)], outcome))
    .into()
}

fn sizes() -> Vec<Case> {
    let head = |status: &str, more: &str| format!("HTTP/1.1 {status}\r\n{more}\r\n").into_bytes();
    let chunk = || Flood(format!("1000\r\n{}\r\n", "canary..".repeat(512)).into_bytes());
    let spaces = |count: usize| [" ".repeat(count).as_bytes(), TOKEN.as_bytes()].concat();
    let long = |name: &str, value: String| {
        ok(format!(r#"{{"access_token":"canary","expires_in":60,"{name}":{value}}}"#))
    };
    vec![
        case("just a mebibyte", vec![Say(ok(spaces((1 << 20) - TOKEN.len())))], Token(Some(60))),
        case(
            "a byte more than a mebibyte",
            vec![Say(ok(spaces((1 << 20) + 1 - TOKEN.len())))],
            Fails(Protocol),
        ),
        case(
            "chunks without end",
            vec![Say(head("200 OK", "transfer-encoding: chunked\r\n")), chunk()],
            Fails(Protocol),
        ),
        case(
            "a body without end",
            vec![Say(head("200 OK", "")), Flood(b"canary".repeat(1000))],
            Fails(Protocol),
        ),
        case(
            "a body of a terabyte",
            vec![Say(head("200 OK", "content-length: 1099511627776\r\n")), Flood(b"canary".repeat(1000))],
            Fails(Protocol),
        ),
        case(
            "a refusal without end",
            vec![Say(head("401 no", "")), Flood(b"canary".repeat(1000))],
            Fails(CredentialsRefused),
        ),
        case(
            "an overload without end",
            vec![Say(head("503 no", "")), Flood(b"canary".repeat(1000))],
            Fails(Unavailable),
        ),
        case(
            "a head without end",
            vec![Say(b"HTTP/1.1 200 OK\r\n".to_vec()), Flood(b"x-a: canary\r\n".repeat(1000))],
            Fails(Connect),
        ),
        case(
            "a header without end",
            vec![Say(b"HTTP/1.1 200 OK\r\nx-a: ".to_vec()), Flood(b"canary".repeat(1000))],
            Fails(Connect),
        ),
        case(
            "a status line without end",
            vec![Say(b"HTTP/1.1 200 ".to_vec()), Flood(b"canary".repeat(1000))],
            Fails(Connect),
        ),
        case(
            "trailers without end",
            vec![
                Say(head("200 OK", "transfer-encoding: chunked\r\n")),
                Say(b"0\r\n".to_vec()),
                Flood(b"x-a: canary\r\n".repeat(1000)),
            ],
            Fails(Connect),
        ),
        case(
            "a long token",
            vec![Say(ok(format!(r#"{{"access_token":"canary{}"}}"#, "a".repeat(1 << 19))))],
            Token(None),
        ),
        case(
            "a long unknown member",
            vec![Say(long("x", format!("\"{}\"", "a".repeat(1 << 19))))],
            Token(Some(60)),
        ),
        case(
            "many members",
            vec![Say(long("x", format!("1{}", ",\"x\":1".repeat(100_000))))],
            Token(Some(60)),
        ),
        case(
            "many scopes",
            vec![Say(long("scope", format!("\"{}\"", "a ".repeat(100_000))))],
            Token(Some(60)),
        ),
        case(
            "a number of many digits",
            vec![Say(long("expires_in", "9".repeat(100_000)))],
            Token(Some(TEN_YEARS)),
        ),
        case(
            "deep lists",
            vec![Say(long("x", ["[".repeat(100_000), "]".repeat(100_000)].concat()))],
            Token(Some(60)),
        ),
        case(
            "deep objects",
            vec![Say(long("x", ["{\"y\":".repeat(50_000), "1".into(), "}".repeat(50_000)].concat()))],
            Token(Some(60)),
        ),
        case("deep lists that never close", vec![Say(long("x", "[".repeat(500_000)))], Fails(Protocol)),
        case(
            "a deep scope",
            vec![Say(long("scope", ["[".repeat(100_000), "]".repeat(100_000)].concat()))],
            Token(Some(60)),
        ),
        case(
            "a deep life",
            vec![Say(long("expires_in", ["[".repeat(100_000), "]".repeat(100_000)].concat()))],
            Token(None),
        ),
        case(
            "a deep error",
            vec![Say(long("error", ["[".repeat(100_000), "]".repeat(100_000)].concat()))],
            Token(Some(60)),
        ),
        case(
            "a deep token",
            vec![Say(ok(format!(r#"{{"access_token":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000))))],
            Fails(Protocol),
        ),
    ]
}

fn timings() -> Vec<Case> {
    let second = Duration::from_secs(1);
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 41\r\n\r\n".to_vec();
    vec![
        case("silence", vec![Hang], Fails(Timeout)),
        case("silence after the status", vec![Say(b"HTTP/1.1 200 OK\r\n".to_vec()), Hang], Fails(Timeout)),
        case("silence after the head", vec![Say(head.clone()), Hang], Fails(Timeout)),
        case("silence within the body", vec![Say(head.clone()), Say(b"{".to_vec()), Hang], Fails(Timeout)),
        case("silence after a refusal", vec![Say(b"HTTP/1.1 401 no\r\n\r\n".to_vec()), Hang], Fails(Timeout)),
        case("silence after the body", vec![Say(ok(TOKEN)), Hang], Token(Some(60))),
        case("a head by drips", vec![Drip(ok(TOKEN), second)], Fails(Timeout)),
        case("a body by drips", vec![Say(head.clone()), Drip(TOKEN.into(), second)], Fails(Timeout)),
        case(
            "chunks by drips",
            vec![
                Say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()),
                Drip(b"1\r\n \r\n".repeat(100), second),
            ],
            Fails(Timeout),
        ),
        case("a body by quick drips", vec![Say(head), Drip(TOKEN.into(), second / 2)], Token(Some(60))),
        case("at the last moment", vec![Wait(29 * second), Say(ok(TOKEN))], Token(Some(60))),
        case("too late", vec![Wait(31 * second), Say(ok(TOKEN))], Fails(Timeout)),
        case("the end after a while", vec![Wait(5 * second)], Fails(Connect)),
        Case {
            name: "an answer before the request was heard".to_owned(),
            steps: vec![Say(ok(TOKEN)), Wait(second)],
            outcome: Fails(Connect),
        },
        Case {
            name: "the end before the request was heard".to_owned(),
            steps: Vec::new(),
            outcome: Fails(Connect),
        },
        Case { name: "nobody who hears".to_owned(), steps: vec![Hang], outcome: Fails(Timeout) },
    ]
}

fn json() -> Vec<Case> {
    let wrong = [
        "",
        " \r\n\t",
        "{",
        "}",
        "{}",
        "[]",
        "\"canary\"",
        "null",
        "true",
        "7",
        "NaN",
        r#"{"access_token"}"#,
        r#"{"access_token":}"#,
        r#"{"access_token":"canary"#,
        r#"{"access_token":"canary""#,
        r#"{"access_token":"canary",}"#,
        r#"{"access_token":"canary"}}"#,
        r#"{"access_token":"canary"}{"access_token":"canary"}"#,
        r#"{'access_token':'canary'}"#,
        r#"{access_token:"canary"}"#,
        r#"{"access_token":"canary"/*canary*/}"#,
        r#"{"access_token":"canary","expires_in":Infinity}"#,
        r#"{"access_token":"canary","expires_in":0x10}"#,
        r#"{"access_token":"canary","expires_in":01}"#,
        r#"{"access_token":"canary\x"}"#,
        r#"{"access_token":"canary\u00"}"#,
        r#"{"access_token":"canary\ud800"}"#,
        "{\"access_token\":\"canary\0\"}",
        "{\"access_token\":\"canary\n\"}",
        "\0",
        r#"[{"access_token":"canary"}]"#,
        r#"{"data":{"access_token":"canary"}}"#,
        r#"{"Access_Token":"canary"}"#,
        r#"{"id_token":"canary"}"#,
    ];
    wrong.map(|body| case(format!("the body {body:?}"), vec![Say(ok(body))], Fails(Protocol))).into()
}

fn members() -> Vec<Case> {
    let mut cases = Vec::new();
    let no_tokens = [
        "null",
        "\"\"",
        "7",
        "true",
        "[\"canary\"]",
        r#"{"canary":"canary"}"#,
        r#"" ""#,
        r#""canary canary""#,
        r#""canary\u0000""#,
        r#""canary\r\nx-evil: canary""#,
        r#""canary\n""#,
        r#""canary\u007f""#,
        r#""canaryä""#,
        r#""canary\u2028""#,
        r#""\ufeffcanary""#,
    ];
    cases.extend(no_tokens.map(|token| {
        case(
            format!("the token {token}"),
            vec![Say(ok(format!(r#"{{"access_token":{token}}}"#)))],
            Fails(Protocol),
        )
    }));
    for (more, outcome) in [
        (r#""access_token":"evil","access_token":"canary""#, Token(None)),
        (r#""access_token":"canary","access_token":null"#, Fails(Protocol)),
        (r#""access_token":"evil","\u0061ccess_token":"canary""#, Token(None)),
        (r#""access_token":"canary","expires_in":1,"expires_in":60"#, Token(Some(60))),
        (r#""access_token":"canary","error":"invalid_client","error":null"#, Token(None)),
        (r#""access_token":"canary","token_type":"bearer""#, Token(None)),
        (r#""access_token":"canary","token_type":" BEARER ""#, Token(None)),
        (r#""access_token":"canary","token_type":null"#, Token(None)),
        (r#""access_token":"canary","token_type":"DPoP""#, Fails(Protocol)),
        (r#""access_token":"canary","token_type":"mac""#, Fails(Protocol)),
        (r#""access_token":"canary","token_type":["Bearer"]"#, Fails(Protocol)),
        (r#""access_token":"canary","token_type":"Bearer\u0000""#, Fails(Protocol)),
        (r#""access_token":"canary","token_type":"Bearer","token_type":"DPoP""#, Fails(Protocol)),
        (r#""access_token":"canary","scope":{"a":1}"#, Token(None)),
        (r#""access_token":"canary","scope":"a\u0000b""#, Token(None)),
        (r#""access_token":"canary","refresh_token":"canary\r\n""#, Token(None)),
        (r#""access_token":"canary","":"","__proto__":{"canary":1}"#, Token(None)),
        (r#""access_token":"canary.eyJjbmYiOiI.c""#, Token(None)),
        (r#""access_token":"canary.W1tbW1tbW1tbW1s.c""#, Token(None)),
    ] {
        cases.push(case(format!("the members {more}"), vec![Say(ok(format!("{{{more}}}")))], outcome));
    }
    cases
}

const TEN_YEARS: u64 = 315_360_000;

fn lives() -> Vec<Case> {
    [
        ("0", Some(0)),
        ("-1", Some(0)),
        ("\"-1\"", Some(0)),
        ("1e308", Some(TEN_YEARS)),
        ("1e999", Some(TEN_YEARS)),
        ("-1e999", Some(0)),
        ("18446744073709551616", Some(TEN_YEARS)),
        ("9223372036854775807", Some(TEN_YEARS)),
        ("1e-999", Some(0)),
        ("0.4", Some(0)),
        ("\"3600\"", Some(3600)),
        ("\"3600s\"", None),
        ("\"\"", None),
        ("\"NaN\"", None),
        ("\"inf\"", None),
        ("null", None),
        ("true", None),
        ("{}", None),
        ("[60]", None),
        ("\"2027-01-01T00:00:00Z\"", None),
        ("\"\u{661}\"", None),
    ]
    .map(|(life, expected)| {
        let body = format!(r#"{{"access_token":"canary","expires_in":{life}}}"#);
        case(format!("a life of {life}"), vec![Say(ok(body))], Token(expected))
    })
    .into()
}

fn waits() -> Vec<Case> {
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
