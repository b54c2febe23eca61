//! `claviger publish`, to a real broker.

use std::{fs, process::Command};

use crate::{
    mosquitto::{Mosquitto, PASSWORD, Subscriber, text},
    program_runs::{Ran, program_in},
    real_software::{Running, Says},
};

/// Settings for the broker, in its folder.
fn write_settings(broker: &Mosquitto, password: &str) {
    let credentials = format!(
        r#"{{"apiUrl":"https://api.clarify.io/v1/","integration":"acme",
            "credentials":{{"type":"basic-auth","clientId":"acme","clientSecret":"{password}"}}}}"#
    );
    let settings = format!(
        "[profiles.acme]\nprovider = \"clarify\"\ncredentials = \"credentials.json\"\nca_file = \"ca.pem\"\n\
         mqtt_url = \"{}\"\n",
        broker.url()
    );
    fs::write(broker.folder().join("credentials.json"), credentials).unwrap();
    fs::write(broker.folder().join("claviger.toml"), settings).unwrap();
}

fn publish(broker: &Mosquitto, words: &[&str]) -> Command {
    let mut command = program_in(broker.folder());
    command.args(["--config", "claviger.toml", "publish"]).args(words);
    command
}

/// Runs it. Nothing goes to stdout, and the password nowhere.
async fn run(broker: &Mosquitto, words: &[&str], input: &str) -> (i32, String) {
    let ran = Ran::of(publish(broker, words), input).await;
    assert_eq!(ran.stdout, "");
    assert!(!ran.stderr.contains(PASSWORD), "{}", ran.stderr);
    (ran.code, ran.stderr)
}

fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| text(number) + "\n").collect()
}

async fn receives(subscriber: &mut Subscriber, numbers: std::ops::Range<usize>) {
    for number in numbers {
        assert_eq!(subscriber.next().await.unwrap(), text(number));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn publishes_a_file_and_what_comes_by_a_pipe() {
    let Some(broker) = Mosquitto::start().await else { return };
    write_settings(&broker, PASSWORD);
    fs::write(broker.folder().join("frames"), lines(0..3_000)).unwrap();
    let mut subscriber = broker.subscribe().await;
    let (code, said) = run(&broker, &["frames"], "").await;
    assert_eq!((code, &*said), (0, "claviger: 3000 data frames are published\n"));
    let (code, said) = run(&broker, &["-"], &lines(3_000..3_010)).await;
    assert_eq!((code, &*said), (0, "claviger: 10 data frames are published\n"));
    receives(&mut subscriber, 0..3_010).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_nothing_of_a_file_with_a_wrong_line_and_all_before_it_of_a_pipe() {
    let Some(broker) = Mosquitto::start().await else { return };
    write_settings(&broker, PASSWORD);
    let input = lines(0..5) + "{\"times\":[\"swordfish\n" + &lines(5..6);
    fs::write(broker.folder().join("frames"), &input).unwrap();
    let mut subscriber = broker.subscribe().await;
    let (code, said) = run(&broker, &["frames"], "").await;
    assert!(code == 2 && said.contains("this is no data frame (line 6, column"), "{code} {said}");
    let (code, said) = run(&broker, &["-"], &input).await;
    assert!(code == 2 && said.contains("this is no data frame (line 6, column"), "{code} {said}");
    assert!(said.contains("5 data frames are published"), "{said}");
    run(&broker, &["-"], &lines(9..10)).await;
    receives(&mut subscriber, 0..5).await;
    receives(&mut subscriber, 9..10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_kept_and_sent_by_the_next_run() {
    let Some(broker) = Mosquitto::start().await else { return };
    write_settings(&broker, "swordfisch");
    let (code, said) = run(&broker, &["-"], &lines(0..4)).await;
    assert!(
        code == 3 && said.contains("does not authorize this user") && !said.contains("swordfisch"),
        "{code} {said}"
    );
    assert!(said.contains("0 data frames are published; 4 are kept"), "{said}");
    assert!(said.contains("try: run claviger publish without a FILE"), "{said}");

    write_settings(&broker, PASSWORD);
    let mut subscriber = broker.subscribe().await;
    let (code, said) = run(&broker, &[], "").await;
    assert!(code == 0 && said.contains("4 data frames are published"), "{code} {said}");
    receives(&mut subscriber, 0..4).await;
    let (code, said) = run(&broker, &[], "").await;
    assert_eq!((code, &*said), (0, "claviger: 0 data frames are published\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_broker_it_gives_up_or_is_stopped_and_keeps_all() {
    let Some(mut broker) = Mosquitto::start().await else { return };
    broker.kill();
    write_settings(&broker, PASSWORD);
    fs::write(broker.folder().join("frames"), lines(0..2)).unwrap();
    let mut running = Running::start(&mut publish(&broker, &["frames"]), Says::OnStderr);
    running.wait_for_line(|line| line.contains("trying again").then_some(())).await;
    assert_eq!(running.terminate().await, Some(5));
    let (code, said) = run(&broker, &["--patience", "0", "-"], &lines(2..4)).await;
    assert!(code == 4 && said.contains("the connection was refused"), "{code} {said}");
    assert!(said.contains("0 data frames are published; 4 are kept"), "{said}");

    broker.restart().await;
    write_settings(&broker, PASSWORD);
    // It has another port now, so to the program it is another broker.
    let mut spools = fs::read_dir(broker.folder().join("state/mqtt")).unwrap();
    let spool = spools.next().unwrap().unwrap().path();
    let port = broker.url().rsplit(':').next().unwrap().to_owned();
    fs::rename(&spool, spool.with_file_name(format!("acme@127.0.0.1_3a{port}"))).unwrap();
    let mut subscriber = broker.subscribe().await;
    let (code, said) = run(&broker, &[], "").await;
    assert!(code == 0 && said.contains("4 data frames are published"), "{code} {said}");
    receives(&mut subscriber, 0..4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_leaves_no_gap() {
    let Some(broker) = Mosquitto::start().await else { return };
    write_settings(&broker, PASSWORD);
    fs::write(broker.folder().join("frames"), lines(0..30_000)).unwrap();
    let mut subscriber = broker.subscribe().await;
    let running = Running::start(&mut publish(&broker, &["frames"]), Says::OnStderr);
    receives(&mut subscriber, 0..500).await;
    drop(running);
    // What it had kept comes first, and this is the last.
    let (code, said) = run(&broker, &["-"], &lines(99_999..100_000)).await;
    assert_eq!(code, 0, "{said}");
    let (mut next, mut twice) = (500, 0);
    loop {
        let payload = subscriber.next().await.unwrap();
        if payload == text(99_999) {
            break;
        }
        if payload == text(next) {
            next += 1;
        } else {
            // Sent again: one of the window's twenty, and not one that was never there.
            let mut window = next.saturating_sub(20)..next;
            assert!(window.any(|number| payload == text(number)), "{payload} came after {next}");
            twice += 1;
        }
    }
    println!("killed after {next} of 30000 were read: none of these is missing, {twice} arrived twice");
    assert!(next < 30_000, "it was killed before its end");
}
