//! Reads whole files of settings, good ones and bad ones.

use std::{fs, path::Path};

use claviger_auth_core::{Error, ErrorKind};
use secrecy::ExposeSecret;

use super::*;
use crate::Variables;

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
fn load_with(
    settings: &str,
    wanted: Option<&str>,
    overrides: &Overrides,
    variables: &[(&'static str, &str)],
) -> Result<Profile, Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claviger.toml");
    fs::write(&file, settings).unwrap();
    Profile::read(Document::open(&file)?.choose(wanted)?, overrides, &Variables::of(variables))
}

fn load(settings: &str) -> Result<Profile, Error> {
    load_with(settings, None, &Overrides::default(), &[])
}

fn refused(settings: &str) -> Error {
    let error = load(settings).unwrap_err();
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
fn names_the_profiles_that_there_are() {
    let settings = "[profiles.b]\n[profiles.acme]\n";
    let error = load_with(settings, Some("acm"), &Overrides::default(), &[]).unwrap_err();
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
        let error = load(&settings).unwrap_err();
        assert!(error.to_string().contains(place), "{line}: {error}");
        let shown = error.to_string().replace("profiles.acme.client_secret.swordfish", "");
        assert!(!format!("{shown} {}", error.advice()).contains("swordfish"), "{line}: {shown}");
    }
}

#[test]
fn a_key_without_meaning_is_a_warning_and_a_known_one_of_another_provider_too() {
    let profile = load(&custom("country = \"mx\"\nusername = \"u\"")).unwrap();
    assert_eq!(profile.warnings().len(), 2);
    assert!(profile.warnings()[0].contains("profiles.acme.country"), "{:?}", profile.warnings());
    let every_key = "scope = 'a'\naudience = 'b'\nresource = ['c']\ntrust = 'platform'\ncheck_path = '/'\n\
                     tenant_header = 'X-Tenant'\ntenant = 't'\ntenant_on_token_requests = true\n\
                     client_auth = 'json'\nallow_loopback_http = true\nissuer = 'https://a.example'\n\
                     parameters = ['organisation=acme']";
    let profile = load(&custom(every_key)).unwrap();
    assert_eq!(profile.warnings(), Vec::<String>::new());
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
        ("client_id", "client_auth = \"private_key_jwt\"\nclient_id", "acme.signing_key_file"),
        (
            "client_id",
            "client_auth = \"private_key_jwt\"\nsigning_key_file = \"none.pem\"\nclient_id",
            "acme.signing_key_file",
        ),
        ("client_id", "client_auth = \"tls_client_auth\"\nclient_id", "acme.cert_file"),
        ("client_id", "parameters = [\"swordfish\"]\nclient_id", "acme.parameters"),
        ("client_id", "parameters = [\"=swordfish\"]\nclient_id", "acme.parameters"),
    ] {
        let error = refused(&CUSTOM.replacen(from, to, 1));
        assert!(error.to_string().contains(words), "{to}: {error}");
    }
}

#[test]
fn environment_and_flags_stand_above_the_file() {
    let id = |overrides: &Overrides, variables: &[_]| {
        format!("{:?}", load_with(CUSTOM, None, overrides, variables).unwrap().provider)
    };
    let (flag, none) = (Overrides::default().with_client_id("from-flag"), Overrides::default());
    let variable = [("CLAVIGER_CLIENT_ID", "from-variable")];
    assert!(id(&flag, &variable).contains("from-flag"));
    assert!(id(&none, &variable).contains("from-variable"));
    assert!(id(&none, &[]).contains("from-file"));
    assert!(!id(&none, &[]).contains("swordfish"));

    let document = document::parse(Path::new("claviger.toml"), CUSTOM).unwrap();
    let section = document.choose(None).unwrap();
    let secret = |variables: &[_]| {
        let variables = Variables::of(variables);
        let overrides = Overrides::default();
        let client =
            Client { section: &section, overrides: &overrides, variables: &variables, proxies: &None };
        client.secret().unwrap().unwrap()
    };
    assert_eq!(secret(&[("CLAVIGER_CLIENT_SECRET", "marlin")]).expose_secret(), "marlin");
    assert_eq!(secret(&[("CLAVIGER_CLIENT_SECRET", "")]).expose_secret(), "swordfish");
}
