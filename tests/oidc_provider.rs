//! Another token endpoint: oidc-provider, a certified OpenID server.

mod bound;
mod browser;
mod login;
mod program;

use std::{path::Path, process::Command};

use claviger_auth_core::{AccessToken, Error, ErrorKind, Fetch, Origin, TokenSource};
use claviger_client::Client;
use claviger_mtls::{Identity, Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod as Method, Discovery, SigningAlgorithm, SigningKey,
    TokenEndpoint, TokenEndpointBuilder,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{
    authority::{Authority, Issued},
    clara_sandbox::Full,
    real_software::{Running, Says, needs},
};

/// An id and a secret, all of whose characters a form must encode.
const ODD: (&str, &str) = ("a b%+/:", "s e%c+r/e:t&=?");
const PLAIN: (&str, &str) = ("acme", "swordfish");
/// Made for tests, by OpenSSL.
const RSA: &str = include_str!("../crates/token-endpoint/src/signing_key/rsa.pem");

/// Every character of printable ASCII.
fn printable() -> String {
    (' '..='~').collect()
}

/// The server, and who its clients are.
struct OidcProvider {
    url: String,
    secure_url: String,
    authority: Authority,
    /// Of the authority, for the clients whose id begins with `tls`.
    issued: Issued,
    self_signed: Issued,
    keys: [Key; 4],
    _running: Running,
}

/// What a client signs with.
struct Key {
    algorithm: SigningAlgorithm,
    pem: String,
    /// In PEM; node finds it in an RSA key by itself.
    public: String,
}

impl Key {
    fn rsa(algorithm: SigningAlgorithm) -> Self {
        Self { algorithm, pem: RSA.to_owned(), public: RSA.to_owned() }
    }

    fn generate(algorithm: SigningAlgorithm, kind: &'static rcgen::SignatureAlgorithm) -> Self {
        let key = rcgen::KeyPair::generate_for(kind).unwrap();
        Self { algorithm, pem: key.serialize_pem(), public: key.public_key_pem() }
    }
}

impl OidcProvider {
    async fn start() -> Option<Self> {
        let (node, folder) = (needs("node")?, needs("oidc-provider")?);
        let authority = Authority::new("Test CA");
        let (issued, self_signed) = (authority.client("acme"), Issued::by_itself("alone"));
        let keys = [
            Key::rsa(SigningAlgorithm::Rs256),
            Key::rsa(SigningAlgorithm::Ps256),
            Key::generate(SigningAlgorithm::Es256, &rcgen::PKCS_ECDSA_P256_SHA256),
            Key::generate(SigningAlgorithm::EdDsa, &rcgen::PKCS_ED25519),
        ];
        let server = authority.server();
        let settings = json!({
            "clients": clients(&issued, &self_signed, &keys),
            "tls": {"key": server.key, "cert": server.certificate, "ca": authority.pem},
        });
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc-provider/server.mjs");
        let mut command = Command::new(node);
        command.arg(script).arg(folder).arg(settings.to_string());
        let mut running = Running::start(&mut command, Says::OnStdout);
        let ports = running.wait_for_line(|line| line.strip_prefix("ports ").map(str::to_owned)).await;
        let (port, secure_port) = ports.split_once(' ').unwrap();
        Some(Self {
            url: format!("http://127.0.0.1:{port}"),
            secure_url: format!("https://127.0.0.1:{secure_port}"),
            authority,
            issued,
            self_signed,
            keys,
            _running: running,
        })
    }

    /// Over plain HTTP on this very machine.
    fn builder(&self, client: ClientAuthentication) -> TokenEndpointBuilder {
        TokenEndpoint::builder(format!("{}/token", self.url), client)
            .with_revocation_url(format!("{}/token/revocation", self.url))
            .with_introspection_url(format!("{}/token/introspection", self.url))
            .with_loopback_http()
    }

    fn endpoint(&self, client: ClientAuthentication) -> TokenEndpoint {
        self.builder(client).build(self.client(None)).unwrap()
    }

    fn source(&self, method: Method, id: &str, secret: &str) -> ClientCredentials {
        ClientCredentials::new(self.endpoint(with_secret(method, id, secret)))
    }

    fn posting(&self) -> ClientCredentials {
        self.source(Method::ClientSecretPost, PLAIN.0, PLAIN.1)
    }

    /// A client that presents this certificate to whoever asks for one.
    fn client(&self, identity: Option<Identity>) -> Client<Full> {
        let trust = Trust::given([self.authority.pem.as_bytes()]).unwrap();
        let mut tls = Tls::builder(trust);
        if let Some(identity) = identity {
            tls = tls.with_identity(identity);
        }
        Client::builder(tls.build().unwrap()).with_loopback_http().build()
    }

    fn discovery(&self) -> Discovery {
        Discovery::builder(&self.url)
            .with_loopback_http()
            .with_endpoint_origin(Origin::https(&self.secure_url).unwrap())
            .build(self.client(None))
            .unwrap()
    }

    /// What the server itself says about a token (RFC 7662).
    async fn introspect(&self, token: &AccessToken) -> Value {
        let endpoint = self.endpoint(with_secret(Method::ClientSecretPost, PLAIN.0, PLAIN.1));
        serde_json::from_str(endpoint.introspect(token).await.unwrap().json()).unwrap()
    }
}

/// As the server is told of them.
fn clients(issued: &Issued, self_signed: &Issued, keys: &[Key]) -> Value {
    let client = |id: &str, method: &str, more: Value| {
        let mut client =
            json!({"client_id": id, "scope": "read write", "token_endpoint_auth_method": method});
        client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client
    };
    let with_secret = |id: &str, secret: &str, method| client(id, method, json!({"client_secret": secret}));
    let (posting, all) = (format!("post {}", ODD.0), printable());
    let mut clients = vec![
        with_secret(PLAIN.0, PLAIN.1, "client_secret_post"),
        with_secret(ODD.0, ODD.1, "client_secret_basic"),
        with_secret(&posting, ODD.1, "client_secret_post"),
        with_secret(&format!("basic{all}"), &all, "client_secret_basic"),
        with_secret(&format!("post{all}"), &all, "client_secret_post"),
        with_secret(&format!("jwt{all}"), &all, "client_secret_jwt"),
        client(
            "tls",
            "tls_client_auth",
            json!({"tls_client_auth_subject_dn": "CN=acme", "tls_client_certificate_bound_access_tokens": true}),
        ),
        client("tls wrong", "tls_client_auth", json!({"tls_client_auth_subject_dn": "CN=another"})),
        client(
            &format!("self{all}"),
            "self_signed_tls_client_auth",
            json!({"certificate": self_signed.certificate, "tls_client_certificate_bound_access_tokens": true}),
        ),
        client("self other", "self_signed_tls_client_auth", json!({"certificate": issued.certificate})),
    ];
    // Those whose users log in, with any port on this machine (RFC 8252 §7.3).
    let login = |more: Value| {
        let mut login = json!({
            "application_type": "native",
            "grant_types": [
                "authorization_code",
                "refresh_token",
                "urn:ietf:params:oauth:grant-type:device_code",
            ],
            "redirect_uris": ["http://127.0.0.1/callback"],
            "response_types": ["code"],
        });
        login.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        login
    };
    clients.push(client("native", "none", login(json!({}))));
    clients.push(client("fixed", "client_secret_basic", login(json!({"client_secret": PLAIN.1}))));
    clients.extend(keys.iter().map(|key| {
        let alg = key.algorithm.to_string();
        let more = json!({"key": key.public, "token_endpoint_auth_signing_alg": alg});
        client(&format!("{alg}{all}"), "private_key_jwt", more)
    }));
    clients.into()
}

fn with_secret(method: Method, id: &str, secret: &str) -> ClientAuthentication {
    ClientAuthentication::new(method, id).with_secret(secret.into())
}

fn with_key(id: &str, algorithm: SigningAlgorithm, pem: &str) -> ClientAuthentication {
    let provider = rustls::crypto::ring::default_provider();
    let key = SigningKey::from_pem_with(&provider, pem.as_bytes()).unwrap();
    ClientAuthentication::new(Method::PrivateKeyJwt, id)
        .with_signing_key(key.with_algorithm(algorithm).unwrap())
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
    let Some(server) = OidcProvider::start().await else { return };
    fetch(server.source(Method::ClientSecretBasic, ODD.0, ODD.1)).await.unwrap();
    fetch(server.source(Method::ClientSecretPost, &format!("post {}", ODD.0), ODD.1)).await.unwrap();
    // The control: without the encoding of RFC 6749 §2.3.1 the same server does not understand.
    let error = fetch(server.source(Method::ClientSecretBasicRaw, "a", ODD.1)).await.unwrap_err();
    assert!(error.status().is_some_and(|status| status.is_client_error()), "{error}");
}

#[tokio::test]
async fn takes_every_proof_by_a_secret_of_all_printable_ascii() {
    let Some(server) = OidcProvider::start().await else { return };
    let all = printable();
    for (method, prefix) in [
        (Method::ClientSecretBasic, "basic"),
        (Method::ClientSecretPost, "post"),
        (Method::ClientSecretJwt, "jwt"),
    ] {
        let id = format!("{prefix}{all}");
        let token = fetch(server.source(method, &id, &all)).await.unwrap();
        assert_eq!(server.introspect(&token).await["client_id"], *id, "{method}");
        let wrong = fetch(server.source(method, &id, &all.replace('~', "-"))).await.unwrap_err();
        assert_eq!(wrong.oauth_error(), Some("invalid_client"), "{method}: the control");
    }
}

#[tokio::test]
async fn takes_assertions_of_every_algorithm_for_the_issuer_and_for_the_token_url() {
    let Some(server) = OidcProvider::start().await else { return };
    for Key { algorithm, pem, .. } in &server.keys {
        let id = format!("{algorithm}{}", printable());
        let client = with_key(&id, *algorithm, pem);
        for client in [client.clone(), client.clone().with_assertion_audience(&server.url)] {
            let endpoint = server.endpoint(client);
            // A server takes the id of an assertion once.
            for _ in 0..2 {
                let token = fetch(ClientCredentials::new(endpoint.clone())).await.unwrap();
                assert_eq!(server.introspect(&token).await["client_id"], *id, "{algorithm}");
            }
        }
        let elsewhere = client.with_assertion_audience("https://elsewhere.example");
        let error = fetch(ClientCredentials::new(server.endpoint(elsewhere))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsRefused, "{algorithm}: the control");
    }
}

#[tokio::test]
async fn refuses_a_wrong_secret_in_the_words_of_the_standard() {
    let Some(server) = OidcProvider::start().await else { return };
    let wrong = server.source(Method::ClientSecretPost, PLAIN.0, "wrong");
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

#[tokio::test]
async fn takes_tokens_back() {
    let Some(server) = OidcProvider::start().await else { return };
    let endpoint = server.endpoint(with_secret(Method::ClientSecretPost, PLAIN.0, PLAIN.1));
    let token = fetch(ClientCredentials::new(endpoint.clone())).await.unwrap();
    assert!(endpoint.introspect(&token).await.unwrap().is_active());
    endpoint.revoke(&token).await.unwrap();
    let known = endpoint.introspect(&token).await.unwrap();
    assert_eq!((known.is_active(), known.json()), (false, r#"{"active":false}"#));
    // RFC 7009 §2.2: one that is not known is gone, too.
    endpoint.revoke(&token).await.unwrap();

    endpoint.replace(with_secret(Method::ClientSecretPost, PLAIN.0, "wrong")).unwrap();
    assert_eq!(endpoint.revoke(&token).await.unwrap_err().kind(), ErrorKind::CredentialsRefused);
    let error = endpoint.introspect(&token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRefused);
    assert!(!format!("{error:?}").contains(token.expose_secret()), "{error:?}");
}

#[tokio::test]
async fn says_where_its_endpoints_are() {
    let Some(server) = OidcProvider::start().await else { return };
    let discovery = server.discovery();
    let metadata = discovery.metadata().await.unwrap();
    assert_eq!(metadata.token_url().unwrap().unwrap(), format!("{}/token", server.url));
    assert_eq!(metadata.mtls_token_url().unwrap().unwrap(), format!("{}/token", server.secure_url));

    let client = with_secret(Method::ClientSecretPost, PLAIN.0, PLAIN.1);
    let endpoint = TokenEndpoint::discovered(discovery, client).build(server.client(None)).unwrap();
    let token = fetch(ClientCredentials::new(endpoint.clone())).await.unwrap();
    assert!(endpoint.introspect(&token).await.unwrap().is_active());
    endpoint.revoke(&token).await.unwrap();
    assert!(!endpoint.introspect(&token).await.unwrap().is_active());

    let slash = Discovery::builder(format!("{}/", server.url)).with_loopback_http();
    let error = slash.build(server.client(None)).unwrap().metadata().await.unwrap_err();
    assert!(error.to_string().contains("another issuer"), "{error}");
    let pinned = Discovery::builder(&server.url).with_loopback_http().build(server.client(None)).unwrap();
    let metadata = pinned.metadata().await.unwrap();
    assert!(metadata.token_url().is_ok());
    let error = metadata.mtls_token_url().unwrap_err();
    assert!(error.to_string().contains("foreign origin (token_endpoint)"), "{error}");
}
