//! What stands in the body of a 200.

use super::*;

pub(super) fn json() -> Vec<Case> {
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

pub(super) fn members() -> Vec<Case> {
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

pub(super) fn lives() -> Vec<Case> {
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
