//! Reads whole files of settings, good ones and bad ones.

use std::{fs, path::Path};

use claviger_sandbox::{Options, Sandbox};
use secrecy::ExposeSecret;

use super::{client::Client, *};

const CUSTOM: &str = r#"
[profiles.acme]
provider = "custom"
auth = "client-credentials"
api_url = "https://api.example/v1/"
token_url = "https://auth.example/token"
client_id = "from-file"
client_secret = "swordfish"
"#;

/// Reads a profile of these settings, with these variables.
fn load_with(settings: &str, choice: Choice, variables: &[(&'static str, &str)]) -> Result<Profile, Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claviger.toml");
    fs::write(&file, settings).unwrap();
    let choice = Choice { config: Some(file), ..choice };
    load(&choice, None, &Environment::of(variables))
}

fn refused(settings: &str) -> Error {
    let error = load_with(settings, Choice::default(), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let all = format!("{error} {error:?} {}", error.advice());
    assert!(!all.contains("swordfish"), "{all}");
    error
}

/// The two lines that make a list of settings a profile.
fn custom(more: &str) -> String {
    format!("{CUSTOM}{more}\n")
}

#[test]
fn finds_the_file_by_flag_then_variable_then_folder() {
    let at = |config: Option<&str>, variables: &[_]| {
        let choice = Choice { config: config.map(Into::into), ..Choice::default() };
        path(&choice, &Environment::of(variables))
    };
    let all = [("CLAVIGER_CONFIG", "/b.toml"), ("XDG_CONFIG_HOME", "/c"), ("HOME", "/d")];
    assert_eq!(at(Some("a.toml"), &all).unwrap(), Path::new("a.toml"));
    assert_eq!(at(None, &all).unwrap(), Path::new("/b.toml"));
    if cfg!(target_os = "linux") {
        assert_eq!(at(None, &all[1..]).unwrap(), Path::new("/c/claviger/claviger.toml"));
        assert_eq!(at(None, &all[2..]).unwrap(), Path::new("/d/.config/claviger/claviger.toml"));
    }
    assert!(at(None, &[]).is_err(), "the current folder is never looked at");
}

#[test]
fn chooses_the_profile_by_flag_then_variable_then_default() {
    let settings = "default_profile = \"c\"\n[profiles.a]\n[profiles.b]\n[profiles.c]\n";
    // Each lacks its provider, and says so by its name.
    let chosen = |profile: Option<&str>, variables: &[_]| {
        let choice = Choice { profile: profile.map(Into::into), ..Choice::default() };
        load_with(settings, choice, variables).unwrap_err().to_string()
    };
    let variable = [("CLAVIGER_PROFILE", "b")];
    assert!(chosen(Some("a"), &variable).contains("profiles.a.provider"));
    assert!(chosen(None, &variable).contains("profiles.b.provider"));
    assert!(chosen(None, &[]).contains("profiles.c.provider"));
    assert!(refused("[profiles.only]").to_string().contains("profiles.only.provider"));
}

#[test]
fn names_the_profiles_that_there_are() {
    let choice = Choice { profile: Some("acm".to_owned()), ..Choice::default() };
    let error = load_with("[profiles.b]\n[profiles.acme]\n", choice, &[]).unwrap_err();
    assert!(error.to_string().contains("there are: acme, b"), "{error}");
    assert!(refused("[profiles.a]\n[profiles.b]").to_string().contains("a, b"));
    assert!(refused("default_profile = 'x'\n[profiles.a]").to_string().contains("x, default_profile"));
    assert!(refused("").to_string().contains("no profile"));
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_without_its_value() {
    let error = refused(&custom("  client_secrte = \"swordfish\""));
    assert!(error.to_string().contains("claviger.toml:9:3, profiles.acme.client_secrte"), "{error}");
    assert!(refused("profile = \"swordfish\"").to_string().contains(":1:1, profile"));
    // In any profile, not only in the one that is used.
    assert!(
        refused("default_profile = \"a\"\n[profiles.a]\n[profiles.b]\nx = 1").to_string().contains("b.x")
    );
}

#[test]
fn a_value_of_the_wrong_type_is_not_repeated() {
    for (line, words) in [
        ("scope = [\"swordfish\"]", "no text"),
        ("audience = { swordfish = 1 }", "no text"),
        ("resource = [1, \"swordfish\"]", "no list"),
        ("allow_loopback_http = \"swordfish\"", "neither true nor false"),
        ("token = { enf = \"swordfish\" }", "neither a text"),
        ("password = { env = \"A\", file = \"swordfish\" }", "neither a text"),
    ] {
        let error = refused(&custom(line)).to_string();
        assert!(error.contains(words) && error.contains("claviger.toml:9:"), "{line}: {error}");
    }
    assert!(refused("profiles = 1").to_string().contains("no table"));
    assert!(refused("[profiles]\na = \"swordfish\"").to_string().contains("no table"));
}

#[test]
fn broken_toml_is_told_by_line_and_column() {
    for (line, place) in [
        ("client_secret = \"swordfish", "claviger.toml:9:"),
        ("client_secret = swordfish", "claviger.toml:9:17, string values must be quoted"),
        ("swordfish", "claviger.toml:9:"),
        ("scope = \"a\"\nscope = \"swordfish\"", "claviger.toml:10:1, duplicate key"),
        ("client_secret.swordfish = \"swordfish\"", "claviger.toml:9:"),
        ("token = \"\\swordfish\"", "claviger.toml:9:"),
    ] {
        let settings = CUSTOM.replace("client_secret = \"swordfish\"", "audience = \"a\"") + line;
        let error = load_with(&settings, Choice::default(), &[]).unwrap_err();
        assert!(error.to_string().contains(place), "{line}: {error}");
        let shown = error.to_string().replace("profiles.acme.client_secret.swordfish", "");
        assert!(!format!("{shown} {}", error.advice()).contains("swordfish"), "{line}: {shown}");
    }
}

#[test]
fn a_key_without_meaning_is_a_warning_and_a_known_one_of_another_provider_too() {
    let profile = load_with(&custom("country = \"mx\"\nusername = \"u\""), Choice::default(), &[]).unwrap();
    assert_eq!(profile.warnings.len(), 2);
    assert!(profile.warnings[0].contains("profiles.acme.country"), "{:?}", profile.warnings);
    let every_key = "scope = 'a'\naudience = 'b'\nresource = ['c']\ntrust = 'platform'\ncheck_path = '/'\n\
                     tenant_header = 'X-Tenant'\ntenant = 't'\ntenant_on_token_requests = true\n\
                     client_auth = 'json'\nallow_loopback_http = true\nissuer = 'https://a.example'";
    let profile = load_with(&custom(every_key), Choice::default(), &[]).unwrap();
    assert_eq!(profile.warnings, Vec::<String>::new());
}

#[test]
fn says_what_this_version_cannot_do() {
    for (from, to) in [
        ("\"client-credentials\"", "\"authorization-code\""),
        ("token_url = \"https://auth.example/token\"", "issuer = \"https://auth.example\""),
        ("client_id", "pkcs12_file = \"a.p12\"\nclient_id"),
        ("client_id", "client_auth = \"private_key_jwt\"\nclient_id"),
        ("\"swordfish\"", "{ keyring = \"swordfish\" }"),
    ] {
        let error = refused(&CUSTOM.replacen(from, to, 1));
        assert!(error.to_string().contains("not supported by this version"), "{to}: {error}");
    }
}

#[test]
fn says_what_is_missing_or_wrong() {
    for (from, to, words) in [
        ("provider = \"custom\"", "", "acme.provider"),
        ("auth = \"client-credentials\"", "", "acme.auth"),
        ("api_url = \"https://api.example/v1/\"", "", "acme.api_url"),
        ("token_url = \"https://auth.example/token\"", "", "acme.token_url"),
        ("client_id = \"from-file\"", "", "acme.client_id"),
        ("client_secret = \"swordfish\"", "", "acme.client_secret"),
        ("\"swordfish\"", "{ env = \"NOT_SET\" }", "$NOT_SET"),
        ("https://api", "http://api", "https"),
        ("/v1/", "/v1/?key=swordfish", "query"),
        ("client_id", "tenant = \"t\"\nclient_id", "acme.tenant_header"),
        ("client_id", "trust = \"ca\"\nclient_id", "acme.ca_file"),
        ("client_id", "trust = \"swordfish\"\nclient_id", "acme.trust"),
        ("client_id", "ca_file = \"none.pem\"\nclient_id", "none.pem"),
        ("client_id", "cert_file = \"none.crt\"\nclient_id", "none.crt"),
    ] {
        let error = refused(&CUSTOM.replacen(from, to, 1));
        assert!(error.to_string().contains(words), "{to}: {error}");
    }
}

#[test]
fn environment_and_flags_stand_above_the_file() {
    let id =
        |choice, variables: &[_]| format!("{:?}", load_with(CUSTOM, choice, variables).unwrap().provider);
    let flag = Choice { client_id: Some("from-flag".to_owned()), ..Choice::default() };
    let variable = [("CLAVIGER_CLIENT_ID", "from-variable")];
    assert!(id(flag, &variable).contains("from-flag"));
    assert!(id(Choice::default(), &variable).contains("from-variable"));
    assert!(id(Choice::default(), &[]).contains("from-file"));
    assert!(!id(Choice::default(), &[]).contains("swordfish"));

    let document = document::parse(Path::new("claviger.toml"), CUSTOM).unwrap();
    let section = document.choose(None).unwrap();
    let secret = |variables: &[_]| {
        let environment = Environment::of(variables);
        let overrides = Overrides::default();
        let client =
            Client { section: &section, overrides: &overrides, environment: &environment, proxies: &None };
        client.secret().unwrap().unwrap()
    };
    assert_eq!(secret(&[("CLAVIGER_CLIENT_SECRET", "marlin")]).expose_secret(), "marlin");
    assert_eq!(secret(&[("CLAVIGER_CLIENT_SECRET", "")]).expose_secret(), "swordfish");
}

#[tokio::test]
async fn reads_what_the_sandbox_writes() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    sandbox.write_dir(folder.path()).unwrap();
    let load = |profile: Option<&str>, tenant: Option<&str>, variables: &[_]| {
        let config = Some(folder.path().join("claviger.toml"));
        let choice = Choice { config, profile: profile.map(Into::into), ..Choice::default() };
        load(&choice, tenant.map(Into::into), &Environment::of(variables))
    };
    for profile in [None, Some("clara-test"), Some("custom")] {
        assert_eq!(load(profile, None, &[]).unwrap().warnings, Vec::<String>::new());
    }
    let clara = load(None, Some("TPR950612KL4"), &[]).unwrap().provider;
    let facts = clara.token_requests().unwrap().unwrap().facts;
    assert_eq!(facts.token_url, sandbox.clara().token_url());
    assert_eq!(facts.client_id, sandbox.clara().client_id());
    assert_eq!(facts.certificate.unwrap().to_string(), sandbox.clara().identity().thumbprint());

    let error = load(None, Some("nobody"), &[]).unwrap_err();
    assert_eq!((error.kind(), error.subject()), (ErrorKind::Tenant, Some("--tenant")));
    let error = load(None, None, &[("CLAVIGER_CLIENT_ID", "a")]).unwrap_err();
    assert!(error.to_string().contains("without its secret"), "{error}");
    let both = [("CLAVIGER_CLIENT_ID", "other"), ("CLAVIGER_CLIENT_SECRET", "swordfish")];
    let profile = format!("{:?}", load(None, None, &both).unwrap());
    assert!(profile.contains("other") && !profile.contains("swordfish"), "{profile}");
}
