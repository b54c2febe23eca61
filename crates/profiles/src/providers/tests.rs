//! What each provider reads, refuses and passes over.

use std::fs;

use base64::{Engine, engine::general_purpose::STANDARD};
use claviger_auth_core::ErrorKind;

use super::*;
use crate::{
    settings::{self, Document, Overrides, Profile},
    variables::Variables,
};

mod logins;
mod mistakes;

const CLARIFY: &str = "provider = 'clarify'\ncredentials = 'clarify.json'\n";
const CLARUS: &str =
    "provider = 'clarus'\nclient_id = 'acme'\nclient_secret = 'swordfish'\ntenant = 'acme'\n";
const CLAZAR: &str = "provider = 'clazar'\nclient_id = 'acme'\nclient_secret = 'swordfish'\n";
const CUSTOM: &str = "provider = 'custom'\napi_url = 'https://api.example/'\n";
const LOGIN: &str = "provider = 'custom'\napi_url = 'https://api.example/'\nauth = 'authorization-code'\n\
                     authorize_url = 'https://auth.example/login'\ntoken_url = 'https://auth.example/token'\n\
                     client_auth = 'none'\nclient_id = 'acme'\n";
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
fn every_setting_with_a_meaning_is_known() {
    for settings in [CLARIFY, CLARUS, CLAZAR, LOGIN] {
        for name in load(settings, None, NONE).unwrap().provider.meaningful().concat() {
            assert!(settings::is_known(name), "{name}");
        }
    }
}
