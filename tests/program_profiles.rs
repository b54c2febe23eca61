//! The program with every profile that the sandbox writes, when all goes well.

use std::process::Command;

use http::StatusCode;

use crate::{
    connect_proxy::ConnectProxy,
    program_runs::{Profile, Ran, Terminal, Tokens, program_in},
    providers::counts,
    real_software::{free_address, needs},
};

#[tokio::test]
async fn request_and_token_work_with_every_profile() {
    for profile in Profile::ALL {
        let terminal = Terminal::new().await;
        let ran = profile.call(&terminal, &["--fail"]).await;
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{}: {ran:?}", profile.name);
        assert!(ran.json().is_object(), "{}", profile.name);
        let provider = profile.provider(&terminal);
        let tokens = usize::from(profile.tokens == Tokens::Fetched);
        assert_eq!(counts(provider), (tokens, 1), "{}", profile.name);
        let entry = &provider.journal().api_entries()[0];
        assert_eq!(entry.status, Some(StatusCode::OK));
        let scheme = if profile.name == "clarify-basic" { "Basic " } else { "Bearer " };
        assert!(entry.header("authorization").unwrap().starts_with(scheme), "{}", profile.name);

        let ran = profile.run(&terminal, &["token", "--json"]).await;
        match profile.tokens {
            Tokens::Fetched => assert_eq!(ran.json()["source"], "cache", "{ran:?}"),
            Tokens::Given => {
                assert_eq!((ran.code, &*ran.stdout), (2, ""), "{ran:?}");
                assert!(ran.stderr.contains("fetches no tokens") && ran.stderr.contains("try:"), "{ran:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_certificate_may_be_in_a_pkcs12_file_and_the_key_encrypted() {
    let Some(openssl) = needs("openssl") else { return };
    let mut terminal = Terminal::new().await;
    terminal.set("KEY_PASSPHRASE", "open sesame");
    for arguments in [
        "pkcs12 -export -in client.crt -inkey client.key -passout env:KEY_PASSPHRASE -out client.p12",
        "pkcs8 -topk8 -in client.key -passout env:KEY_PASSPHRASE -out encrypted.key",
    ] {
        let mut command = Command::new(&openssl);
        command.current_dir(terminal.path("clara")).env("KEY_PASSPHRASE", "open sesame");
        assert!(command.args(arguments.split(' ')).output().unwrap().status.success(), "{arguments}");
    }
    let sandbox = terminal.sandbox.clara().journal();
    let settings = std::fs::read_to_string(terminal.path("claviger.toml")).unwrap();
    for files in [
        "pkcs12_file = \"clara/client.p12\"",
        "cert_file = \"clara/client.crt\"\nkey_file = \"clara/encrypted.key\"",
    ] {
        let files = format!("{files}\npassphrase = {{ env = \"KEY_PASSPHRASE\" }}");
        let plain = "cert_file = \"clara/client.crt\"\nkey_file = \"clara/client.key\"";
        assert!(settings.contains(plain));
        terminal.write("claviger.toml", &settings.replace(plain, &files));
        let ran = terminal.run("--profile custom request GET /api/v3/users --fail").await;
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{files}: {ran:?}");
        let shown = sandbox.api_entries().last().unwrap().peer.thumbprint.clone().unwrap();
        assert_eq!(shown, terminal.sandbox.identity().thumbprint().to_string());
    }
    terminal.set("KEY_PASSPHRASE", "swordfish");
    let ran = terminal.run("--profile custom request GET /api/v3/users").await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("the passphrase is wrong") && !ran.stderr.contains("swordfish"), "{ran:?}");
}

#[tokio::test]
async fn what_a_provider_asks_for_is_on_the_wire() {
    let terminal = Terminal::new().await;
    for name in ["clarify", "clarus", "clazar"] {
        Profile::named(name).call(&terminal, &[]).await;
    }
    let sandbox = &terminal.sandbox.sandbox;
    let clarify = &sandbox.clarify().journal().api_entries()[0];
    assert_eq!(clarify.header("x-api-version"), Some("1.1"));
    let asked = sandbox.clarify().journal().token_entries()[0].body_text();
    assert!(asked.contains("audience=") && asked.contains("%2Fv1%2F"), "it has its slash");
    assert_eq!(sandbox.clarus().journal().api_entries()[0].header("x-clarus-subdomain"), Some("acme"));
    assert_eq!(sandbox.clarus().journal().token_entries()[0].header("x-clarus-subdomain"), None);
    let clazar = &sandbox.clazar().journal().token_entries()[0];
    assert_eq!((&*clazar.path, clazar.header("content-type")), ("/authenticate/", Some("application/json")));

    let own = ["-H", "X-API-Version: 1.0"];
    Profile::named("clarify").call(&terminal, &own).await;
    assert_eq!(sandbox.clarify().journal().api_entries()[1].header("x-api-version"), Some("1.0"));
    let ran = Profile::named("clarus").call(&terminal, &["--tenant", "acme-test"]).await;
    assert_eq!(ran.json()["meta"]["subdomain"], "acme-test");
}

#[tokio::test]
async fn check_finds_every_profile_good() {
    for profile in Profile::ALL {
        let terminal = Terminal::new().await;
        let ran = profile.run(&terminal, &["check", "--json"]).await;
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{}: {ran:?}", profile.name);
        let steps = ran.json();
        let steps = steps.as_array().unwrap();
        for step in steps {
            let word = |name: &str| step[name].as_str().unwrap_or_default();
            assert!(["ok", "skipped"].contains(&word("status")), "{}: {step}", profile.name);
            assert!(!word("step").is_empty() && !word("detail").is_empty(), "{step}");
        }
        let of = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap()["status"].clone();
        assert_eq!(of("api"), "ok", "{}", profile.name);
        let token = if profile.tokens == Tokens::Fetched { "ok" } else { "skipped" };
        assert_eq!(of("token"), token, "{}", profile.name);

        let text = profile.run(&terminal, &["check"]).await;
        assert_eq!((text.code, text.stdout.lines().count()), (0, steps.len()), "{text:?}");
    }
}

#[tokio::test]
async fn completions_and_the_manual_know_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    let ask = async |words: &[&str]| {
        let mut command = program_in(folder.path());
        command.args(words);
        Ran::of(command, "").await
    };
    for words in [&["completions", "bash"][..], &["completions", "zsh"], &["completions", "fish"], &["man"]] {
        let ran = ask(words).await;
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{words:?}");
        for command in ["check", "completions", "demo", "man", "request", "sandbox", "token"] {
            assert!(ran.stdout.contains(command), "{words:?} has no {command}");
        }
        assert!(ran.stdout.contains("no-cache") || ran.stdout.contains("no\\-cache"), "{words:?}");
    }
    let bash = ask(&["completions", "bash"]).await.stdout;
    assert!(bash.contains("complete -F _claviger"), "{bash}");
    assert!(ask(&["man"]).await.stdout.contains(".TH claviger 1"));
    assert_eq!(ask(&["completions", "nonsense"]).await.code, 2);
    assert!(!folder.path().join(crate::program_runs::STATE).exists(), "they touch nothing");
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_gone_through_and_told() {
    let mut terminal = Terminal::new().await;
    let profile = Profile::named("clazar");
    let proxy = ConnectProxy::to(profile.provider(&terminal).address()).await;
    terminal.set("HTTPS_PROXY", format!("http://acme:swordfish@{}", proxy.address()));
    let ran = profile.call(&terminal, &[]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(proxy.seen().heads.len(), 2, "for the token, and for the API");
    assert!(!proxy.seen().contains(profile.provider(&terminal).client_secret()));

    let ran = profile.run(&terminal, &["check", "--json"]).await;
    let steps = ran.json();
    let step = steps.as_array().unwrap().iter().find(|step| step["step"] == "proxy").unwrap();
    let detail = step["detail"].as_str().unwrap();
    assert!(ran.code == 0 && detail.contains(&proxy.address()), "{ran:?}");
    assert!(!ran.stdout.contains("swordfish") && !ran.stderr.contains("swordfish"));

    let tunnels = proxy.seen().heads.len();
    terminal.set("NO_PROXY", "example.com,127.0.0.1");
    assert_eq!(profile.call(&terminal, &[]).await.code, 0);
    assert_eq!(proxy.seen().heads.len(), tunnels, "what NO_PROXY lists is reached straight");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let gone = free_address().await.to_string();
    for profile in Profile::ALL {
        let mut terminal = Terminal::new().await;
        terminal.set("HTTPS_PROXY", format!("http://acme:swordfish@{gone}"));
        for words in [profile.request, &["check"]] {
            let ran = profile.run(&terminal, words).await;
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(ran.code, 4, "{}: {ran:?}", profile.name);
            assert!(said.contains(&gone) && said.contains("HTTPS_PROXY"), "{}: {said}", profile.name);
            assert!(!said.contains("swordfish"), "{said}");
        }
        assert_eq!(counts(profile.provider(&terminal)), (0, 0), "{}", profile.name);
    }
}
