//! What is missing, wrong or without a meaning.

use super::*;

#[test]
fn says_what_is_missing_or_wrong_and_where() {
    let custom = |more: &str| format!("{CUSTOM}{more}\n");
    for (settings, words) in [
        (CLARIFY.replace("credentials", "api_version = '1.1' #"), "a.credentials"),
        (CLARIFY.replace("clarify.json", "none.json"), "none.json"),
        (format!("{CLARIFY}api_url = 'http://a.example/'"), "claviger.toml:4:1, profiles.a.api_url"),
        (format!("{CLARIFY}token_url = 'a.example'"), "a.token_url"),
        (format!("{CLARIFY}api_version = 'swordfish'"), "a.api_version"),
        (format!("{CLARIFY}ca_file = 'none.pem'"), "a.ca_file"),
        (CLARUS.replace("tenant", "scope"), "a.tenant"),
        (CLARUS.replace("tenant = 'acme'", "tenant = 'https://acme.example/'"), "a.tenant"),
        (CLARUS.replace("client_id", "scope"), "a.client_id"),
        (CLARUS.replace("client_secret", "scope"), "a.client_secret"),
        (format!("{CLARUS}client_auth = 'none'"), "a.client_auth"),
        (format!("{CLARUS}client_auth = 'swordfish'"), "a.client_auth"),
        (format!("{CLARUS}client_auth = 'private_key_jwt'"), "a.client_auth"),
        (format!("{CLARUS}client_auth = 'tls_client_auth'"), "a.client_auth"),
        (format!("{CLARUS}auth = 'token'"), "a.token"),
        (format!("{CLARUS}auth = 'token'\ntoken = 'sword fish'"), "a.token"),
        (format!("{CLARUS}auth = 'authorization-code'\nsession_key = 'swordfish'"), "a.session_key"),
        (format!("{LOGIN}client_secret = {{ file = 'none.txt' }}").replace("'none'", "'json'"), "none.txt"),
        (LOGIN.replace("client_auth = 'none'", ""), "a.client_secret"),
        (LOGIN.replace("authorize_url", "check_path"), "a.authorize_url"),
        (LOGIN.replace("token_url", "check_path"), "a.token_url"),
        (format!("{CLARUS}auth = 'swordfish'"), "a.auth"),
        (CLAZAR.replace("client_id", "scope"), "a.client_id"),
        (CLAZAR.replace("client_secret", "scope"), "a.client_secret"),
        (format!("{CLAZAR}client_auth = 'client_secret_basic'"), "a.client_auth"),
        (custom("auth = 'basic'\nusername = 'a'"), "a.password"),
        (custom("auth = 'basic'\npassword = 'swordfish'"), "a.username"),
        (custom("auth = 'basic'\nusername = 'a:b'\npassword = 'swordfish'"), "a.username"),
        (custom("auth = 'none'\ntenant_header = 'a b'"), "a.tenant_header"),
        (
            custom("auth = 'none'\ntenant_header = 'Authorization'"),
            "claviger.toml:5:1, profiles.a.tenant_header",
        ),
        (custom("auth = 'none'\ntenant_header = 'Connection'"), "a.tenant_header"),
        (custom("auth = 'none'\ntenant_header = 'Content-Length'"), "a.tenant_header"),
        (custom("auth = 'none'\ntenant_header = 'Host'"), "a.tenant_header"),
        (custom("auth = 'token'"), "a.token"),
        (custom("auth = 'token'\ntoken = ''"), "a.token"),
        ("provider = 'swordfish'".to_owned(), "there are: clara, clarify, clarus, clazar, custom"),
    ] {
        let error = refused(&settings);
        assert!(error.to_string().contains(words), "{settings}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let key = format!("{REQUESTS}issuer = 'https://auth.example'\nclient_auth = 'private_key_jwt'\n");
    for path in ["/dev/zero", pipe.to_str().unwrap()] {
        for settings in [
            CLARIFY.replace("clarify.json", path),
            format!("{CLARIFY}ca_file = '{path}'"),
            CLARUS.replace("'swordfish'", &format!("{{ file = '{path}' }}")),
            format!("{key}signing_key_file = '{path}'"),
        ] {
            let error = refused(&settings);
            let causes =
                std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
            let text: String = causes.map(ToString::to_string).collect();
            assert!(text.contains("a pipe, a socket or a device"), "{settings}: {text}");
        }
    }
}

#[test]
fn a_setting_of_another_way_is_a_warning() {
    let token = "auth = 'token'\ntoken = 'swordfish'\n";
    for (settings, expected) in [
        (format!("{CLARIFY}tenant = 'a'\nscope = 'b'"), "scope tenant"),
        (
            "provider = 'clarify'\ncredentials = 'basic.json'\ntoken_url = 'https://a.example'".into(),
            "token_url",
        ),
        (format!("{CLARUS}{token}"), "client_id client_secret"),
        (format!("{CLARUS}username = 'a'"), "username"),
        (format!("{CLAZAR}tenant = 'a'\nauth = 'token'"), "auth tenant"),
        (format!("{CUSTOM}{token}username = 'a'\ntoken_url = 'https://a.example'"), "token_url username"),
        (
            format!("{CLARUS}issuer = 'https://a.example'\nredirect_uri = 'http://[::1]/'"),
            "issuer redirect_uri",
        ),
        (format!("{LOGIN}username = 'a'\ncountry = 'mx'"), "country username"),
        (format!("{CUSTOM}auth = 'none'\nclient_id = 'a'"), "client_id"),
        (format!("{CUSTOM}auth = 'none'\npassphrase = 'swordfish'"), "passphrase"),
    ] {
        let warnings = load(&settings, None, &[]).unwrap().warnings().to_vec();
        let names = warnings.iter().map(|warning| warning.trim_end_matches(')').rsplit('.').next().unwrap());
        assert_eq!(names.collect::<Vec<_>>().join(" "), expected, "{settings}");
    }
}
