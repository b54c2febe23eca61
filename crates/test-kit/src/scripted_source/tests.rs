use std::time::Duration;

use claviger_auth_core::{CredentialSource, ManualClock, TokenCache};

use super::*;

const LIFE: Duration = Duration::from_secs(300);

async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn answers_in_order_and_records_why_it_was_asked() {
    let source = ScriptedSource::new([
        Answer::token("one", LIFE),
        Answer::token("two", LIFE),
        Answer::token("three", LIFE),
        Answer::error(Error::new(ErrorKind::Connect, "down")),
    ]);
    let clock = ManualClock::new();
    let cache = TokenCache::builder(source.clone()).with_clock(clock.clone()).build();
    assert_eq!(cache.obtain().await.unwrap().value(), "Bearer one");
    clock.advance(Duration::from_secs(250));
    cache.ready().unwrap();
    settle().await;
    let second = cache.ready().unwrap();
    assert_eq!(second.value(), "Bearer two");
    clock.advance(Duration::from_secs(6));
    cache.invalidate(second.generation());
    assert_eq!(cache.obtain().await.unwrap().value(), "Bearer three");
    clock.advance(LIFE);
    assert_eq!(cache.obtain().await.unwrap_err().kind(), ErrorKind::Connect);
    clock.advance(LIFE);
    assert_eq!(cache.obtain().await.unwrap_err().kind(), ErrorKind::Unavailable, "the script is over");
    assert_eq!(source.calls(), [Why::Cold, Why::Early, Why::Rejected, Why::Cold, Why::Cold]);
}

#[tokio::test]
async fn a_release_lets_one_answer_go_even_the_next() {
    let held = |token| Answer::token(token, LIFE).held();
    let source = ScriptedSource::new([held("one"), held("two")]);
    source.release();
    assert!(source.fetch(Fetch::Cold).await.is_ok());
    let second = tokio::spawn({
        let source = source.clone();
        async move { source.fetch(Fetch::Cold).await }
    });
    settle().await;
    assert!(!second.is_finished());
    source.release();
    assert!(second.await.unwrap().is_ok());
}

#[test]
fn shows_no_token() {
    let answer = Answer::token("swordfish", LIFE);
    let wire = answer.result.as_ref().unwrap().header().to_str().unwrap();
    let canary = crate::Canary::found("swordfish", wire);
    canary.assert_hidden(&answer);
    canary.assert_hidden(&ScriptedSource::new([answer]));
}
