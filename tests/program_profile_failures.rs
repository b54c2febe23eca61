//! The program with every profile that the sandbox writes, when something is wrong: an exit code, words, advice.

use serde_json::Value;

use crate::{
    connect_proxy::ConnectProxy,
    program_runs::{Profile, Terminal},
};

/// A way to get it wrong with one profile: the exit code of `request --fail`, some of its words, and how it is
/// brought about.
struct Mistake {
    profile: &'static str,
    name: &'static str,
    code: i32,
    words: &'static str,
    make: fn(&mut Terminal),
}

const fn mistake(
    profile: &'static str,
    name: &'static str,
    code: i32,
    words: &'static str,
    make: fn(&mut Terminal),
) -> Mistake {
    Mistake { profile, name, code, words, make }
}

const CLARIFY: &str = "clarify/clarify-credentials.json";
const BASIC: &str = "clarify/clarify-basic-credentials.json";

fn wrong_secret(terminal: &mut Terminal) {
    terminal.set("CLAVIGER_CLIENT_SECRET", "swordfish");
}

fn wrong_user(terminal: &mut Terminal) {
    let profile = terminal.sandbox.sandbox.clarus();
    // Somebody's secret, and an id that nobody has.
    terminal.set("CLAVIGER_CLIENT_SECRET", profile.client_secret());
    terminal.set("CLAVIGER_CLIENT_ID", "nobody");
}

/// Takes a setting out of one profile.
fn unset(terminal: &Terminal, profile: &str, setting: &str) {
    terminal.edit("claviger.toml", |text| {
        let mut section = "";
        let kept = text.lines().filter(|line| {
            if line.starts_with('[') {
                section = line;
            }
            section != format!("[profiles.{profile}]") || !line.starts_with(&format!("{setting} ="))
        });
        kept.collect::<Vec<_>>().join("\n")
    });
}

fn unset_in_json(terminal: &Terminal, file: &str, pointer: &str, field: &str) {
    terminal.edit(file, |text| {
        let mut value: Value = serde_json::from_str(text).unwrap();
        value.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        value.to_string()
    });
}

const MISTAKES: &[Mistake] = &[
    mistake("clarify", "a wrong secret", 3, "access_denied", wrong_secret),
    mistake("clarify", "a missing field", 2, "clientSecret", |terminal| {
        unset_in_json(terminal, CLARIFY, "/credentials", "clientSecret");
    }),
    mistake("clarify", "a missing address", 2, "apiUrl", |terminal| {
        unset_in_json(terminal, CLARIFY, "", "apiUrl");
    }),
    mistake("clarify", "a missing file", 2, "cannot be read", |terminal| {
        std::fs::remove_file(terminal.path(CLARIFY)).unwrap();
    }),
    mistake("clarify", "an unknown version", 1, "400", |terminal| {
        terminal.edit("claviger.toml", |text| text.replace("\"1.1\"", "\"7.7\""));
    }),
    mistake("clarify-basic", "a wrong password", 3, "user and the password", wrong_secret),
    mistake("clarify-basic", "a missing field", 2, "clientSecret", |terminal| {
        unset_in_json(terminal, BASIC, "/credentials", "clientSecret");
    }),
    mistake("clarify-basic", "a missing setting", 2, "credentials", |terminal| {
        unset(terminal, "clarify-basic", "credentials");
    }),
    mistake("clarus", "a wrong secret", 3, "invalid_client", wrong_secret),
    mistake("clarus", "a missing id", 2, "client_id", |terminal| unset(terminal, "clarus", "client_id")),
    mistake("clarus", "a missing tenant", 2, "tenant", |terminal| unset(terminal, "clarus", "tenant")),
    mistake("clarus", "an unknown tenant", 3, "403", |terminal| {
        terminal.edit("claviger.toml", |text| text.replace("\"acme\"", "\"globex\""));
    }),
    mistake("clarus", "a tenant that is an address", 2, "subdomain", |terminal| {
        terminal.edit("claviger.toml", |text| text.replace("\"acme\"", "\"acme.claruswms.co.uk\""));
    }),
    mistake("clarus-token", "an expired token", 3, "never renewed", |terminal| {
        let clarus = terminal.sandbox.sandbox.clarus();
        assert!(clarus.revoke(clarus.static_token()));
    }),
    mistake("clarus-token", "a missing token", 2, "token", |terminal| {
        unset(terminal, "clarus-token", "token")
    }),
    mistake("clarus-token", "an unknown tenant", 3, "403", |terminal| {
        terminal.edit("claviger.toml", |text| text.replace("\"acme\"", "\"globex\""));
    }),
    mistake("clazar", "a wrong secret", 3, "refused the client credentials", wrong_secret),
    mistake("clazar", "a missing secret", 2, "client_secret", |terminal| {
        unset(terminal, "clazar", "client_secret");
    }),
    mistake("clazar", "a token URL without its slash", 5, "redirects", |terminal| {
        terminal.edit("claviger.toml", |text| text.replace("/authenticate/\"", "/authenticate\""));
    }),
    mistake("custom", "a wrong secret", 3, "invalid_client", wrong_secret),
    mistake("custom", "a missing address", 2, "api_url", |terminal| unset(terminal, "custom", "api_url")),
    mistake("custom", "an unknown tenant", 3, "403", |terminal| {
        terminal.edit("claviger.toml", |text| text.replace("ACME8001011H0", "XXX010101AB1"));
    }),
];

