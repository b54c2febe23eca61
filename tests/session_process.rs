//! A process with a session, which dies where it is told to: the tests of `sessions` start it.
//!
//! Arguments: the token URL, the folder of the session, and the step to die at, or in how many microseconds. For each line on stdin it fetches a
//! token: a cold one, or, if the line names one, another than that. It prints what came of it.
#![expect(clippy::print_stdout, reason = "a program for a test")]

use std::{env, io, mem, process::abort, sync::Arc, thread, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use claviger_auth_core::{AccessToken, BoxError, Error, Fetch, TokenSource};
use claviger_oauth_code::{Session, SessionLock, SessionStore, StoredSession};
use claviger_session_store_file::{FileSessionStore, SessionName};
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use secrecy::ExposeSecret;
use tower::service_fn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [token_url, folder, step] = &words[..] else {
        return Err("usage: session_process TOKEN_URL FOLDER STEP".into());
    };
    let death = Death { step: step.as_str().into() };
    let store = FileSessionStore::builder(folder, SessionName::new("test", token_url, "acme")).build()?;
    let session =
        Session::new(endpoint(token_url, death.clone())?, Mortal { below: store, death: death.clone() });
    for line in io::stdin().lines() {
        let line = line?;
        death.come_in_time();
        let fetched = match line.as_str() {
            "" => session.fetch(Fetch::Cold).await,
            token => session.fetch(Fetch::Rejected(&AccessToken::bearer(&token.into())?)).await,
        };
        death.at("fetched");
        match fetched {
            Ok(token) => println!("{}", token.expose_secret()),
            Err(error) => println!("error: {error}"),
        }
    }
    Ok(())
}

/// Where the process ends, without a word to anybody.
#[derive(Clone)]
struct Death {
    step: Arc<str>,
}

impl Death {
    /// At whatever the process is at then.
    fn come_in_time(&self) {
        if let Ok(micros) = self.step.parse() {
            thread::spawn(move || {
                thread::sleep(Duration::from_micros(micros));
                abort();
            });
        }
    }

    fn at(&self, step: &str) {
        if &*self.step == step {
            abort();
        }
    }
}

fn endpoint(token_url: &str, death: Death) -> Result<TokenEndpoint, Error> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mortal = service_fn(move |request: Request<Full<Bytes>>| {
        let (client, death) = (client.clone(), death.clone());
        async move {
            death.at("before sending");
            let (head, body) = client.request(request).await?.into_parts();
            death.at("head came");
            let body = body.collect().await?.to_bytes();
            death.at("answer came");
            Ok::<_, BoxError>(Response::from_parts(head, Full::new(body)))
        }
    });
    let acme = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
    TokenEndpoint::builder(token_url, acme).with_loopback_http().build(mortal)
}

struct Mortal {
    below: FileSessionStore,
    death: Death,
}

#[async_trait]
impl SessionStore for Mortal {
    async fn load(&self) -> Result<Option<StoredSession>, Error> {
        self.death.at("before loading");
        let loaded = self.below.load().await;
        self.death.at("loaded");
        loaded
    }

    async fn lock(&self) -> Result<Box<dyn SessionLock>, Error> {
        self.death.at("before locking");
        let below = self.below.lock().await?;
        self.death.at("locked");
        Ok(Box::new(MortalLock { below, death: self.death.clone(), has_rehearsed: false }))
    }
}

struct MortalLock {
    below: Box<dyn SessionLock>,
    death: Death,
    /// What is there is stored again before the refresh token is sent.
    has_rehearsed: bool,
}

#[async_trait]
impl SessionLock for MortalLock {
    async fn load(&mut self) -> Result<Option<StoredSession>, Error> {
        self.death.at("before loading again");
        let loaded = self.below.load().await;
        self.death.at("loaded again");
        loaded
    }

    async fn save(&mut self, session: &StoredSession) -> Result<(), Error> {
        let [before, after] = match mem::replace(&mut self.has_rehearsed, true) {
            false => ["before rehearsing", "rehearsed"],
            true => ["before saving", "saved"],
        };
        self.death.at(before);
        let saved = self.below.save(session).await;
        self.death.at(after);
        saved
    }

    async fn set_aside(&mut self) -> Result<(), Error> {
        self.death.at("before setting aside");
        let set_aside = self.below.set_aside().await;
        self.death.at("set aside");
        set_aside
    }

    async fn remove(&mut self) -> Result<(), Error> {
        self.below.remove().await
    }
}
