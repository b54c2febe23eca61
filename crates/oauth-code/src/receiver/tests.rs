//! A browser, and others who know the port.

use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
};

use super::*;
use crate::{AuthorizationCode, fake_server::FakeServer};

struct Scene {
    server: FakeServer,
    address: SocketAddr,
    state: String,
    receiving: JoinHandle<Result<TokenAnswer, Error>>,
}

impl Scene {
    async fn new() -> Self {
        Self::at("http://127.0.0.1/callback").await
    }

    async fn at(redirect_uri: &str) -> Self {
        Self::keeping(redirect_uri, Ok).await
    }

    async fn keeping(redirect_uri: &str, keep: fn(TokenAnswer) -> Result<TokenAnswer, Error>) -> Self {
        let server = FakeServer::new();
        let client = AuthorizationCode::builder(server.endpoint(), "https://auth.example/authorize")
            .with_redirect_uri(redirect_uri)
            .build()
            .unwrap();
        let receiver = client.listen().await.unwrap();
        let login = client.begin_at(&receiver).unwrap();
        let (_, rest) = login.url().split_once("state=").unwrap();
        let state = rest.split('&').next().unwrap().to_owned();
        let address = receiver.address;
        let receiving = tokio::spawn(async move {
            receiver.receive(&login, Duration::from_secs(60), async |answer| keep(answer)).await
        });
        Self { server, address, state, receiving }
    }

    /// Sends these bytes, and gives back all that comes.
    async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // Who is told no early may close before all was written.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn get(&self, target: &str) -> String {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).as_bytes()).await
    }

    fn good(&self) -> String {
        format!("/callback?code=swordfish&state={}", self.state)
    }

    /// Comes back as a browser does, and follows.
    async fn come_back(&self, target: &str) -> String {
        let answer = self.get(target).await;
        assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
        assert!(answer.contains("location: /callback/done\r\n"), "{answer}");
        assert!(!answer.contains("swordfish") && !answer.contains(&self.state));
        self.get("/callback/done").await
    }

    async fn ended(self) -> Result<TokenAnswer, Error> {
        let ended = self.receiving.await.unwrap();
        assert!(TcpStream::connect(self.address).await.is_err(), "the port is closed");
        ended
    }
}

#[tokio::test]
async fn takes_the_answer_and_shows_a_page_without_it() {
    let scene = Scene::new().await;
    let page = scene.come_back(&scene.good()).await;
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("You are logged in"), "{page}");
    for header in [
        "cache-control: no-store\r\n",
        "referrer-policy: no-referrer\r\n",
        "content-security-policy: default-src 'none'; style-src 'sha256-",
        "connection: close\r\n",
    ] {
        assert!(page.contains(header), "{header} in {page}");
    }
    assert!(!page.contains("<script"));
    let requests = scene.server.requests();
    let address = scene.address;
    let shown = time::Instant::now();
    scene.ended().await.unwrap();
    assert!(shown.elapsed() < PAGE_PATIENCE, "it does not wait for what the browser has");
    assert_eq!(requests[0]["code"], "swordfish");
    assert_eq!(requests[0]["redirect_uri"], format!("http://{address}/callback"));
}

#[tokio::test]
async fn junk_neither_ends_a_login_nor_holds_it_up() {
    let scene = Scene::new().await;
    let (address, good) = (scene.address, scene.good());
    let with = |start: &str, headers: &str| format!("{start} HTTP/1.1\r\n{headers}\r\n\r\n");
    let host = format!("Host: {address}");
    let open = TcpStream::connect(address).await.unwrap(); // and says nothing
    for (bytes, status) in [
        (with("GET /favicon.ico", &host), "404"),
        (with("GET /", &host), "404"),
        (with("GET /callback/done", &host), "404"),
        (with("GET /callback", &host), "400"),
        (with("GET /callback?code=evil&state=guess", &host), "400"),
        (with(&format!("GET {good}&state=guess"), &host), "400"),
        (with(&format!("GET {good}&code=evil"), &host), "400"),
        (with(&format!("GET {good}x"), &host), "400"),
        (with(&format!("HEAD {good}"), &host), "405"),
        (with(&format!("OPTIONS {good}"), &host), "405"),
        (with(&format!("POST {good}"), &format!("{host}\r\nContent-Length: 99999999")), "405"),
        (with(&format!("GET {good}"), "Host: evil.example"), "421"),
        (with(&format!("GET {good}"), "Host: localhost"), "421"),
        (with(&format!("GET {good}"), &format!("{host}\r\n{host}")), "421"),
        (with(&format!("GET {good}"), "X: y"), "421"),
        (with(&format!("GET /callback?code={}", "a".repeat(70_000)), &host), "4"),
        (with("GET /callback", &format!("{host}\r\nX: {}", "a".repeat(70_000))), "431"),
        ("\u{16}\u{3}\u{1}nothing of HTTP\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = scene.send(bytes.as_bytes()).await;
        // Where the rest is not read, the answer may be lost with the connection.
        let is_long = bytes.len() > 60_000;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) || is_long, "{bytes}: {answer}");
        assert!(!answer.contains("evil"));
    }
    assert!(scene.server.requests().is_empty(), "no code was taken");
    let page = scene.come_back(&good).await;
    assert!(page.contains("You are logged in"), "{page}");
    drop(open);
    scene.ended().await.unwrap();
}

