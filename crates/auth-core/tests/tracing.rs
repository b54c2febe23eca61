//! What the token cache tells `tracing`. Alone in its process: callsites are enabled for all threads of one together.

#![cfg(test)]

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use claviger_auth_core::{
    AccessToken, CredentialSource, Error, ErrorKind, Fetch, ManualClock, TokenCache, TokenSource,
};

/// The second fetch fails.
#[derive(Default)]
struct Issuer(AtomicUsize);

#[async_trait]
impl TokenSource for Issuer {
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        if self.0.fetch_add(1, Ordering::Relaxed) == 1 {
            return Err(Error::new(ErrorKind::CredentialsRefused, "refused"));
        }
        Ok(AccessToken::bearer(&"swordfish".into())?.with_expires_in(Duration::from_secs(300)))
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn tells_of_fetches_rejections_and_pauses_and_no_secret() {
    let (log, clock) = (Log::default(), ManualClock::new());
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let cache = TokenCache::builder(Issuer::default()).with_clock(clock.clone()).with_name("orders").build();
    let first = cache.obtain().await.unwrap();
    assert_eq!(first.value(), "Bearer swordfish", "the secret was there to be found");
    clock.advance(Duration::from_secs(6));
    cache.invalidate(first.generation());
    cache.obtain().await.unwrap_err();
    clock.advance(Duration::from_secs(300));
    cache.obtain().await.unwrap();

    let text = log.text();
    for (words, times) in [
        (r#"token_fetch{cache="orders" why="cold"}: "#, 1),
        (r#"token_fetch{cache="orders" why="rejected"}: "#, 2),
        (r#"a token was fetched cache="orders" remaining=290"#, 2),
        ("no token could be fetched", 1),
        ("kind=CredentialsRefused", 1),
        (r#"a token was rejected; the next request fetches another cache="orders""#, 1),
    ] {
        assert_eq!(text.matches(words).count(), times, "{words}: {text}");
    }
    assert!(text.contains(" pause=4.") || text.contains(" pause=5.") || text.contains(" pause=6."), "{text}");
    assert!(!text.contains("swordfish"), "{text}");
    tracing::trace!("swordfish");
    assert!(log.text().contains("swordfish"), "what is told is seen here");
}
