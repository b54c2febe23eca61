//! Which settings are read, and what the sandbox writes as they are.

mod stack;

use std::{fs, path::Path};

use claviger_profiles::Stack;
use claviger_sandbox::{Options, Sandbox};

use super::*;

/// Reads a profile of these settings, with these variables.
fn load_with(settings: &str, choice: Choice, variables: &[(&'static str, &str)]) -> Result<Profile, Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("claviger.toml");
    fs::write(&file, settings).unwrap();
    let choice = Choice { config: Some(file), ..choice };
    load(&choice, None, &Environment::of(variables))
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
    let only = load_with("[profiles.only]", Choice::default(), &[]).unwrap_err();
    assert!(only.to_string().contains("profiles.only.provider"));
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
        assert_eq!(load(profile, None, &[]).unwrap().warnings(), Vec::<String>::new());
    }
    let clara = load(None, Some("TPR950612KL4"), &[]).unwrap();
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

#[tokio::test]
async fn reads_every_profile_of_the_sandbox_without_a_warning() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    sandbox.write_dir(folder.path()).unwrap();
    for (name, provider) in [
        ("clara", &**sandbox.clara()),
        ("clara-test", sandbox.clara()),
        ("clarify", sandbox.clarify()),
        ("clarify-basic", sandbox.clarify()),
        ("clarus", sandbox.clarus()),
        ("clarus-token", sandbox.clarus()),
        ("clazar", sandbox.clazar()),
        ("custom", sandbox.clara()),
    ] {
        let config = Some(folder.path().join("claviger.toml"));
        let choice = Choice { config, profile: Some(name.to_owned()), ..Choice::default() };
        let profile = load(&choice, None, &Environment::of(&[])).unwrap();
        assert_eq!(profile.warnings(), Vec::<String>::new(), "{name}");
        let has_tokens = !["clarify-basic", "clarus-token"].contains(&name);
        match profile.token_requests().unwrap() {
            Some(requests) => assert_eq!(requests.facts.token_url, provider.token_url(), "{name}"),
            None => assert!(!has_tokens, "{name}"),
        }
        let stack = Stack::new(&profile, |requests| Ok(requests.source)).unwrap();
        assert_eq!(stack.base().origin().to_string(), format!("https://{}", provider.address()));
    }
}
