//! Another client certificate while requests are under way: in the files, and then on the wire.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use claviger_auth_core::{BoxError, ErrorKind};
use claviger_clara::{Client, Config, Country, Credentials};
use claviger_mtls::{Identity, Rotation, RotationEvent, Tls};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    sync::{Semaphore, mpsc::unbounded_channel},
    task::JoinSet,
};
use tower::{Service, ServiceExt};

use crate::{
    authority::Issued,
    clara_sandbox::{ClaraSandbox, Full, TRANSACTIONS, get, ours, send},
    nginx::Nginx,
    real_software::folder_with,
};

/// Requests from many sides, and an answer to each.
struct Load {
    /// The number of the certificate that was current before a request was sent, and what it was answered.
    workers: JoinSet<Vec<(usize, String)>>,
    /// Lets a request go.
    gate: Arc<Semaphore>,
    answered: Arc<Semaphore>,
    current: Arc<AtomicUsize>,
}

impl Load {
    fn of<S>(service: &S, uri: &str) -> Self
    where
        S: Service<Request<Full>, Response = Response<Incoming>, Error = BoxError>,
        S: Clone + Send + 'static,
        S::Future: Send,
    {
        // As if half a part were answered already: so there are always some under way when the certificate changes.
        let (gate, answered) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(PART / 2)));
        let (current, mut workers) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        for _ in 0..WORKERS {
            let (service, uri) = (service.clone(), uri.to_owned());
            let (gate, answered, current) = (Arc::clone(&gate), Arc::clone(&answered), Arc::clone(&current));
            workers.spawn(async move {
                let mut answers = Vec::new();
                for _ in 0..EACH {
                    gate.acquire().await.unwrap().forget();
                    let number = current.load(Ordering::SeqCst);
                    let response = service.clone().oneshot(get(&uri)).await.map_err(ours).unwrap();
                    assert_eq!(response.status(), StatusCode::OK);
                    let body = response.into_body().collect().await.unwrap().to_bytes();
                    answers.push((number, String::from_utf8(body.to_vec()).unwrap()));
                    answered.add_permits(1);
                }
                answers
            });
        }
        Self { workers, gate, answered, current }
    }

    /// Lets some requests go, and rotates when half of them are answered.
    async fn rotate(&self, number: usize, rotate: impl FnOnce()) {
        self.gate.add_permits(PART);
        self.answered.acquire_many(PART as u32).await.unwrap().forget();
        rotate();
        self.current.store(number, Ordering::SeqCst);
    }

    async fn answers(self) -> Vec<(usize, String)> {
        self.gate.add_permits(WORKERS * EACH);
        let answers: Vec<_> = self.workers.join_all().await.into_iter().flatten().collect();
        assert_eq!(answers.len(), WORKERS * EACH);
        answers
    }
}

/// Writes a certificate and then its key, as most software does, and looks in between, too.
fn replace(folder: &Path, certificate: &str, key: &str, rotation: &Rotation) {
    fs::write(folder.join("client.crt"), certificate).unwrap();
    assert_eq!(rotation.reload().unwrap_err().kind(), ErrorKind::Configuration, "half of a pair");
    fs::write(folder.join("client.key"), key).unwrap();
    rotation.reload().unwrap().expect("there is another certificate");
}

