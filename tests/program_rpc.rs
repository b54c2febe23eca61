//! `claviger rpc`, as somebody at a terminal sees it.

use claviger_sandbox::{Fault, Target, Times};

use crate::{
    program_runs::{Ran, Terminal},
    providers::counts,
};

async fn rpc(terminal: &Terminal, words: &[&str]) -> Ran {
    terminal.run_with(&[&["--profile", "clarify", "rpc"], words].concat(), "").await
}

#[tokio::test]
async fn prints_the_result_and_nothing_else() {
    let terminal = Terminal::new().await;
    let clarify = terminal.sandbox.sandbox.clarify();
    let insert = format!(
        r#"{{"integration":"{}","data":{{"times":["2026-11-22T08:00:00Z"],"series":{{"boiler":[81.5]}}}}}}"#,
        clarify.integration()
    );
    terminal.write("insert.json", &insert);
    let file = format!("@{}", terminal.path("insert.json").display());
    for (params, created) in [(&*insert, true), (&file, false), ("@-", false)] {
        let words = ["--profile", "clarify", "rpc", "integration.insert", params];
        let ran = terminal.run_with(&words, &insert).await;
        assert_eq!((ran.code, &*ran.stderr), (0, ""), "{ran:?}");
        assert!(ran.stdout.ends_with("}\n"), "{ran:?}");
        assert_eq!(ran.json()["signalsByInput"]["boiler"]["created"], created);
    }
    for profile in ["clarify", "clarify-basic"] {
        let ran = terminal.run(&format!("--profile {profile} rpc clarify.selectItems")).await;
        assert_eq!((ran.code, &ran.json()["meta"]["total"]), (0, &1.into()), "{ran:?}");
    }
    assert_eq!(counts(clarify), (1, 5), "the token is kept between runs");
}

#[tokio::test]
async fn a_notification_prints_nothing() {
    let terminal = Terminal::new().await;
    let ran = rpc(&terminal, &["clarify.selectItems", "{}", "--notify"]).await;
    assert_eq!((ran.code, &*ran.stdout, &*ran.stderr), (0, "", ""));
    let entry = &terminal.sandbox.sandbox.clarify().journal().api_entries()[0];
    assert_eq!(entry.body_text(), r#"{"jsonrpc":"2.0","method":"clarify.selectItems","params":{}}"#);
}

#[tokio::test]
async fn asks_for_the_version_that_was_typed() {
    let terminal = Terminal::new().await;
    let clarify = terminal.sandbox.sandbox.clarify();
    for (words, version) in
        [(&["clarify.selectItems"][..], "1.1"), (&["clarify.selectItems", "--api-version", "1.0"], "1.0")]
    {
        assert_eq!(rpc(&terminal, words).await.code, 0);
        assert_eq!(clarify.journal().api_entries().last().unwrap().header("x-api-version"), Some(version));
    }
    let ran = rpc(&terminal, &["clarify.selectItems", "--api-version", "9.9"]).await;
    assert_eq!((ran.code, &*ran.stdout), (1, ""), "{ran:?}");
    assert!(ran.stderr.contains("400") && ran.stderr.contains("X-API-Version"), "{ran:?}");
}

#[tokio::test]
async fn an_rpc_error_is_told_in_clarifys_words() {
    let terminal = Terminal::new().await;
    let ran = rpc(&terminal, &["integration.insert", "{}"]).await;
    assert_eq!((ran.code, &*ran.stdout), (1, ""), "{ran:?}");
    let [first, rest @ ..] = &ran.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{ran:?}") };
    assert!(
        first.starts_with("claviger: Clarify answered with RPC error -32602: a parameter is wrong (trace ")
    );
    assert_eq!(
        rest,
        [
            "  because: Invalid params",
            "  because: integration: is required",
            "  try: correct the fields that are named"
        ]
    );
    terminal.sandbox.sandbox.clarify().play_rpc_error(-32021);
    let ran = rpc(&terminal, &["clarify.selectItems"]).await;
    assert!(
        ran.code == 1 && ran.stderr.contains("(trace ") && !ran.stderr.contains("{\"trace\":"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn what_is_no_answer_has_its_exit_code() {
    for (target, fault, code, words) in [
        (Target::Api, Fault::Unavailable, 1, "503"),
        (Target::Api, Fault::HtmlPage, 1, "502"),
        (Target::Api, Fault::EchoSecret, 1, "400"),
        (Target::Api, Fault::Unauthorized, 3, "401"),
        (Target::Api, Fault::ErrorIn200, 5, "no JSON-RPC"),
        (Target::Token, Fault::Unauthorized, 3, "access_denied"),
    ] {
        let terminal = Terminal::new().await;
        terminal.sandbox.sandbox.clarify().play(target, fault, Times::UntilCleared);
        let ran = rpc(&terminal, &["clarify.selectItems"]).await;
        assert_eq!((ran.code, &*ran.stdout), (code, ""), "{fault}: {ran:?}");
        assert!(ran.stderr.contains(words) && ran.stderr.contains("try:"), "{fault}: {ran:?}");
    }
}

#[tokio::test]
async fn mistakes_are_told_before_anything_is_sent() {
    let terminal = Terminal::new().await;
    for (words, text) in [
        (&["a.b", "{swordfish"][..], "PARAMS_JSON, line 1, column 2"),
        (&["a.b", "\"swordfish\""], "neither an object nor an array"),
        (&["a.b", "null"], "neither an object nor an array"),
        (&["a.b", "@no-such-file"], "no-such-file"),
        (&["a.b", "{}", "--api-version", "latest"], "--api-version"),
    ] {
        let ran = rpc(&terminal, words).await;
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains(text) && ran.stderr.contains("try:"), "{ran:?}");
        assert!(!ran.stderr.contains("swordfish"), "{ran:?}");
    }
    for profile in ["clara", "clarus", "clazar", "custom"] {
        let ran = terminal.run(&format!("--profile {profile} rpc clarify.selectItems")).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("no JSON-RPC methods") && ran.stderr.contains("--profile"), "{ran:?}");
    }
    let sandbox = &terminal.sandbox.sandbox;
    assert_eq!(counts(sandbox.clarify()), (0, 0));
    assert_eq!(counts(sandbox.clara()), (0, 0));
}
