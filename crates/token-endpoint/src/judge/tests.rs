use std::time::Duration;

use claviger_auth_core::Thumbprint;
use http::HeaderValue;
use secrecy::ExposeSecret;

use super::*;
use crate::wiped::Wiped;

fn answer(status: u16, body: &str) -> Answer {
    let mut whole = Wiped::default();
    whole.push_str(body);
    let status = StatusCode::from_u16(status).unwrap();
    Answer { status, retry_after: None, body: AnswerBody::Whole(whole) }
}

fn judged(status: u16, body: &str) -> Result<TokenAnswer, Error> {
    judged_for("", &answer(status, body))
}

/// With what stands beside the body, as the endpoint adds it.
fn judged_for(scope: &str, answer: &Answer) -> Result<TokenAnswer, Error> {
    judge(answer, scope).map_err(|error| with_head(error, answer, SystemTime::UNIX_EPOCH))
}

fn refusal(status: u16, body: &str) -> Error {
    judged(status, body).expect_err(body)
}

/// Puts these members beside an access token, and judges that.
fn life(members: &str) -> Option<f64> {
    let token = judged(200, &format!(r#"{{"access_token":"t"{members}}}"#)).expect(members).access_token;
    token.expires_in().map(|life| life.as_secs_f64())
}

#[test]
fn hands_out_the_refresh_token_and_never_shows_it() {
    let answer = judged(200, r#"{"access_token":"t","refresh_token":"swordfish"}"#).unwrap();
    assert_eq!(answer.refresh_token().unwrap().expose_secret(), "swordfish");
    assert!(!format!("{answer:?}").contains("swordfish"));
    for without in ["null", "\"\"", "1", "{}"] {
        let answer = judged(200, &format!(r#"{{"access_token":"t","refresh_token":{without}}}"#)).unwrap();
        assert!(answer.refresh_token().is_none(), "{without}");
    }
}

const TEN_YEARS: f64 = 315_360_000.0;

#[test]
fn reads_a_life_of_any_json_type() {
    for (members, expected) in [
        ("", None),
        (r#","expires_in":3600"#, Some(3600.0)),
        (r#","expires_in":"3600""#, Some(3600.0)),
        (r#","expires_in":" 3600 ""#, Some(3600.0)),
        (r#","expires_in":3599.5"#, Some(3599.5)),
        (r#","expires_in":"3599.5""#, Some(3599.5)),
        (r#","expires_in":0"#, Some(0.0)),
        (r#","expires_in":-1"#, Some(0.0)),
        (r#","expires_in":"-3600""#, Some(0.0)),
        (r#","expires_in":-1e300"#, Some(0.0)),
        (r#","expires_in":1e18"#, Some(TEN_YEARS)),
        (r#","expires_in":1000000000000000000"#, Some(TEN_YEARS)),
        (r#","expires_in":99999999999999999999999999"#, Some(TEN_YEARS)),
        (r#","expires_in":1e300"#, Some(TEN_YEARS)),
        (r#","expires_in":1e400"#, Some(TEN_YEARS)),
        (r#","expires_in":-1e400"#, Some(0.0)),
        (r#","expires_in":"1e400""#, Some(TEN_YEARS)),
        (r#","expires_in":"\u0033600""#, Some(3600.0)),
        (r#","expires_in":"inf""#, None),
        (r#","expires_in":"-Infinity""#, None),
        (r#","expires_in":"NaN""#, None),
        (r#","expires_in":"soon""#, None),
        (r#","expires_in":"""#, None),
        (r#","expires_in":null"#, None),
        (r#","expires_in":true"#, None),
        (r#","expires_in":[3600]"#, None),
        (r#","expires_in":{"seconds":3600}"#, None),
    ] {
        assert_eq!(life(members), expected, "{members}");
    }
}

#[test]
fn splits_scopes_on_spaces_and_commas() {
    for (scope, expected) in [
        // What no scope has (RFC 6749 §3.3) may be meant for a terminal.
        (r#""a\u001b[2J b \u009bc d\"e f\\g h""#, &["b", "h"][..]),
        (r#""a b""#, &["a", "b"][..]),
        (r#""a,b""#, &["a", "b"]),
        (r#"" a ,, b ""#, &["a", "b"]),
        (r#"["a","b c",7]"#, &["a", "b", "c"]),
        (r#""""#, &[]),
        ("null", &[]),
        ("7", &[]),
    ] {
        let answer = judged(200, &format!(r#"{{"access_token":"t","scope":{scope}}}"#)).unwrap();
        assert_eq!(answer.access_token().scopes(), expected, "{scope}");
    }
}

#[test]
fn takes_bearer_in_any_case_or_unsaid() {
    for good in [r#""Bearer""#, r#""bearer""#, r#""BEARER""#, r#"" bearer ""#, r#""""#, "null"] {
        assert!(judged(200, &format!(r#"{{"access_token":"t","token_type":{good}}}"#)).is_ok(), "{good}");
    }
    for bad in [r#""mac""#, r#""DPoP""#, r#""swordfish""#, "7", "{}", r#"["Bearer"]"#] {
        let error = refusal(200, &format!(r#"{{"access_token":"t","token_type":{bad}}}"#));
        assert_eq!(error.to_string(), "the token endpoint issued a token of another type than Bearer (200)");
        assert_eq!(error.kind(), ErrorKind::Protocol, "{bad}");
    }
}

#[test]
fn issues_what_other_clients_stumble_over() {
    for (status, body) in [
        (201, r#"{"access_token":"t"}"#),
        (200, "\u{feff}{\"access_token\":\"t\"}"),
        (200, " \r\n{\"access_token\":\"t\"}\n"),
        (200, r#"{"access_token":"no","access_token":"t"}"#),
        (200, r#"{"access_token":"t","x":{"y":[1,null,{"z":"…"}]},"refresh_token":"r"}"#),
        (200, r#"{"error":null,"access_token":"t"}"#),
        (200, r#"{"error":"","access_token":"t"}"#),
        (200, r#"{"error":false,"access_token":"t"}"#),
        (200, r#"{"\u0061ccess_token":"\u0074"}"#),
    ] {
        let answer = judged(status, body).expect(body);
        assert_eq!(answer.access_token().expose_secret(), "t", "{body}");
    }
}

#[test]
fn says_what_is_wrong_with_a_success_that_is_none() {
    let empty = "the token endpoint's answer is empty";
    let none = "the token endpoint's answer has no access token";
    let html = "the token endpoint answered with an HTML page";
    let not_json = "the token endpoint's answer is not JSON";
    let no_object = "the token endpoint's answer is not a JSON object";
    let illegal = "the access token has characters that no bearer token has";
    for (status, body, what) in [
        (200, "", empty),
        (204, "", empty),
        (200, "\u{feff} \n", empty),
        (200, "{}", none),
        (201, r#"{"token":"t"}"#, none),
        (200, r#"{"access_token":null}"#, none),
        (200, r#"{"access_token":""}"#, none),
        (200, r#"{"access_token":7}"#, none),
        (200, r#"{"access_token":["t"]}"#, none),
        (200, r#"{"access_token":"a b"}"#, illegal),
        (200, r#"{"access_token":"a\r\nX-Evil: 1"}"#, illegal),
        (200, r#"{"access_token":"ä"}"#, illegal),
        (200, "<!DOCTYPE html><title>Sign in</title>", html),
        (200, "\u{feff}\n<html>", html),
        (200, "access_token=t&token_type=bearer", not_json),
        (200, r#"{"access_token":"t""#, not_json),
        (200, r#"{"access_token":"t"} trailing"#, not_json),
        (200, r#"{"access_token":"\ud800"}"#, none),
        (200, r#"{"access_token":"t","expires_in":inf}"#, not_json),
        (200, "<?xml version='1.0'?>", not_json),
        (200, "[]", no_object),
        (200, r#"[{"access_token":"t"}]"#, no_object),
        (200, r#""t""#, no_object),
        (200, "null", no_object),
        (200, "7", no_object),
    ] {
        let error = refusal(status, body);
        assert_eq!(error.to_string(), format!("{what} ({status})"), "{body}");
        assert_eq!(error.kind(), ErrorKind::Protocol, "{body}");
    }
}

#[test]
fn names_the_place_of_a_syntax_error_and_not_what_stands_there() {
    let error = refusal(200, "{\"access_token\":\n swordfish}");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "line 2, column 2");
}

#[test]
fn takes_an_error_with_status_200_for_one() {
    for (body, kind, code) in [
        (r#"{"error":"invalid_client"}"#, ErrorKind::CredentialsRefused, Some("invalid_client")),
        (r#"{"error":"invalid_scope","access_token":"t"}"#, ErrorKind::Configuration, Some("invalid_scope")),
        (r#"{"error":"temporarily_unavailable"}"#, ErrorKind::Unavailable, Some("temporarily_unavailable")),
        (r#"{"error":"login_required"}"#, ErrorKind::Protocol, Some("login_required")),
        (r#"{"error":"bad_verification_code"}"#, ErrorKind::Protocol, None),
        (r#"{"error":{"code":7},"access_token":"t"}"#, ErrorKind::Protocol, None),
        (r#"{"error":true}"#, ErrorKind::Protocol, None),
        (r#"{"error":["invalid_client"]}"#, ErrorKind::Protocol, None),
    ] {
        let error = refusal(200, body);
        assert_eq!((error.kind(), error.oauth_error()), (kind, code), "{body}");
        assert_eq!(error.status(), Some(StatusCode::OK));
    }
}

#[test]
fn sorts_refusals_by_status_and_registered_code() {
    use ErrorKind::{ClientCertificate, Configuration, CredentialsRefused, Protocol, Unavailable};
    for (status, error, kind) in [
        (301, "", Protocol),
        (302, "invalid_client", Protocol),
        (308, "", Protocol),
        (400, "", Protocol),
        (400, "invalid_client", CredentialsRefused),
        (400, "unauthorized_client", CredentialsRefused),
        (400, "invalid_grant", CredentialsRefused),
        (400, "access_denied", CredentialsRefused),
        (400, "invalid_scope", Configuration),
        (400, "invalid_request", Configuration),
        (400, "unsupported_grant_type", Configuration),
        (400, "invalid_target", Configuration),
        (400, "slow_down", Unavailable),
        (400, "consent_required", Protocol),
        (401, "", CredentialsRefused),
        (401, "invalid_client", CredentialsRefused),
        (403, "", CredentialsRefused),
        (403, "access_denied", CredentialsRefused),
        (404, "", Configuration),
        (404, "invalid_client", CredentialsRefused),
        (405, "", Configuration),
        (407, "", Configuration),
        (408, "", Unavailable),
        (415, "", Configuration),
        (418, "", Protocol),
        (429, "", Unavailable),
        (429, "access_denied", Unavailable),
        (495, "", ClientCertificate),
        (496, "", ClientCertificate),
        (500, "invalid_client", Unavailable),
        (503, "", Unavailable),
        (511, "", ClientCertificate),
        (599, "", Unavailable),
        (999, "", Protocol),
    ] {
        let found = refusal(status, &format!(r#"{{"error":"{error}","message":"no"}}"#));
        assert_eq!(found.kind(), kind, "{status} {error}");
        assert_eq!(found.oauth_error().unwrap_or_default(), error, "{status}");
        assert_eq!(found.status().unwrap().as_u16(), status);
        let transient = kind == Unavailable;
        assert_eq!(found.is_transient(), transient, "{status} {error}");
    }
}

#[test]
fn tells_a_page_as_a_page() {
    let page = "<html><title>A page</title></html>";
    for (status, what, kind) in [
        (400, "the token endpoint answered with an HTML page", ErrorKind::Protocol),
        (401, "the token endpoint answered with an HTML page", ErrorKind::CredentialsRefused),
        (502, "the token endpoint answered with an HTML page", ErrorKind::Unavailable),
        (404, "there is no token endpoint at this URL", ErrorKind::Configuration),
        (302, "the token endpoint redirects, and no redirect is followed", ErrorKind::Protocol),
        (
            496,
            "the token endpoint demands a client certificate, or refuses the one it got",
            ErrorKind::ClientCertificate,
        ),
    ] {
        let error = refusal(status, page);
        assert_eq!((error.to_string(), error.kind()), (format!("{what} ({status})"), kind));
    }
    assert!(refusal(302, "").advice().contains("slash at its end"));
}

#[test]
fn knows_the_pages_of_nginx_about_client_certificates() {
    for page in ["400 No required SSL certificate was sent", "400 The SSL certificate error"] {
        let page = format!("<html><title>{page}</title></html>");
        assert_eq!(refusal(400, &page).kind(), ErrorKind::ClientCertificate, "{page}");
        assert_eq!(refusal(502, &page).kind(), ErrorKind::Unavailable, "a proxy's own trouble");
    }
}

#[test]
fn keeps_the_wait_of_an_unavailable_endpoint_only() {
    for (status, wait) in
        [(429, Some(Duration::from_secs(7))), (503, Some(Duration::from_secs(7))), (401, None)]
    {
        let mut answer = answer(status, "");
        answer.retry_after = Some(HeaderValue::from_static("7"));
        assert_eq!(judged_for("", &answer).unwrap_err().retry_after(), wait, "{status}");
    }
}

#[test]
fn judges_by_status_what_was_not_read() {
    for (status, kind) in [(200, ErrorKind::Protocol), (401, ErrorKind::CredentialsRefused)] {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, retry_after: None, body: AnswerBody::TooLarge };
        assert_eq!(judged_for("", &answer).unwrap_err().kind(), kind);
    }
}

#[test]
fn tells_the_scopes_that_were_not_granted() {
    for (asked, answered, withheld) in [
        ("a b", r#","scope":"a""#, &["b"][..]),
        (" b  a ", r#","scope":"a b c""#, &[]),
        ("a b", r#","scope":"c""#, &["a", "b"]),
        ("a b", "", &[]), // RFC 6749 §5.1: identical to the scope requested
        ("a b", r#","scope":null"#, &[]),
        ("A", r#","scope":"a""#, &["A"]), // §3.3: case-sensitive
        ("", r#","scope":"a""#, &[]),
    ] {
        let answer = answer(200, &format!(r#"{{"access_token":"t"{answered}}}"#));
        assert_eq!(judged_for(asked, &answer).unwrap().withheld_scopes(), withheld, "{asked}: {answered}");
    }
}

#[test]
fn binds_a_token_to_the_certificate_that_it_names() {
    // {"cnf":{"x5t#S256":"BwcH…"}}: 32 bytes of 7.
    let claims = "eyJjbmYiOnsieDV0I1MyNTYiOiJCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjIn19";
    let token = judged(200, &format!(r#"{{"access_token":"e30.{claims}.c2ln"}}"#)).unwrap().access_token;
    assert_eq!(token.binding(), Some(Thumbprint::from_sha256([7; 32])));
    let plain = judged(200, r#"{"access_token":"e30.e30.c2ln"}"#).unwrap().access_token;
    assert_eq!(plain.binding(), None);
}
