//! Sessions over a server that takes a session back when a refresh token is used twice.

use claviger_auth_core::ManualClock;
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;

use super::*;
use crate::{MemorySessionStore, fake_server::FakeServer};

struct Scene {
    server: FakeServer,
    store: MemorySessionStore,
    clock: ManualClock,
}

impl Scene {
    async fn logged_in() -> Self {
        let scene =
            Self { server: FakeServer::new(), store: MemorySessionStore::new(), clock: ManualClock::new() };
        let answer = scene.server.login().await;
        scene.session().begin(&answer).await.unwrap();
        scene
    }

    /// As another process has it: it shares nothing but the store.
    fn session(&self) -> Session {
        self.over(self.store.clone())
    }

    fn over(&self, store: impl SessionStore) -> Session {
        Session::new(self.server.endpoint(), store).with_clock(self.clock.clone())
    }

    fn renewals(&self) -> usize {
        self.server.requests().iter().filter(|form| form["grant_type"] == "refresh_token").count()
    }

    fn an_hour_later(&self) {
        self.clock.advance(Duration::from_secs(3600));
    }

    async fn refresh_token(&self) -> String {
        let session = self.store.load().await.unwrap().unwrap();
        session.refresh_token().unwrap().expose_secret().to_owned()
    }
}

async fn cold(session: &Session) -> Result<String, Error> {
    session.fetch(Fetch::Cold).await.map(|token| token.expose_secret().to_owned())
}

#[tokio::test]
async fn renews_what_has_ended_and_nothing_else() {
    let scene = Scene::logged_in().await;
    let session = scene.session();
    assert_eq!(cold(&session).await.unwrap(), "access1");
    scene.clock.advance(Duration::from_secs(3000));
    let token = session.fetch(Fetch::Cold).await.unwrap();
    assert_eq!((token.age().as_secs(), token.expires_in().unwrap().as_secs()), (3000, 600));
    assert_eq!(scene.renewals(), 0);
    for expected in ["access2", "access3"] {
        scene.an_hour_later();
        let token = session.fetch(Fetch::Cold).await.unwrap();
        assert_eq!(token.expose_secret(), expected);
        assert_eq!(token.scopes(), ["read", "write"], "what is not said again still holds");
        assert_eq!(cold(&scene.session()).await.unwrap(), expected, "another process finds it");
    }
    assert_eq!((scene.renewals(), &*scene.refresh_token().await), (2, "refresh3"));
}

#[tokio::test]
async fn never_hands_back_what_was_rejected() {
    let scene = Scene::logged_in().await;
    let (one, other) = (scene.session(), scene.session());
    let first = one.fetch(Fetch::Cold).await.unwrap();
    let second = one.fetch(Fetch::Rejected(&first)).await.unwrap();
    assert_eq!(second.expose_secret(), "access2");
    // Another process had the first one too: what was fetched meanwhile is good for it as well.
    let same = other.fetch(Fetch::Rejected(&first)).await.unwrap();
    assert_eq!((same.expose_secret(), scene.renewals()), ("access2", 1));
}

#[tokio::test]
async fn ahead_of_the_end_one_renews_and_the_other_takes_it() {
    let scene = Scene::logged_in().await;
    let (one, other) = (scene.session(), scene.session());
    for session in [&one, &other] {
        assert_eq!(cold(session).await.unwrap(), "access1");
    }
    for session in [&one, &other] {
        assert_eq!(session.fetch(Fetch::Early).await.unwrap().expose_secret(), "access2");
    }
    assert_eq!(scene.renewals(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_at_once_send_no_refresh_token_twice() {
    let scene = Scene::logged_in().await;
    for round in 2..22 {
        scene.an_hour_later();
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let session = scene.session();
                tokio::spawn(async move { cold(&session).await.unwrap() })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), format!("access{round}"));
        }
    }
    assert_eq!(scene.renewals(), 20);
}

#[tokio::test]
async fn a_server_that_does_not_rotate_keeps_its_refresh_token() {
    let scene = Scene::logged_in().await;
    scene.server.state().rotates = false;
    for expected in ["access2", "access3"] {
        scene.an_hour_later();
        assert_eq!(cold(&scene.session()).await.unwrap(), expected);
        assert_eq!(scene.refresh_token().await, "refresh1");
    }
}

