//! Tokens that the program keeps between runs.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use claviger_sandbox::{Fault, Target, Times};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    program_runs::{Profile, STATE, Terminal},
    providers::counts,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Makes the kept token as old as if it had been fetched so many seconds before: past the spacing, in which
/// another one would not be fetched.
fn age(terminal: &Terminal, seconds: u64) {
    let [path] = &terminal.kept()[..] else { panic!("not one kept token") };
    let mut kept: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    kept["issued_at_millis"] = json!(kept["issued_at_millis"].as_u64().unwrap() - seconds * 1000);
    fs::write(path, kept.to_string()).unwrap();
}

#[tokio::test]
async fn twenty_runs_one_after_the_other_make_one_token_request() {
    let terminal = Terminal::new().await;
    let profile = Profile::named("clara");
    for _ in 0..20 {
        assert_eq!(profile.call(&terminal, &["--fail"]).await.code, 0);
    }
    assert_eq!(terminal.sandbox.counts(), (1, 20));
}

#[tokio::test]
async fn twenty_runs_at_once_make_one_token_request() {
    let terminal = Arc::new(Terminal::new().await);
    for profile in [Profile::named("clara"), Profile::named("clazar")] {
        // The first to come fetches it; the answer is kept back until all could have asked.
        let provider = profile.provider(&terminal);
        provider.play(Target::Token, Fault::Slow(std::time::Duration::from_millis(300)), Times::ONCE);
        let mut runs = JoinSet::new();
        for _ in 0..20 {
            let terminal = Arc::clone(&terminal);
            runs.spawn(async move { profile.call(&terminal, &["--fail"]).await });
        }
        for ran in runs.join_all().await {
            assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");
        }
        assert_eq!(counts(profile.provider(&terminal)), (1, 20), "{}", profile.name);
    }
}

#[tokio::test]
async fn every_profile_that_fetches_tokens_keeps_them_and_no_other() {
    for profile in Profile::ALL {
        let terminal = Terminal::new().await;
        for _ in 0..3 {
            assert_eq!(profile.call(&terminal, &["--fail"]).await.code, 0);
        }
        let fetched = Profile::fetching().any(|fetching| fetching.name == profile.name);
        let expected = usize::from(fetched);
        assert_eq!(counts(profile.provider(&terminal)), (expected, 3), "{}", profile.name);
        assert_eq!(terminal.kept().len(), expected, "{}", profile.name);
    }
}

#[tokio::test]
async fn a_401_replaces_the_kept_token() {
    for profile in Profile::fetching() {
        let terminal = Terminal::new().await;
        let provider = profile.provider(&terminal);
        profile.call(&terminal, &[]).await;
        provider.revoke_all();
        let ran = profile.call(&terminal, &["--fail"]).await;
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{}: {ran:?}", profile.name);
        assert_eq!(counts(provider), (2, 3), "{}: sent once more", profile.name);
        for _ in 0..3 {
            assert_eq!(profile.call(&terminal, &["--fail"]).await.code, 0);
        }
        assert_eq!(counts(provider), (2, 6), "{}: the new one is kept", profile.name);
    }
}

#[tokio::test]
async fn a_401_to_the_token_that_replaced_another_is_passed_on() {
    let terminal = Terminal::new().await;
    let profile = Profile::named("clarus");
    profile.call(&terminal, &[]).await;
    for _ in 0..3 {
        profile.provider(&terminal).revoke_all();
        profile.call(&terminal, &[]).await;
    }
    assert_eq!(counts(profile.provider(&terminal)), (2, 5), "a run after the other must not ask each time");
    let ran = profile.call(&terminal, &["--fail"]).await;
    assert_eq!(ran.code, 3, "{ran:?}");
    age(&terminal, 60);
    assert_eq!(profile.call(&terminal, &["--fail"]).await.code, 0);
    assert_eq!(counts(profile.provider(&terminal)), (3, 8), "it is replaced after a while");
}

#[tokio::test]
async fn a_token_that_has_run_out_is_replaced_before_it_is_sent() {
    let terminal = Terminal::new().await;
    let profile = Profile::named("clarify");
    profile.call(&terminal, &[]).await;
    profile.provider(&terminal).expire_all();
    age(&terminal, 295);
    assert_eq!(profile.call(&terminal, &["--fail"]).await.code, 0);
    assert_eq!(counts(profile.provider(&terminal)), (2, 2), "no request has a 401");
}