/// Resumption is on, as it is by default; nginx hands out tickets in both versions of TLS.
async fn no_request_fails_and_none_shows_an_older_certificate(version: &str, protocol: &str) {
    let Some(nginx) = Nginx::start("on", version).await else { return };
    let issued: Vec<Issued> = (0..=ROTATIONS).map(|_| nginx.authority.client("acme")).collect();
    let serials: Vec<String> = issued.iter().map(Issued::serial).collect();
    let folder =
        folder_with([("client.crt", issued[0].certificate.clone()), ("client.key", issued[0].key.clone())]);
    let tls = Tls::builder(nginx.trust()).with_identity(issued[0].identity());
    let tls = if protocol == "HTTP/1.1" { tls.with_http1_only() } else { tls }.build().unwrap();
    let files = ["client.crt", "client.key"].map(|name| folder.path().join(name));
    let rotation = Rotation::of_files(tls.clone(), files);
    let client: claviger_client::Client<Full> = claviger_client::Client::builder(tls).build();

    let load = Load::of(&client, &nginx.url("/who"));
    for (number, next) in issued.iter().enumerate().skip(1) {
        load.rotate(number, || replace(folder.path(), &next.certificate, &next.key, &rotation)).await;
        let response = client.clone().oneshot(get(&nginx.url("/who"))).await.unwrap();
        let said = response.into_body().collect().await.unwrap().to_bytes();
        assert!(said.starts_with(format!("{version} {protocol} {}", serials[number]).as_bytes()), "{said:?}");
    }
    let mut seen = [0; ROTATIONS + 1];
    for (number, said) in load.answers().await {
        let words: Vec<&str> = said.split(' ').collect();
        assert_eq!((words[0], words[1]), (version, protocol));
        let shown = serials.iter().position(|serial| serial == words[2]).unwrap();
        assert!(shown >= number, "number {shown} of {serials:?} after number {number} was there: {said}");
        seen[shown] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "each was in use for a while: {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_to_nginx_fails_over_tls_1_2_and_http_1() {
    no_request_fails_and_none_shows_an_older_certificate("TLSv1.2", "HTTP/1.1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_to_nginx_fails_over_tls_1_2_and_http_2() {
    no_request_fails_and_none_shows_an_older_certificate("TLSv1.2", "HTTP/2.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_to_nginx_fails_over_tls_1_3_and_http_1() {
    no_request_fails_and_none_shows_an_older_certificate("TLSv1.3", "HTTP/1.1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_to_nginx_fails_over_tls_1_3_and_http_2() {
    no_request_fails_and_none_shows_an_older_certificate("TLSv1.3", "HTTP/2.0").await;
}

/// The emulated Clara binds tokens to certificates: one that came over another is answered 401.
#[tokio::test]
async fn the_whole_of_clara_s_stack_goes_on_with_another_certificate() {
    let sandbox = ClaraSandbox::start().await;
    let folder = tempfile::tempdir().unwrap();
    sandbox.sandbox.write_dir(folder.path()).unwrap();
    let folder = folder.path().join("clara");
    let config = Config::new(Country::Mexico, Credentials::from_dir(&folder).unwrap())
        .with_api_url(&sandbox.clara().api_url())
        .unwrap()
        .with_trust(sandbox.trust());
    let client: Client = Client::new(&config).unwrap();
    let rotation = config.rotation(&folder).unwrap();
    let load = Load::of(&client, TRANSACTIONS);
    for number in 1..=ROTATIONS {
        let next = sandbox.clara().issue_client_certificate("acme").unwrap();
        let rotate = || replace(&folder, next.certificate_pem(), &next.key_pem(), &rotation);
        load.rotate(number, rotate).await;
        assert_eq!(client.tls().identity().unwrap().thumbprint().to_string(), next.thumbprint());
    }
    load.answers().await;

    let shown = |entries: Vec<claviger_sandbox::Entry>| {
        let mut seen: Vec<_> = entries.into_iter().map(|entry| entry.peer.thumbprint.unwrap()).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    };
    let (tokens, requests) = (sandbox.journal().token_entries(), sandbox.journal().api_entries());
    assert!(requests.iter().all(|entry| entry.status == Some(StatusCode::OK)), "none was answered 401");
    assert_eq!(requests.len(), WORKERS * EACH);
    assert_eq!(tokens.len(), ROTATIONS + 1, "one token for each certificate");
    assert_eq!((shown(tokens), shown(requests)), (ROTATIONS + 1, ROTATIONS + 1));
}

#[tokio::test]
async fn clara_s_folder_is_watched_until_that_is_dropped() {
    let sandbox = ClaraSandbox::start().await;
    let config = sandbox.config();
    let client: Client = Client::new(&config).unwrap();
    let folder = tempfile::tempdir().unwrap();
    sandbox.sandbox.write_dir(folder.path()).unwrap();
    let folder = folder.path().join("clara");
    let next = sandbox.clara().issue_client_certificate("acme").unwrap();
    fs::write(folder.join("client.crt"), next.certificate_pem()).unwrap();
    fs::write(folder.join("client.key"), next.key_pem()).unwrap();
    send(&client, get(TRANSACTIONS)).await.unwrap();

    let (sender, mut told) = unbounded_channel();
    let rotation = config.rotation(&folder).unwrap();
    let _watch = rotation.with_listener(move |event| sender.send(event.clone()).unwrap()).start().unwrap();
    let RotationEvent::Replaced(new) = told.recv().await.unwrap() else { panic!("not replaced") };
    assert_eq!(new.thumbprint().to_string(), next.thumbprint());
    send(&client, get(TRANSACTIONS)).await.unwrap();
    let entries = sandbox.journal().api_entries();
    assert_eq!(entries[1].peer.thumbprint.as_deref(), Some(&*next.thumbprint()));
    assert_eq!(Identity::thumbprint(config.identity()), sandbox.identity().thumbprint());
}

const WORKERS: usize = 10;
const EACH: usize = 20;
const ROTATIONS: usize = 5;
/// How many requests there are between one rotation and the next.
const PART: usize = 32;
