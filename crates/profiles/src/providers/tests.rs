//! What each provider reads, refuses and passes over.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use claviger_auth_core::ErrorKind;

use super::*;
use crate::{
    settings::{self, Document, Overrides, Profile},
    variables::Variables,
};

const CLARIFY: &str = "provider = 'clarify'\ncredentials = 'clarify.json'\n";
const CLARUS: &str =
    "provider = 'clarus'\nclient_id = 'acme'\nclient_secret = 'swordfish'\ntenant = 'acme'\n";
const CLAZAR: &str = "provider = 'clazar'\nclient_id = 'acme'\nclient_secret = 'swordfish'\n";
const CUSTOM: &str = "provider = 'custom'\napi_url = 'https://api.example/'\n";
const NONE: &[(&str, &str)] = &[];

fn load(settings: &str, tenant: Option<&str>, variables: &[(&'static str, &str)]) -> Result<Profile, Error> {
    let folder = tempfile::tempdir().unwrap();
    for (file, kind) in [("clarify.json", "client-credentials"), ("basic.json", "basic-auth")] {
        let credentials = format!(
            "{{\"apiUrl\":\"https://api.clarify.io/v1\",\"integration\":\"i\",\"credentials\":\
             {{\"type\":\"{kind}\",\"clientId\":\"issued\",\"clientSecret\":\"swordfish\"}}}}"
        );
        fs::write(folder.path().join(file), credentials).unwrap();
    }
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = authority.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let file = folder.path().join("claviger.toml");
    fs::write(&file, format!("[profiles.a]\n{settings}")).unwrap();
    let overrides = match tenant {
        Some(tenant) => Overrides::default().with_tenant(tenant),
        None => Overrides::default(),
    };
    Profile::read(Document::open(&file)?.choose(None)?, &overrides, &Variables::of(variables))
}

fn facts(settings: &str, variables: &[(&'static str, &str)]) -> TokenRequestFacts {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let profile = load(settings, None, variables).unwrap();
    assert_eq!(profile.warnings(), Vec::<String>::new(), "{settings}");
    profile.provider.token_requests().unwrap().unwrap().facts
}

fn refused(settings: &str) -> Error {
    let error = load(settings, None, &[]).unwrap_err();
    let all = format!("{error} {error:?} {}", error.advice());
    assert!(!all.contains("swordfish"), "{all}");
    error
}

#[test]
fn each_token_request_is_told_from_any_other() {
    let clarify = facts(CLARIFY, &[]);
    assert_eq!(clarify.token_url, "https://api.clarify.io/v1/oauth/token");
    assert_eq!((clarify.provider, &*clarify.client_id), ("clarify", "issued"));
    assert_eq!(clarify.audience.as_deref(), Some("https://api.clarify.io/v1/"));

    let clarus = facts(CLARUS, &[]);
    assert_eq!((&*clarus.token_url, &*clarus.client_id), ("https://clarus-api.com/oauth/token", "acme"));
    assert!(clarus.scope.is_none() && clarus.tenant.is_none());
    let more = "scope = 'a b'\ntenant_on_token_requests = true\nclient_auth = 'client_secret_post'\n";
    let clarus = facts(&(CLARUS.to_owned() + more), &[]);
    assert_eq!((clarus.scope.as_deref(), clarus.tenant.unwrap().as_bytes()), (Some("a b"), &b"acme"[..]));

    let clazar = facts(CLAZAR, &[]);
    assert_eq!((&*clazar.token_url, &*clazar.client_id), ("https://api.clazar.io/authenticate/", "acme"));

    let more = "auth = 'client-credentials'\ntoken_url = 'https://a.example/'\nclient_id = 'acme'\n\
                client_auth = 'none'\naudience = 'b'\nresource = ['https://c.example']\n\
                tenant_header = 'x-t'\ntenant = 'd'\ntenant_on_token_requests = true\n";
    let custom = facts(&(CUSTOM.to_owned() + more), &[]);
    assert_eq!(
        (custom.audience.as_deref(), &*custom.resources),
        (Some("b"), &["https://c.example".to_owned()][..])
    );
    assert_eq!(custom.tenant.as_ref().unwrap().as_bytes(), b"d");
    assert!(!format!("{custom:?}").contains("\"d\""), "the tenant is not shown");
}

#[test]
fn publishes_to_the_broker_that_belongs_to_the_credentials() {
    let basic = "provider = 'clarify'\ncredentials = 'basic.json'\n";
    let name = |more: &str| {
        load(&format!("{basic}{more}\n"), None, &[]).unwrap().publishing().map(|it| it.spool_name)
    };
    assert_eq!(name("").unwrap(), "i@mqtt.clarify.io_3a8883");
    assert_eq!(name("mqtt_url = 'mqtts://Broker.example'").unwrap(), "i@_42roker.example_3a8883");
    // The credentials of a sandbox are not for the real broker.
    let staging = "api_url = 'https://127.0.0.1:1/v1/'\n";
    let error = name(staging).unwrap_err();
    assert!(
        error.to_string().starts_with("a setting is missing") && error.to_string().contains("mqtt_url"),
        "{error}"
    );
    assert_eq!(name(&format!("{staging}mqtt_url = 'mqtt://localhost'")).unwrap(), "i@localhost_3a1883");
    let error = refused(&format!("{basic}mqtt_url = 'mqtt://acme:swordfish@broker.example'\n"));
    assert!(error.to_string().contains("a.mqtt_url"), "{error}");
    let error = load(CLAZAR, None, &[]).unwrap().publishing().unwrap_err();
    assert!(error.to_string().starts_with("this provider has no MQTT broker"), "{error}");
}

const REQUESTS: &str = "provider = 'custom'\napi_url = 'https://api.example/'\n\
                        auth = 'client-credentials'\nclient_id = 'acme'\n";

#[test]
fn what_is_sent_beside_the_scope_tells_tokens_apart_too() {
    let of = |more: &str| facts(&format!("{REQUESTS}client_auth = 'none'\n{more}\n"), &[]);
    let issuer = of("issuer = 'https://auth.example'");
    assert_eq!(issuer.token_url, "https://auth.example");
    let both = of("issuer = 'https://auth.example'\ntoken_url = 'https://auth.example/t'");
    assert_eq!(both.token_url, "https://auth.example/t");
    let parameters = of("issuer = 'https://auth.example'\nparameters = ['organisation=a=b', 'x=']");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(parameters.parameters, [pair("organisation", "a=b"), pair("x", "")]);
    assert!(issuer != both && issuer != parameters);
}

#[test]
fn signs_with_the_key_that_is_named() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("jwt.pem");
    fs::write(&key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let settings = |more: &str| {
        let file = key.display();
        format!(
            "{REQUESTS}issuer = 'https://auth.example'\nclient_auth = 'private_key_jwt'\n\
             signing_key_file = '{file}'\n{more}\n"
        )
    };
    for good in ["", "signing_alg = 'ES256'"] {
        let profile = load(&settings(good), None, &[]).unwrap();
        assert_eq!(profile.warnings(), Vec::<String>::new());
        assert!(format!("{profile:?}").contains("Es256"), "{profile:?}");
    }
    for bad in ["signing_alg = 'RS256'", "signing_alg = 'swordfish'"] {
        assert!(refused(&settings(bad)).to_string().contains("a.signing_alg"), "{bad}");
    }
}

#[test]
fn urls_and_clients_can_be_others() {
    for (settings, token_url) in [
        (CLARIFY, "https://other.example/oauth/token"),
        (CLARUS, "https://other.example/oauth/token"),
        (CLAZAR, "https://other.example/authenticate/"),
    ] {
        let settings = format!("{settings}api_url = 'https://other.example/'\ntrust = 'platform'\n");
        assert_eq!(facts(&settings, &[]).token_url, token_url);
        let settings = format!("{settings}token_url = 'https://auth.example/t'\n");
        assert_eq!(facts(&settings, &[]).token_url, "https://auth.example/t");
        let both = [("CLAVIGER_CLIENT_ID", "variable"), ("CLAVIGER_CLIENT_SECRET", "marlin")];
        assert_eq!(facts(&settings, &both).client_id, "variable");
    }
    assert_eq!(facts(CLARIFY, &[]).audience.unwrap(), "https://api.clarify.io/v1/");
    let error = load(CLARIFY, None, &[("CLAVIGER_CLIENT_ID", "a")]).unwrap_err();
    assert!(error.to_string().contains("without its secret"), "{error}");
}

#[test]
fn nothing_is_fetched_where_credentials_were_given() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let basic = "auth = 'basic'\nusername = 'a'\npassword = 'swordfish'\n";
    let token = "auth = 'token'\ntoken = 'Bearer swordfish'\n";
    for settings in [
        "provider = 'clarify'\ncredentials = 'basic.json'\n".to_owned(),
        format!("provider = 'clarus'\ntenant = 'acme'\n{token}"),
        format!("{CUSTOM}{basic}"),
        format!("{CUSTOM}{token}"),
    ] {
        let profile = load(&settings, None, &[]).unwrap();
        assert_eq!(profile.warnings(), Vec::<String>::new(), "{settings}");
        assert!(profile.provider.token_requests().unwrap().is_none());
        assert_eq!(profile.provider.own_headers().first().unwrap(), "authorization");
        assert!(!format!("{profile:?}").contains("swordfish"));
    }
}

#[test]
fn opens_the_key_or_the_pkcs12_file_with_the_passphrase() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let testdata = concat!(env!("CARGO_MANIFEST_DIR"), "/../mtls/src/identity/testdata");
    let pem = format!("cert_file = '{testdata}/ec.crt'\nkey_file = '{testdata}/ec-encrypted-pkcs8.key'\n");
    let pkcs12 = format!("pkcs12_file = '{testdata}/client.p12'\n");
    let clara = "provider = 'clara'\ncountry = 'mx'\nclient_id = 'a'\nclient_secret = 'b'\n";
    for files in [pem, pkcs12] {
        for provider in [clara, &format!("{CUSTOM}auth = 'none'\n")] {
            let settings = format!("{provider}{files}");
            let with = |passphrase: &str| format!("{settings}passphrase = {passphrase}\n");
            for (settings, variables) in
                [(with("'swordfish'"), NONE), (with("{ env = 'KEY' }"), &[("KEY", "swordfish")])]
            {
                let profile = load(&settings, None, variables).unwrap();
                assert_eq!(profile.warnings(), Vec::<String>::new(), "{settings}");
                assert!(!format!("{profile:?}").contains("swordfish"));
            }
            for (settings, words) in [
                (settings.clone(), "is encrypted ("),
                (with("'swordfish2'"), "the passphrase is wrong ("),
                (with("{ env = 'GONE' }"), "profiles.a.passphrase, $GONE"),
            ] {
                let error = refused(&settings);
                assert!(error.to_string().contains(words), "{settings}: {error}");
            }
        }
    }
}

#[test]
fn the_tenant_is_that_of_the_flag_before_that_of_the_profile() {
    for (tenant, sent) in [(None, "acme"), (Some("Other"), "other")] {
        let settings = format!("{CLARUS}tenant_on_token_requests = true\n");
        let profile = load(&settings, tenant, &[]).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let facts = profile.provider.token_requests();
        // Without roots on this machine there is no client; that is another test's.
        let Ok(Some(TokenRequests { facts, .. })) = facts else { continue };
        assert_eq!(facts.tenant.unwrap(), sent);
    }
    let error = load(CLARUS, Some("acme.claruswms.co.uk"), &[]).unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Tenant, Some("--tenant")));
    for settings in [CLARIFY, CLAZAR] {
        let error = load(settings, Some("acme"), &[]).unwrap_err();
        assert_eq!((error.kind(), error.subject()), (ErrorKind::Tenant, Some("--tenant")));
    }
}

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

const LOGIN: &str = "provider = 'custom'\napi_url = 'https://api.example/'\nauth = 'authorization-code'\n\
                     authorize_url = 'https://auth.example/login'\ntoken_url = 'https://auth.example/token'\n\
                     client_auth = 'none'\nclient_id = 'acme'\n";

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

#[test]
fn every_setting_with_a_meaning_is_known() {
    for settings in [CLARIFY, CLARUS, CLAZAR, LOGIN] {
        for name in load(settings, None, NONE).unwrap().provider.meaningful().concat() {
            assert!(settings::is_known(name), "{name}");
        }
    }
}