#[tokio::test]
async fn no_cache_leaves_what_is_kept_alone() {
    let terminal = Terminal::new().await;
    let profile = Profile::named("clazar");
    for _ in 0..2 {
        assert_eq!(profile.call(&terminal, &["--no-cache"]).await.code, 0);
    }
    assert_eq!(counts(profile.provider(&terminal)), (2, 2));
    assert!(!terminal.path(STATE).exists(), "there is not even a folder");
    profile.call(&terminal, &[]).await;
    let read = || fs::read(&terminal.kept()[0]).unwrap();
    let kept = read();
    let ran = profile.run(&terminal, &["token", "--json", "--no-cache"]).await;
    assert_eq!(ran.json()["source"], "fetched");
    assert_eq!(read(), kept);
}

#[tokio::test]
async fn only_the_owner_reads_what_is_kept_and_no_secret_is_in_it() {
    let terminal = Terminal::new().await;
    for profile in Profile::ALL {
        profile.call(&terminal, &[]).await;
    }
    let folder = terminal.path(STATE);
    assert_eq!(mode(&folder), 0o700);
    let mut text = String::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        text += &format!("{}\n{}\n", path.display(), fs::read_to_string(&path).unwrap());
    }
    // The control: the tokens are in there. Those of clara and of custom, alike as they are, are two.
    let sandbox = &terminal.sandbox.sandbox;
    for profile in Profile::fetching() {
        let entries = profile.provider(&terminal).journal().api_entries();
        let headers = entries.iter().filter_map(|entry| entry.header("authorization"));
        let tokens: Vec<_> = headers.filter_map(|header| header.strip_prefix("Bearer ")).collect();
        assert!(tokens.iter().any(|token| text.contains(token)), "{}", profile.name);
    }
    for secret in [
        sandbox.clara().client_secret(),
        sandbox.clarify().client_secret(),
        sandbox.clarify().basic_password(),
        sandbox.clarus().client_secret(),
        sandbox.clarus().static_token().to_owned(),
        sandbox.clazar().client_secret(),
    ] {
        assert!(!text.contains(&secret));
    }
}

#[tokio::test]
async fn a_token_of_another_secret_or_another_client_is_not_handed_out() {
    let mut terminal = Terminal::new().await;
    let profile = Profile::named("clara");
    profile.call(&terminal, &[]).await;
    let clara = terminal.sandbox.clara();
    let test = (clara.test_client_id().to_owned(), clara.test_client_secret());
    terminal.set("CLAVIGER_CLIENT_SECRET", "swordfish");
    let ran = profile.call(&terminal, &[]).await;
    assert_eq!(ran.code, 3, "a wrong secret is told, though there is a token: {ran:?}");
    terminal.set("CLAVIGER_CLIENT_ID", test.0);
    terminal.set("CLAVIGER_CLIENT_SECRET", test.1);
    assert_eq!(profile.run(&terminal, &["token", "--json"]).await.json()["source"], "fetched");
    assert_eq!(terminal.kept().len(), 2);
}

#[tokio::test]
async fn what_is_damaged_is_fetched_anew_and_what_others_may_write_is_refused() {
    let terminal = Terminal::new().await;
    let profile = Profile::named("clarus");
    profile.call(&terminal, &[]).await;
    fs::write(&terminal.kept()[0], "{\"version\":1,").unwrap();
    let ran = profile.call(&terminal, &["--fail"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(counts(profile.provider(&terminal)), (2, 2));

    fs::set_permissions(terminal.path(STATE), fs::Permissions::from_mode(0o777)).unwrap();
    let ran = profile.call(&terminal, &[]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("others may write") && ran.stderr.contains("CLAVIGER_STATE_DIR"), "{ran:?}");
    assert_eq!(profile.call(&terminal, &["--no-cache"]).await.code, 0);
}

#[tokio::test]
async fn a_kept_token_that_cannot_be_used_is_not_taken_for_none_that_could_be_revoked() {
    let terminal = Terminal::new().await;
    let profile = Profile::named("custom");
    profile.call(&terminal, &[]).await;
    let [path] = &terminal.kept()[..] else { panic!("not one kept token") };
    fs::write(path, "swordfish").unwrap();
    let ran = profile.run(&terminal, &["token", "--revoke"]).await;
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("the kept token cannot be used: it is damaged"), "{ran:?}");
    assert!(!ran.stderr.contains("another is fetched") && !ran.stderr.contains("swordfish"), "{ran:?}");
}