#[tokio::test]
async fn hundreds_that_say_nothing_hold_nobody_up() {
    let scene = Scene::new().await;
    let mut silent = Vec::new();
    for _ in 0..3 * MOST_CONNECTIONS {
        silent.push(TcpStream::connect(scene.address).await.unwrap());
    }
    // Long before they have run out of time.
    let page = time::timeout(REQUEST_PATIENCE / 2, scene.come_back(&scene.good())).await.unwrap();
    assert!(page.contains("You are logged in"), "{page}");
    drop(silent);
    scene.ended().await.unwrap();
}

#[tokio::test]
async fn a_reloaded_tab_changes_nothing() {
    let scene = Scene::new().await;
    scene.server.gate.forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    assert!(scene.get(&scene.good()).await.starts_with("HTTP/1.1 303 "));
    let again = scene.good().replace("swordfish", "marlin");
    assert!(scene.get(&again).await.starts_with("HTTP/1.1 303 "));
    scene.server.gate.add_permits(1);
    assert!(scene.get("/callback/done").await.contains("You are logged in"));
    let server = scene.server.clone();
    scene.ended().await.unwrap();
    let codes: Vec<_> = server.requests().iter().map(|form| form["code"].clone()).collect();
    assert_eq!(codes, ["swordfish"]);
}

#[tokio::test]
async fn a_login_that_failed_is_told_in_the_browser_and_to_the_program() {
    let scene = Scene::new().await;
    let target = format!("/callback?error=access_denied&error_description=swordfish&state={}", scene.state);
    let page = scene.come_back(&target).await;
    assert!(page.contains("That did not work") && !page.contains("denied"), "{page}");
    let error = scene.ended().await.unwrap_err();
    assert_eq!(error.to_string(), "the login was denied (access_denied)");
    assert!(!format!("{error:?}").contains("swordfish"));

    let scene = Scene::new().await;
    scene.server.say(400, r#"{"error":"invalid_client"}"#);
    let page = scene.come_back(&scene.good()).await;
    assert!(page.contains("That did not work"), "{page}");
    assert_eq!(scene.ended().await.unwrap_err().kind(), ErrorKind::CredentialsRefused);
}

#[tokio::test]
async fn what_cannot_be_kept_is_no_login_for_the_browser_either() {
    let full = |_| Err(Error::new(ErrorKind::Configuration, "the disk is full"));
    let scene = Scene::keeping("http://127.0.0.1/callback", full).await;
    let page = scene.come_back(&scene.good()).await;
    assert!(page.contains("That did not work"), "{page}");
    assert_eq!(scene.ended().await.unwrap_err().to_string(), "the disk is full");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_without_end() {
    let error = Scene::new().await.ended().await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Timeout, "nobody logged in in time"));
}

#[tokio::test]
async fn a_browser_that_was_closed_is_waited_for_a_moment_only() {
    let scene = Scene::new().await;
    assert!(scene.get(&scene.good()).await.starts_with("HTTP/1.1 303 "));
    time::pause();
    scene.ended().await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_named_is_the_one_and_may_be_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/callback", taken.local_addr().unwrap());
    let endpoint = FakeServer::new().endpoint();
    let client = AuthorizationCode::builder(endpoint, "https://auth.example/authorize")
        .with_redirect_uri(&uri)
        .build()
        .unwrap();
    let error = client.listen().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.subject().unwrap(), taken.local_addr().unwrap().to_string());
    drop(taken);
    assert_eq!(client.listen().await.unwrap().redirect_uri(), uri);
}

#[tokio::test]
async fn listens_on_the_sixth_version_too() {
    if TcpListener::bind("[::1]:0").await.is_err() {
        return;
    }
    let scene = Scene::at("http://[::1]/callback").await;
    assert!(scene.come_back(&scene.good()).await.contains("You are logged in"));
    let answer = scene.ended().await.unwrap();
    assert_eq!(answer.access_token().expose_secret(), "access1");
}
