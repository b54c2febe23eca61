//! How an answer is brought: type, framing, size, time.

use super::*;

pub(super) fn types() -> Vec<Case> {
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

pub(super) fn framing() -> Vec<Case> {
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

pub(super) fn sizes() -> Vec<Case> {
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

pub(super) fn timings() -> Vec<Case> {
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