#[tokio::test]
async fn without_a_refresh_token_it_lasts_as_long_as_the_access_token() {
    let scene = Scene::logged_in().await;
    let session = scene.session();
    scene.server.say(200, r#"{"access_token":"alone","expires_in":3600}"#);
    session.begin(&scene.server.login().await).await.unwrap();
    assert_eq!(cold(&session).await.unwrap(), "alone");
    let token = session.fetch(Fetch::Early).await.unwrap();
    assert_eq!(token.expose_secret(), "alone", "it is good still, and there is no other");
    let rejected = session.fetch(Fetch::Rejected(&token)).await.unwrap_err();
    scene.an_hour_later();
    for error in [rejected, session.fetch(Fetch::Cold).await.unwrap_err()] {
        assert_eq!((error.kind(), error.advice()), (ErrorKind::CredentialsRefused, "log in again"));
    }
    assert_eq!(scene.renewals(), 0);
}

#[tokio::test]
async fn a_session_that_the_server_ended_is_set_aside_and_not_tried_again() {
    for status in [400, 401, 403] {
        let scene = Scene::logged_in().await;
        let session = scene.session();
        scene.an_hour_later();
        scene.server.say(status, r#"{"error":"invalid_grant"}"#);
        let error = session.fetch(Fetch::Cold).await.unwrap_err();
        assert_eq!(error.to_string(), "the server has ended the session (invalid_grant)");
        assert_eq!((error.kind(), error.advice()), (ErrorKind::CredentialsRefused, "log in again"));
        let error = session.fetch(Fetch::Cold).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.advice()), ("nobody is logged in", "log in"));
        assert_eq!(scene.renewals(), 1);
        session.begin(&scene.server.login().await).await.unwrap();
        assert_eq!(cold(&session).await.unwrap(), "access2", "a login mends it");
    }
}

