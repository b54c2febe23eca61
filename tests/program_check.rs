//! `claviger check` on set-ups that are broken, each in a way of its own: somebody who has never seen the code must
//! know what to do.

use std::{convert::Infallible, fs};

use http::Response;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use claviger_sandbox::{Fault, Target, Times};

use crate::{
    clara_sandbox::Full,
    nginx::Nginx,
    program_runs::{Ran, Terminal},
};

/// What `check` must find: the exit code, the step that fails, and words of what was found and of what to do.
struct Expected {
    code: i32,
    step: &'static str,
    found: &'static str,
    advice: &'static str,
}

const fn expected(code: i32, step: &'static str, found: &'static str, advice: &'static str) -> Expected {
    Expected { code, step, found, advice }
}

fn without(text: &str, names: &[&str]) -> String {
    let kept = text.lines().filter(|line| !names.iter().any(|name| line.starts_with(name)));
    kept.map(|line| format!("{line}\n")).collect()
}

/// Checks a profile, for eyes and for programs. `--nocapture` shows what was said.
async fn judge(name: &str, terminal: &Terminal, profile: &str, expected: Expected) -> Ran {
    let text = terminal.run(&format!("--profile {profile} check --no-cache")).await;
    println!("== {name}\n$ claviger --profile {profile} check\n{}exit code {}\n", text.stdout, text.code);
    let ran = terminal.run(&format!("--profile {profile} check --no-cache --json")).await;
    assert_eq!((text.code, ran.code), (expected.code, expected.code), "{name}: {ran:?}");
    assert!(!text.stdout.contains('\u{1b}'), "{name}: colours where nobody sees them");
    let json = ran.json();
    let steps = json.as_array().unwrap();
    let failed =
        steps.iter().find(|step| step["status"] == "failed").unwrap_or_else(|| panic!("{name}: {json}"));
    assert_eq!(failed["step"], expected.step, "{name}: {failed}");
    for (member, words) in [("detail", expected.found), ("advice", expected.advice)] {
        assert!(failed[member].as_str().unwrap().contains(words), "{name}: no {words:?} in {failed}");
        assert!(text.stdout.contains(words), "{name}: no {words:?} in {}", text.stdout);
    }
    let verdict = steps.last().unwrap();
    assert_eq!((&verdict["step"], &verdict["status"]), (&"verdict".into(), &"failed".into()), "{name}");
    assert_eq!(verdict["advice"], failed["advice"], "{name}: the verdict says what to do next");
    ran
}

#[tokio::test]
async fn a_missing_client_certificate() {
    let terminal = Terminal::new().await;
    terminal.edit("claviger.toml", |text| without(text, &["cert_file", "key_file"]));
    let words = expected(4, "client certificate", "demands a client certificate", "cert_file and key_file");
    judge("a missing client certificate", &terminal, "custom", words).await;
}

#[tokio::test]
async fn the_key_of_another_certificate() {
    let terminal = Terminal::new().await;
    let other = terminal.sandbox.clara().issue_client_certificate("other").unwrap();
    terminal.write("clara/client.key", &other.key_pem());
    let words = expected(2, "configuration", "belongs to another certificate", "issued together");
    judge("the key of another certificate", &terminal, "custom", words).await;
}

#[tokio::test]
async fn an_expired_certificate() {
    let terminal = Terminal::new().await;
    let expired = terminal.sandbox.clara().issue_expired_client_certificate("acme").unwrap();
    terminal.write("clara/client.crt", expired.certificate_pem());
    terminal.write("clara/client.key", &expired.key_pem());
    let words = expected(2, "configuration", "has expired", "new client certificate");
    judge("an expired certificate", &terminal, "clara", words).await;
}

#[tokio::test]
async fn a_certificate_of_another_authority() {
    let terminal = Terminal::new().await;
    let foreign = terminal.sandbox.clara().issue_foreign_client_certificate("acme").unwrap();
    terminal.write("clara/client.crt", foreign.certificate_pem());
    terminal.write("clara/client.key", &foreign.key_pem());
    let words =
        expected(4, "client certificate", "does not know the authority", "this server's operator issued");
    judge("a client certificate of another authority", &terminal, "clara", words).await;
}

#[tokio::test]
async fn a_server_that_is_not_trusted() {
    let terminal = Terminal::new().await;
    let foreign = terminal.sandbox.clara().client_ca_pem().to_owned();
    terminal.write("ca.pem", &foreign);
    let words = expected(4, "tls", "an authority that is not trusted", "from whoever runs the server");
    judge("a server that is not trusted", &terminal, "clarus", words).await;
}