#[tokio::test]
async fn each_mistake_has_its_exit_code_and_its_own_words() {
    let mut said: Vec<(&str, &str, String)> = Vec::new();
    for Mistake { profile, name, code, words, make } in MISTAKES {
        let mut terminal = Terminal::new().await;
        make(&mut terminal);
        let ran = Profile::named(profile).call(&terminal, &["--fail"]).await;
        assert_eq!(ran.code, *code, "{profile}, {name}: {ran:?}");
        assert!(ran.stderr.contains(words), "{profile}, {name}: no {words:?} in {}", ran.stderr);
        assert!(ran.stderr.contains("try:"), "{profile}, {name}: it does not say what to do: {}", ran.stderr);
        assert!(!ran.stderr.contains("swordfish"), "{profile}, {name}");
        // Folders and ports are other ones each time, and no words.
        let text = ran.stderr.replace(&*terminal.path("").to_string_lossy(), "");
        let text = text.replace(&Profile::named(profile).provider(&terminal).address().to_string(), "");
        let other = said.iter().find(|(of, _, other)| of == profile && *other == text);
        assert!(
            other.is_none(),
            "{profile}: {name} is told as is {:?}: {text}",
            other.map(|(_, name, _)| name)
        );
        said.push((profile, name, text));

        // `check` ends alike, and says at which step. A status of the API is for `--fail` to judge; here it counts.
        let checked = Profile::named(profile).run(&terminal, &["check", "--json"]).await;
        assert_ne!(checked.code, 0, "{profile}, {name}: {checked:?}");
        let steps = checked.json();
        let failed = steps.as_array().unwrap().iter().find(|step| step["status"] == "failed");
        let failed = failed.unwrap_or_else(|| panic!("{profile}, {name}: {checked:?}"));
        assert!(!failed["advice"].as_str().unwrap_or_default().is_empty(), "{profile}, {name}: {failed}");
        if *code != 1 {
            assert_eq!(checked.code, *code, "{profile}, {name}: {checked:?}");
        }
        assert!(!checked.stdout.contains("swordfish"), "{profile}, {name}");
    }
}

#[tokio::test]
async fn a_wrong_user_is_refused_whatever_the_profile() {
    for profile in Profile::ALL.into_iter().filter(|profile| profile.name != "clarus-token") {
        let mut terminal = Terminal::new().await;
        wrong_user(&mut terminal);
        let ran = profile.call(&terminal, &["--fail"]).await;
        assert_eq!(ran.code, 3, "{}: {ran:?}", profile.name);
        assert!(ran.stderr.contains("try: check the"), "{}: {}", profile.name, ran.stderr);
        assert!(terminal.kept().is_empty(), "{}: there is nothing to keep", profile.name);
    }
}

#[tokio::test]
async fn a_server_that_is_gone_is_named_whatever_the_profile() {
    for profile in Profile::ALL {
        let terminal = Terminal::new().await;
        let address = profile.provider(&terminal).address();
        // Nobody listens on 127.0.0.3.
        let away = format!("127.0.0.3:{}", address.port());
        for file in ["claviger.toml", CLARIFY, BASIC] {
            terminal.edit(file, |text| text.replace(&address.to_string(), &away));
        }
        for words in [profile.request, &["check"]] {
            let ran = profile.run(&terminal, words).await;
            let text = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(ran.code, 4, "{}: {ran:?}", profile.name);
            assert!(text.contains(&away) && text.contains("try:"), "{}: {text}", profile.name);
        }
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_is_told_whatever_the_profile() {
    for profile in Profile::ALL {
        let mut terminal = Terminal::new().await;
        let address = profile.provider(&terminal).address();
        // The proxy alone knows where that is.
        let proxy = ConnectProxy::to(address).await;
        terminal.set("HTTPS_PROXY", format!("http://{}", proxy.address()));
        for file in ["claviger.toml", CLARIFY, BASIC] {
            terminal.edit(file, |text| text.replace(&address.to_string(), "wrong.example"));
        }
        for words in [profile.request, &["check"]] {
            let ran = profile.run(&terminal, words).await;
            let text = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(ran.code, 4, "{}: {ran:?}", profile.name);
            assert!(
                text.contains("another name") && text.contains("wrong.example"),
                "{}: {text}",
                profile.name
            );
            assert!(text.contains("try:"), "{}: {text}", profile.name);
        }
        assert!(!proxy.seen().heads.is_empty());
        assert!(profile.provider(&terminal).journal().entries().is_empty(), "nothing was sent");
    }
}
