//! A broker that refuses, hangs up or says nothing.

use super::*;

#[tokio::test]
async fn refusals_end_it_and_keep_the_frames() {
    for (code, kind) in [
        (2, ErrorKind::Configuration),
        (4, ErrorKind::CredentialsRefused),
        (5, ErrorKind::CredentialsRefused),
    ] {
        let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
        let publisher = fake.publisher(spool(&folder)).build();
        publisher.publish(frames(0..2)).await.unwrap();
        let (ran, _) = tokio::join!(publisher.run(ready(())), fake.answer(code));
        assert_eq!(ran.unwrap_err().kind(), kind);
        assert_eq!(publisher.progress().waiting, 2);
        assert!(!format!("{publisher:?}").contains("swordfish"));
    }
}

#[tokio::test]
async fn a_broker_that_is_not_available_is_asked_again() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder)).build();
    publisher.publish(frames(0..2)).await.unwrap();
    let (ran, messages) = tokio::join!(publisher.run(ready(())), async {
        fake.answer(3).await;
        fake.accept().await.0.take_all().await
    });
    ran.unwrap();
    assert_eq!(messages.len(), 2);
}

#[tokio::test]
async fn a_broker_that_hangs_up_on_every_frame_is_not_asked_for_ever() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder)).build();
    publisher.publish(frames(0..1)).await.unwrap();
    let (ran, ()) = tokio::join!(publisher.run(ready(())), async {
        for _ in 0..5 {
            fake.accept().await.0.message().await.unwrap();
        }
    });
    let error = ran.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let place = format!("whenever a frame is sent (dataframe, record 0 in {})", folder.path().display());
    assert!(error.to_string().contains(&place), "{error}");
    assert_eq!(publisher.progress(), Progress { acknowledged: 0, resent: 1, waiting: 1 });
}

#[tokio::test(start_paused = true)]
async fn patience_has_an_end() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder));
    let publisher = publisher.with(|builder| builder.with_patience(PATIENCE).with_pause(FIRST_PAUSE)).build();
    publisher.publish(frames(0..1)).await.unwrap();
    drop(fake);
    let began = Instant::now();
    let error = publisher.run(ready(())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let waited = began.elapsed();
    assert!(waited >= PATIENCE && waited < 2 * PATIENCE, "{waited:?}");
}

#[tokio::test]
async fn patience_begins_when_a_good_connection_fails() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder)).with(|mut builder| {
        builder.broker = builder.broker.with_keep_alive(10 * PATIENCE);
        builder.with_patience(PATIENCE)
    });
    let (publisher, end) = (publisher.build(), Notify::new());
    publisher.publish(frames(0..1)).await.unwrap();
    let (ran, messages) = tokio::join!(publisher.run(end.notified()), async {
        let mut client = fake.accept().await.0;
        let id = client.message().await.unwrap().id;
        client.acknowledge(id).await;
        pass(2 * PATIENCE).await;
        drop(client);
        let mut client = fake.accept().await.0;
        publisher.publish(frames(1..2)).await.unwrap();
        end.notify_one();
        client.take_all().await
    });
    ran.unwrap();
    assert_eq!(payloads(&messages), [text(1)]);
}

#[tokio::test]
async fn a_broker_that_acknowledges_nothing_is_given_up_and_its_logins_are_no_luck() {
    let (fake, folder) = (Fake::new().await, tempfile::tempdir().unwrap());
    let publisher = fake.publisher(spool(&folder));
    let publisher = publisher.with(|builder| builder.with_patience(PATIENCE)).build();
    publisher.publish(frames(0..1)).await.unwrap();
    let (ran, ()) = tokio::join!(publisher.run(ready(())), async {
        for _ in 0..2 {
            let mut client = fake.accept().await.0;
            client.message().await.unwrap();
            pass(Duration::from_secs(31)).await;
            assert_eq!(client.packet().await, Some((0xC0, Vec::new())));
            client.0.write_all(&[0xD0, 0]).await.unwrap();
            pass(Duration::from_secs(30)).await;
            while client.packet().await.is_some() {}
        }
    });
    let error = ran.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().starts_with("the broker acknowledges nothing"), "{error}");
}
