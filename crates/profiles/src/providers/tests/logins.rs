//! Profiles of which somebody logs in.

use super::*;

/// What a login with these settings begins with: the URL, without what is drawn at random.
fn login_url(settings: &str, variables: &[(&'static str, &str)]) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let profile = load(settings, None, variables).unwrap();
    assert_eq!(profile.warnings(), Vec::<String>::new(), "{settings}");
    let logins = profile.provider.token_requests().unwrap().unwrap().login.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let login = runtime.block_on(logins.authorization_code()).unwrap().begin().unwrap();
    let (before, after) = login.url().split_once("&state=").unwrap();
    let rest = after.split_once("code_challenge_method=S256").unwrap().1;
    format!("{before}{rest}")
}

#[test]
fn a_login_asks_for_what_the_settings_say() {
    let back = "redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback";
    let ca = "ca_file = 'ca.pem'\n";
    let start = format!("https://auth.example/login?response_type=code&client_id=acme&{back}");
    assert_eq!(login_url(&format!("{LOGIN}{ca}"), &[]), start);
    let more = "scope = 'read offline_access'\naudience = 'b'\nresource = ['https://c.example']\n\
                parameters = ['prompt=login']\nredirect_uri = 'http://127.0.0.1:8765/cb'\n";
    let elsewhere = start.replace("127.0.0.1%2Fcallback", "127.0.0.1%3A8765%2Fcb");
    assert_eq!(
        login_url(&format!("{LOGIN}{ca}{more}"), &[]),
        format!(
            "{elsewhere}&scope=read+offline_access&audience=b&prompt=login&resource=https%3A%2F%2Fc.example"
        )
    );
    let clarus = "provider = 'clarus'\ntenant = 'acme'\nauth = 'authorization-code'\nclient_auth = 'none'\n\
                  client_id = 'acme'\nca_file = 'ca.pem'\n";
    let start = start.replace("auth.example/login", "clarus-api.com/oauth/authorize");
    assert_eq!(login_url(clarus, &[]), start);
    assert_eq!(
        login_url(&format!("{clarus}api_url = 'https://a.example/'\n"), &[]),
        start.replace("clarus-api.com", "a.example")
    );
    let given = login_url(&format!("{clarus}authorize_url = 'https://b.example/'\n"), &[]);
    assert!(given.starts_with("https://b.example/?response_type=code"), "{given}");
}

#[test]
fn a_session_is_sealed_with_the_key_of_the_variable_before_that_of_the_settings() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = |settings: &str, variables: &[(&'static str, &str)]| {
        let profile = load(&format!("{LOGIN}ca_file = 'ca.pem'\n{settings}"), None, variables)?;
        let login = profile.provider.token_requests()?.unwrap().login.unwrap();
        Ok::<_, Error>(login.session_key().map(|key| *key.expose_secret()))
    };
    let (sevens, eights) = (STANDARD.encode([7; 32]), STANDARD.encode([8; 32]));
    let setting = "session_key = { env = 'KEY' }";
    assert_eq!(key("", &[]).unwrap(), None);
    assert_eq!(key(setting, &[("KEY", &sevens)]).unwrap(), Some([7; 32]));
    assert_eq!(key(setting, &[("KEY", &sevens), ("CLAVIGER_SESSION_KEY", &eights)]).unwrap(), Some([8; 32]));
    for bad in ["swordfish", &STANDARD.encode([7; 31]), &STANDARD.encode([7; 33]), &STANDARD.encode([7; 64])]
    {
        let error = key("", &[("CLAVIGER_SESSION_KEY", bad)]).unwrap_err();
        assert_eq!(
            (error.kind(), error.subject()),
            (ErrorKind::Configuration, Some("$CLAVIGER_SESSION_KEY"))
        );
        assert!(error.advice().contains("openssl rand") && !format!("{error:?}").contains(bad));
        assert!(key(setting, &[("KEY", bad)]).unwrap_err().to_string().contains("profiles.a.session_key"));
    }
}
