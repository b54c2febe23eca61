use http::Request;

use super::*;

fn check(origins: &Origins, uri: &str, host: &[&str]) -> Result<(), ErrorKind> {
    let mut request = Request::get(uri);
    for value in host {
        request = request.header(HOST, *value);
    }
    origins.check(&request.body(()).unwrap()).map_err(|error| error.kind())
}

fn api() -> Origins {
    Origins::from(Origin::https("https://api.example").unwrap())
}

#[test]
fn allows_its_own_origin_however_it_is_written() {
    for same in ["https://api.example/", "https://API.example:443/x?y#z", "HTTPS://api.EXAMPLE"] {
        assert_eq!(check(&api(), same, &[]), Ok(()), "{same}");
    }
}

#[test]
fn refuses_every_other_origin() {
    for other in [
        "https://evil.example/",
        "https://api.example.evil.example/",
        "https://api.example.:443/",
        "https://api.example:444/",
        "http://api.example/",
        "http://api.example:443/",
        "https://api.example@evil.example/",
        "https://user@api.example/",
        "wss://api.example/",
        "api.example:443",
        "/v1/things",
        "*",
    ] {
        assert_eq!(check(&api(), other, &[]), Err(ErrorKind::Origin), "{other}");
    }
}

#[test]
fn one_of_several_or_a_loopback_one_is_told_by_scheme_and_authority_both() {
    let here = Origin::loopback_http("http://127.0.0.1:8080").unwrap();
    let only = Origins::from(here.clone());
    let several = Origins::new([Origin::https("https://api.example").unwrap(), here]);
    for origins in [only, several] {
        assert_eq!(check(&origins, "http://127.0.0.1:8080/x", &[]), Ok(()));
        for other in ["https://127.0.0.1:8080/x", "http://127.0.0.1/x", "http://api.example/x"] {
            assert_eq!(check(&origins, other, &[]), Err(ErrorKind::Origin), "{other}");
        }
    }
}

#[test]
fn a_host_header_must_name_the_same_origin() {
    for good in ["api.example", "API.example", "api.example:443"] {
        assert_eq!(check(&api(), "https://api.example/", &[good]), Ok(()), "{good}");
    }
    for bad in ["evil.example", "api.example:444", "", "user@api.example", "api.example/x"] {
        assert_eq!(check(&api(), "https://api.example/", &[bad]), Err(ErrorKind::Origin), "{bad}");
    }
    assert_eq!(
        check(&api(), "https://api.example/", &["api.example", "evil.example"]),
        Err(ErrorKind::Origin)
    );
}

#[test]
fn a_bound_service_takes_relative_and_equal_uris_only() {
    let bound = Origins::bound_to(Origin::https("https://api.example:8443").unwrap());
    assert_eq!(check(&bound, "/v1/things", &[]), Ok(()));
    assert_eq!(check(&bound, "https://api.example:8443/v1", &[]), Ok(()));
    assert_eq!(check(&bound, "/v1/things", &["api.example:8443"]), Ok(()));
    assert_eq!(check(&bound, "/v1/things", &["evil.example"]), Err(ErrorKind::Origin));
    assert_eq!(check(&bound, "https://api.example/v1", &[]), Err(ErrorKind::Origin));
    assert_eq!(check(&bound, "evil.example:443", &[]), Err(ErrorKind::Origin));
}

#[test]
fn nothing_is_allowed_by_an_empty_list() {
    assert_eq!(check(&Origins::new([]), "https://api.example/", &[]), Err(ErrorKind::Origin));
}

#[test]
fn plain_http_is_for_loopback_and_by_name_only() {
    for local in ["http://localhost:1/", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:80/x"] {
        assert!(Origin::loopback_http(local).is_ok(), "{local}");
        assert_eq!(Origin::https(local).unwrap_err().kind(), ErrorKind::Configuration, "{local}");
    }
    for remote in ["http://api.example", "http://10.0.0.1", "http://localhost.evil.example", "http://[::2]"] {
        assert!(Origin::loopback_http(remote).is_err(), "{remote}");
    }
}

#[test]
fn refuses_what_is_no_url_and_does_not_repeat_it() {
    for bad in [
        "",
        "api.example",
        "ftp://api.example",
        "https://u:swordfish@api.example",
        "https://",
        "/x",
        "https://a b",
    ] {
        let error = Origin::https(bad).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{bad}");
        assert!(!format!("{error} {error:?}").contains("swordfish"));
    }
}
