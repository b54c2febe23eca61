//! Another token endpoint: oidc-provider, a certified OpenID server.

use std::{path::Path, process::Command};

use claviger_auth_core::{AccessToken, Error, ErrorKind, Fetch, TokenSource};
use claviger_client::Client;
use claviger_mtls::{Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use http::Request;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{
    authority::Authority,
    clara_sandbox::{Full, send},
    real_software::{Running, Says, needs},
};

/// An id and a secret, all of whose characters a form must encode.
const ODD: (&str, &str) = ("a b%+/:", "s e%c+r/e:t&=?");
const PLAIN: (&str, &str) = ("acme", "swordfish");

struct OidcProvider {
    url: String,
    _running: Running,
}

impl OidcProvider {
    async fn start() -> Option<Self> {
        let (node, folder) = (needs("node")?, needs("oidc-provider")?);
        let client = |(id, secret): (&str, &str), method: &str| {
            json!({
                "client_id": id,
                "client_secret": secret,
                "scope": "read write",
                "token_endpoint_auth_method": method,
            })
        };
        let posting = (format!("post {}", ODD.0), ODD.1);
        let clients = json!([
            client(PLAIN, "client_secret_post"),
            client(ODD, "client_secret_basic"),
            client((&posting.0, posting.1), "client_secret_post"),
        ]);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc-provider/server.mjs");
        let mut command = Command::new(node);
        command.arg(script).arg(folder).arg(clients.to_string());
        let mut running = Running::start(&mut command, Says::OnStdout);
        let port = running.wait_for_line(|line| line.strip_prefix("port ").map(str::to_owned)).await;
        Some(Self { url: format!("http://127.0.0.1:{port}"), _running: running })
    }

    fn source(&self, method: ClientAuthenticationMethod, id: &str, secret: &str) -> ClientCredentials {
        let client = ClientAuthentication::new(method, id).with_secret(secret.into());
        let endpoint = TokenEndpoint::builder(format!("{}/token", self.url), client).with_loopback_http();
        ClientCredentials::new(endpoint.build(transport()).unwrap())
    }

    fn posting(&self) -> ClientCredentials {
        self.source(ClientAuthenticationMethod::ClientSecretPost, PLAIN.0, PLAIN.1)
    }

    /// What the server itself says about a token (RFC 7662).
    async fn introspect(&self, token: &AccessToken) -> Value {
        let (id, secret) = PLAIN;
        let body = format!("token={}&client_id={id}&client_secret={secret}", token.expose_secret());
        let request = Request::post(format!("{}/token/introspection", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::from(body))
            .unwrap();
        send(&transport(), request).await.unwrap().1
    }
}

/// Plain HTTP on this very machine; whom TLS would trust does not matter.
fn transport() -> Client<Full> {
    let nobody = Trust::given([Authority::new("Nobody").pem.as_bytes()]).unwrap();
    Client::builder(Tls::builder(nobody).build().unwrap()).with_loopback_http().build()
}

async fn fetch(source: ClientCredentials) -> Result<AccessToken, Error> {
    source.fetch(Fetch::Cold).await
}

#[tokio::test]
async fn issues_a_token_that_it_knows() {
    let Some(server) = OidcProvider::start().await else { return };
    let token = fetch(server.posting().with_scope("read")).await.unwrap();
    assert_eq!(token.scopes(), ["read"]);
    assert_eq!(token.expires_in().unwrap().as_secs(), 600);
    let said = server.introspect(&token).await;
    assert_eq!((&said["active"], &said["client_id"]), (&true.into(), &PLAIN.0.into()), "{said}");
    assert_eq!(said["scope"], "read");
}

#[tokio::test]
async fn understands_what_a_form_must_encode_by_either_method() {
    use ClientAuthenticationMethod::{ClientSecretBasic, ClientSecretBasicRaw, ClientSecretPost};
    let Some(server) = OidcProvider::start().await else { return };
    fetch(server.source(ClientSecretBasic, ODD.0, ODD.1)).await.unwrap();
    fetch(server.source(ClientSecretPost, &format!("post {}", ODD.0), ODD.1)).await.unwrap();
    // The control: without the encoding of RFC 6749 §2.3.1 the same server does not understand.
    let error = fetch(server.source(ClientSecretBasicRaw, "a", ODD.1)).await.unwrap_err();
    assert!(error.status().is_some_and(|status| status.is_client_error()), "{error}");
}

#[tokio::test]
async fn refuses_a_wrong_secret_in_the_words_of_the_standard() {
    let Some(server) = OidcProvider::start().await else { return };
    let wrong = server.source(ClientAuthenticationMethod::ClientSecretPost, PLAIN.0, "wrong");
    let error = fetch(wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
    assert_eq!(error.oauth_error(), Some("invalid_client"));
}

#[tokio::test]
async fn issues_tokens_for_a_resource() {
    let Some(server) = OidcProvider::start().await else { return };
    let source = server.posting().with_scope("read write").with_resource("https://api.example/v1");
    let token = fetch(source).await.unwrap();
    assert_eq!(token.scopes(), ["read", "write"]);
    let said = server.introspect(&token).await;
    assert_eq!(said["aud"], "https://api.example/v1", "{said}");
}

#[tokio::test]
async fn a_scope_that_the_client_may_not_have_is_a_matter_of_settings() {
    let Some(server) = OidcProvider::start().await else { return };
    let error = fetch(server.posting().with_scope("admin")).await.unwrap_err();
    assert_eq!((error.kind(), error.oauth_error()), (ErrorKind::Configuration, Some("invalid_scope")));
}