#[tokio::test]
async fn whatever_else_goes_wrong_the_session_stays() {
    let scene = Scene::logged_in().await;
    let session = scene.session();
    scene.an_hour_later();
    for (status, body) in [
        (503, r#"{"error":"invalid_grant"}"#),
        (429, ""),
        (400, r#"{"error":"invalid_client"}"#),
        (200, "<html>"),
        (302, ""),
    ] {
        scene.server.say(status, body);
        session.fetch(Fetch::Cold).await.unwrap_err();
        assert_eq!(scene.refresh_token().await, "refresh1");
    }
    assert_eq!(cold(&session).await.unwrap(), "access2");
}

#[tokio::test]
async fn a_renewal_that_nobody_waits_for_is_stored_all_the_same() {
    let scene = Scene::logged_in().await;
    scene.an_hour_later();
    scene.server.gate.forget_permits(Semaphore::MAX_PERMITS);
    let session = scene.session();
    let waiting = tokio::spawn(async move { cold(&session).await });
    while scene.renewals() == 0 {
        task::yield_now().await;
    }
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    scene.server.gate.add_permits(1);
    // It waits its turn, and there is nothing left to do.
    assert_eq!(cold(&scene.session()).await.unwrap(), "access2");
    assert_eq!((scene.renewals(), &*scene.refresh_token().await), (1, "refresh2"));
}

/// A store whose disk is full for a while.
#[derive(Clone)]
struct Full {
    below: MemorySessionStore,
    is_full: Arc<Mutex<bool>>,
}

struct FullLock(Box<dyn SessionLock>, Arc<Mutex<bool>>);

#[async_trait]
impl SessionStore for Full {
    async fn load(&self) -> Result<Option<StoredSession>, Error> {
        self.below.load().await
    }

    async fn lock(&self) -> Result<Box<dyn SessionLock>, Error> {
        Ok(Box::new(FullLock(self.below.lock().await?, Arc::clone(&self.is_full))))
    }
}

#[async_trait]
impl SessionLock for FullLock {
    async fn load(&mut self) -> Result<Option<StoredSession>, Error> {
        self.0.load().await
    }

    async fn save(&mut self, session: &StoredSession) -> Result<(), Error> {
        if *self.1.lock().unwrap() {
            return Err(Error::new(ErrorKind::Configuration, "the disk is full"));
        }
        self.0.save(session).await
    }

    async fn set_aside(&mut self) -> Result<(), Error> {
        self.0.set_aside().await
    }

    async fn remove(&mut self) -> Result<(), Error> {
        self.0.remove().await
    }
}

#[tokio::test]
async fn a_store_that_takes_nothing_shows_before_the_refresh_token_is_sent() {
    let scene = Scene::logged_in().await;
    scene.an_hour_later();
    let is_full = Arc::new(Mutex::new(true));
    let session = scene.over(Full { below: scene.store.clone(), is_full });
    assert_eq!(cold(&session).await.unwrap_err().to_string(), "the disk is full");
    assert_eq!(scene.renewals(), 0);
    assert_eq!(cold(&scene.session()).await.unwrap(), "access2", "and nobody is held up");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_is_not_handed_out_but_kept_with_the_lock() {
    let scene = Scene::logged_in().await;
    scene.an_hour_later();
    let is_full = Arc::new(Mutex::new(false));
    let session = scene.over(Full { below: scene.store.clone(), is_full: Arc::clone(&is_full) });
    scene.server.gate.forget_permits(Semaphore::MAX_PERMITS);
    let fill = async {
        while scene.renewals() == 0 {
            task::yield_now().await;
        }
        *is_full.lock().unwrap() = true;
        scene.server.gate.add_permits(1);
    };
    let (renewed, ()) = tokio::join!(cold(&session), fill);
    assert_eq!(renewed.unwrap_err().to_string(), "the disk is full");
    for _ in 0..2 {
        assert_eq!(cold(&session).await.unwrap_err().to_string(), "the disk is full");
    }
    let other = cold(&scene.session()).await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Timeout, "the other would send the old one: {other}");
    *is_full.lock().unwrap() = false;
    assert_eq!(cold(&session).await.unwrap(), "access2");
    assert_eq!(cold(&scene.session()).await.unwrap(), "access2");
    assert_eq!((scene.renewals(), &*scene.refresh_token().await), (1, "refresh2"));
}

#[tokio::test]
async fn a_login_that_cannot_be_stored_is_kept_and_can_be_ended() {
    let scene = Scene::logged_in().await;
    let is_full = Arc::new(Mutex::new(true));
    let session = scene.over(Full { below: scene.store.clone(), is_full: Arc::clone(&is_full) });
    let answer = scene.server.login().await;
    for _ in 0..2 {
        session.begin(&answer).await.unwrap_err();
    }
    session.end().await.unwrap();
    assert_eq!(scene.server.requests().last().unwrap()["token"], "refresh2");
    assert!(scene.store.load().await.unwrap().is_none());
}

#[tokio::test]
async fn a_login_that_cannot_be_stored_is_abandoned_and_the_one_before_stays() {
    let scene = Scene::logged_in().await;
    let is_full = Arc::new(Mutex::new(true));
    let session = scene.over(Full { below: scene.store.clone(), is_full: Arc::clone(&is_full) });
    assert_eq!(session.check_store().await.unwrap_err().to_string(), "the disk is full");
    let answer = scene.server.login().await;
    session.begin(&answer).await.unwrap_err();
    session.abandon(&answer).await.unwrap();
    assert_eq!(scene.server.requests().last().unwrap()["token"], "refresh2");
    *is_full.lock().unwrap() = false;
    session.check_store().await.unwrap();
    assert_eq!(scene.refresh_token().await, "refresh1");
}

#[tokio::test]
async fn the_end_is_told_to_the_server_and_the_session_forgotten_in_any_case() {
    let scene = Scene::logged_in().await;
    assert!(scene.session().end().await.unwrap());
    let told = scene.server.requests().pop().unwrap();
    assert_eq!((&*told["token"], &*told["token_type_hint"]), ("refresh1", "refresh_token"));
    assert!(scene.session().stored().await.unwrap().is_none());
    assert!(!scene.session().end().await.unwrap());

    let scene = Scene::logged_in().await;
    scene.server.say(503, "");
    assert_eq!(scene.session().end().await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(scene.session().stored().await.unwrap().is_none());
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_it_renew() {
    let scene = Scene::logged_in().await;
    scene.clock.set_wall(scene.clock.wall() - Duration::from_secs(3600));
    assert_eq!(cold(&scene.session()).await.unwrap(), "access2");
}

#[tokio::test]
async fn shows_no_secret() {
    let scene = Scene::logged_in().await;
    let session = scene.session();
    cold(&session).await.unwrap();
    let stored = session.stored().await.unwrap().unwrap();
    assert_eq!(stored.access_token().expose_secret(), "access1", "there was one to be found");
    let shown = format!("{session:?} {stored:?} {:?}", scene.store);
    assert!(!shown.contains("access1") && !shown.contains("refresh1"), "{shown}");
}
