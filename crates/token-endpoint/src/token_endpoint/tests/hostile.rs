//! A server that does whatever it likes to whoever asks it for a token.

mod cases;

use claviger_auth_core::AccessToken;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{Instant, sleep},
};

use self::cases::{Case, Outcome, Step, cases};
use super::*;

/// Stands in all that the server says: in no text of ours.
const CANARY: &str = "canary";
/// What the client's own secret is.
const SECRET: &str = "swordfish";
/// What a transport may have read ahead, beside the mebibyte that is looked at.
const AHEAD: usize = 1 << 20;

/// What the server did and saw.
#[derive(Default)]
struct Seen {
    /// Where connections were made to, one by one.
    connections: Mutex<Vec<String>>,
    said: AtomicUsize,
    heard: Mutex<Vec<u8>>,
}

/// Plays its part on one connection. The client may go at any time.
async fn play(mut stream: DuplexStream, steps: Vec<Step>, seen: Arc<Seen>) {
    let say = async |stream: &mut DuplexStream, bytes: &[u8]| {
        seen.said.fetch_add(bytes.len(), Ordering::Relaxed);
        stream.write_all(bytes).await.is_ok()
    };
    for step in steps {
        let goes_on = match step {
            Step::Hear => hear(&mut stream, &seen).await,
            Step::Say(bytes) => say(&mut stream, &bytes).await,
            Step::Wait(time) => {
                sleep(time).await;
                true
            }
            Step::Drip(bytes, pause) => {
                let mut goes_on = true;
                for byte in bytes {
                    sleep(pause).await;
                    goes_on = goes_on && say(&mut stream, &[byte]).await;
                }
                goes_on
            }
            Step::Flood(bytes) => {
                while say(&mut stream, &bytes).await {
                    // Else the clock, which goes on only while all wait, would stand still.
                    sleep(Duration::from_millis(1)).await;
                }
                false
            }
            Step::Hang => std::future::pending().await,
        };
        if !goes_on {
            return;
        }
    }
}

/// Reads a whole request.
async fn hear(stream: &mut DuplexStream, seen: &Seen) -> bool {
    let mut heard = Vec::new();
    while !heard.ends_with(b"grant_type=client_credentials&scope=a+b") {
        if stream.read_buf(&mut heard).await.unwrap_or(0) == 0 {
            return false;
        }
    }
    seen.heard.lock().unwrap().extend(heard);
    true
}

/// Builds over HTTP/1.1 in memory, so that the clock can be paused.
fn endpoint_at(steps: Vec<Step>, seen: &Arc<Seen>) -> TokenEndpoint {
    let seen = Arc::clone(seen);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let (ours, theirs) = duplex(1 << 14);
        seen.connections.lock().unwrap().push(request.uri().authority().unwrap().to_string());
        tokio::spawn(play(theirs, steps.clone(), Arc::clone(&seen)));
        async move {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(ours)).await?;
            tokio::spawn(connection);
            sender.send_request(request).await
        }
    });
    basic().build(service).unwrap()
}

/// Collects every text that somebody may print.
fn texts(answer: &Result<AccessToken, Error>, endpoint: &TokenEndpoint) -> String {
    let mut all = format!("{answer:?} {answer:#?} {endpoint:?}");
    if let Err(error) = answer {
        all += error.advice();
        let mut next: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = next {
            all += &format!(" {error} {error:?}");
            next = error.source();
        }
    }
    all
}

async fn survive(case: Case) {
    let Case { name, steps, outcome } = case;
    let seen = Arc::<Seen>::default();
    let endpoint = endpoint_at(steps, &seen);
    let start = Instant::now();
    let answer = endpoint.request(&TokenRequest::client_credentials().with_scope("a b")).await;
    let answer = answer.map(TokenAnswer::into_access_token);
    assert!(start.elapsed() <= DEFAULT_TIMEOUT, "{name}: after {:?}", start.elapsed());

    match (&outcome, &answer) {
        (Outcome::Token(life), Ok(token)) => {
            assert!(token.expose_secret().starts_with(CANARY), "{name}: a token to be found");
            assert_eq!(token.expires_in().map(|life| life.as_secs()), *life, "{name}");
        }
        (Outcome::Fails(kind), Err(error)) => {
            assert_eq!((error.kind(), error.retry_after()), (*kind, None), "{name}: {error:?}");
        }
        (Outcome::Waits(wait), Err(error)) => {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{name}: {error:?}");
            assert_eq!(error.retry_after().map(|wait| wait.as_secs()), *wait, "{name}");
            let is_capped = error.advice().contains("more than five minutes");
            assert_eq!(is_capped, name.contains("capped"), "{name}: {}", error.advice());
        }
        _ => panic!("{name}: {answer:?}"),
    }
    assert_eq!(
        *seen.connections.lock().unwrap(),
        ["auth.example"],
        "{name}: it was asked once, and nobody else"
    );
    assert!(seen.said.load(Ordering::Relaxed) < (1 << 20) + AHEAD, "{name}: too much was taken in");
    let text = texts(&answer, &endpoint);
    for secret in [CANARY, SECRET, "evil", "Y2FuYXJ5", "c3dvcmRmaXNo", "YWNtZTpzd29yZGZpc2g="] {
        assert!(!text.contains(secret), "{name}: {secret} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_the_server_does_it_ends_in_time_and_in_the_right_words() {
    let mut names = std::collections::HashSet::new();
    for case in cases() {
        assert!(names.insert(case.name.clone()), "{} twice", case.name);
        survive(case).await;
    }
    println!("{} cases", names.len());
    assert!(names.len() > 150);
}

#[tokio::test(start_paused = true)]
async fn the_secret_was_there_to_be_found() {
    let seen = Arc::<Seen>::default();
    let endpoint = endpoint_at(vec![Step::Hear], &seen);
    endpoint.request(&TokenRequest::client_credentials().with_scope("a b")).await.unwrap_err();
    let heard = String::from_utf8(seen.heard.lock().unwrap().clone()).unwrap();
    assert!(heard.contains("YWNtZTpzd29yZGZpc2g="), "{heard}");
}