#[tokio::test]
async fn plain_http_on_the_port() {
    let terminal = Terminal::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let service = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::default())) });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(tcp), service));
        }
    });
    let theirs = terminal.sandbox.sandbox.clarus().address().to_string();
    terminal.edit("claviger.toml", |text| text.replace(&theirs, &address.to_string()));
    let words = expected(4, "tls", "does not speak TLS on this port", "check the port");
    judge("plain HTTP on the port", &terminal, "clarus", words).await;
}

#[tokio::test]
async fn a_proxy_that_is_not_there() {
    let mut terminal = Terminal::new().await;
    terminal.set("HTTPS_PROXY", "http://127.0.0.3:1");
    let words = expected(4, "tcp", "no connection to the proxy (127.0.0.3:1)", "NO_PROXY");
    judge("a proxy that is not there", &terminal, "clazar", words).await;
}

#[tokio::test]
async fn a_wrong_secret() {
    let mut terminal = Terminal::new().await;
    terminal.set("CLAVIGER_CLIENT_SECRET", "swordfish");
    let words = expected(3, "token", "invalid_client", "secret");
    let ran = judge("a wrong secret", &terminal, "clara", words).await;
    assert!(ran.stdout.contains("$CLAVIGER_CLIENT_SECRET") && !ran.stdout.contains("swordfish"));
}

#[tokio::test]
async fn a_wrong_token_url() {
    let terminal = Terminal::new().await;
    terminal.edit("claviger.toml", |text| text.replace("/oauth/token", "/oauth/tokens"));
    let words =
        expected(2, "token", "no token endpoint at this URL", "correct the URL of the token endpoint");
    judge("a wrong token URL", &terminal, "custom", words).await;
}

#[tokio::test]
async fn an_api_that_refuses_the_token() {
    let terminal = Terminal::new().await;
    terminal.sandbox.clara().play(Target::Api, Fault::Unauthorized, Times::UntilCleared);
    let words = expected(3, "api", "401 Unauthorized", "whether they are still good");
    judge("an API that refuses the token", &terminal, "custom", words).await;
}

/// It passes the handshake, and says what is missing by a page.
#[tokio::test]
async fn an_nginx_that_demands_a_certificate() {
    let Some(nginx) = Nginx::start("on", "TLSv1.2 TLSv1.3").await else { return };
    let terminal = Terminal::new().await;
    terminal.write("ca.pem", &nginx.authority.pem);
    let profile = format!(
        "\n[profiles.nginx]\nprovider = \"custom\"\napi_url = \"{}\"\nca_file = \"ca.pem\"\nauth = \"none\"\n",
        nginx.url("/")
    );
    terminal.edit("claviger.toml", |text| text.to_owned() + &profile);
    let words = expected(4, "client certificate", "demands a client certificate", "cert_file and key_file");
    judge("an nginx that demands a client certificate", &terminal, "nginx", words).await;
    let ran = terminal.run("--profile nginx request GET / --fail").await;
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("demands a client certificate") && ran.stderr.contains("try:"), "{ran:?}");

    fs::write(terminal.path("client.crt"), &nginx.revoked.certificate).unwrap();
    fs::write(terminal.path("client.key"), &nginx.revoked.key).unwrap();
    terminal.edit("claviger.toml", |text| {
        format!("{text}cert_file = \"client.crt\"\nkey_file = \"client.key\"\n")
    });
    let words = expected(4, "client certificate", "refuses the client certificate", "revoked");
    judge("a revoked certificate, at an nginx", &terminal, "nginx", words).await;
}

#[tokio::test]
async fn all_is_well() {
    let terminal = Terminal::new().await;
    let ran = terminal.run("--profile clara check --json").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let json = ran.json();
    let detail = |name: &str| {
        let steps = json.as_array().unwrap();
        let step = steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("{name}: {json}"));
        assert_eq!(step["status"], "ok", "{step}");
        step["detail"].as_str().unwrap()
    };
    assert!(detail("certificate").contains("issued by") && detail("certificate").contains("days left"));
    assert!(detail("tls").contains("TLS 1.3") && detail("tls").contains("127.0.0.1"));
    assert!(detail("client certificate").contains("the server asked for one, and took"));
    assert!(detail("clock").contains("within"));
    assert!(detail("token").contains("fetched by client_secret_basic"));
    assert!(detail("token").contains("goes over this client certificate alone"));
    assert_eq!(detail("verdict"), "all is well");
}
