//! Our token requests beside those of openid-client, a certified client, for the same inputs.
//!
//! What is the same, and what differs, stands in `docs/token-requests.md`.

use std::{
    convert::Infallible,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod as Method, SigningKey, TokenEndpoint, TokenRequest,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::service_fn;

use crate::real_software::{needs, run};

const ISSUER: &str = "https://auth.example";
const RSA: &str = include_str!("../crates/token-endpoint/src/signing_key/rsa.pem");
const RESOURCES: [&str; 2] = ["https://api.example/v1?a=b", "urn:example:two"];

/// Who asks, and how.
struct Asked {
    method: Method,
    id: String,
    secret: Option<String>,
    is_signed: bool,
}

impl Asked {
    fn all() -> Vec<Self> {
        let printable: String = (' '..='~').collect();
        let mut all = Vec::new();
        for (id, secret) in [
            ("acme", "swordfish"),
            ("a b:c", "s e%c+r/e:t&=?\"'"),
            ("ä€😀", "\u{80}\u{feff}"),
            (&printable, &printable),
        ] {
            for method in [Method::ClientSecretBasic, Method::ClientSecretPost, Method::ClientSecretJwt] {
                all.push(Self { method, id: id.into(), secret: Some(secret.into()), is_signed: false });
            }
            for method in [Method::None, Method::TlsClientAuth, Method::SelfSignedTlsClientAuth] {
                all.push(Self { method, id: id.into(), secret: None, is_signed: false });
            }
            all.push(Self { method: Method::PrivateKeyJwt, id: id.into(), secret: None, is_signed: true });
        }
        all
    }

    fn algorithm(&self) -> Option<&'static str> {
        let algorithms = [(Method::ClientSecretJwt, "HS256"), (Method::PrivateKeyJwt, "RS256")];
        algorithms.into_iter().find(|(method, _)| *method == self.method).map(|(_, algorithm)| algorithm)
    }

    fn for_node(&self) -> Value {
        json!({
            "id": self.id, "secret": self.secret, "method": self.method.to_string(),
            "algorithm": self.algorithm(), "key": self.is_signed.then_some(RSA),
            "grant": {
                "grant_type": "client_credentials", "scope": "read write:all", "audience": "x+y",
                "resource": RESOURCES,
            },
        })
    }

    async fn ours(&self) -> Sent {
        let mut client = ClientAuthentication::new(self.method, &self.id).with_assertion_audience(ISSUER);
        if let Some(secret) = &self.secret {
            client = client.with_secret(SecretString::from(secret.as_str()));
        }
        if self.is_signed {
            let provider = rustls::crypto::ring::default_provider();
            client = client.with_signing_key(SigningKey::from_pem_with(&provider, RSA.as_bytes()).unwrap());
        }
        let found = Arc::new(Mutex::new(None));
        let keep = Arc::clone(&found);
        let endpoint = TokenEndpoint::builder("https://auth.example/token", client);
        let endpoint = endpoint.build(service_fn(move |request: Request<Full<Bytes>>| {
            let keep = Arc::clone(&keep);
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let authorization = parts.headers.get("authorization");
                let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
                *keep.lock().unwrap() = Some(Sent::new(authorization, std::str::from_utf8(&body).unwrap()));
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(r#"{"access_token":"t"}"#)))
            }
        }));
        let mut request =
            TokenRequest::client_credentials().with_scope("read write:all").with_audience("x+y");
        for resource in RESOURCES {
            request = request.with_resource(resource);
        }
        endpoint.unwrap().request(&request).await.unwrap();
        found.lock().unwrap().take().unwrap()
    }
}

/// What went out, as far as an RFC fixes it.
#[derive(Debug, PartialEq)]
struct Sent {
    /// Id and secret, each still form-encoded.
    basic: Option<String>,
    form: Vec<(String, String)>,
    assertion: Option<(Value, Value)>,
}

impl Sent {
    fn new(authorization: Option<String>, body: &str) -> Self {
        let basic = authorization.map(|value| {
            let pair =
                base64::engine::general_purpose::STANDARD.decode(value.strip_prefix("Basic ").unwrap());
            // openid-client 5 leaves these as they are; the form encoding of WHATWG does not.
            let pair = String::from_utf8(pair.unwrap()).unwrap();
            ["!%21", "~%7E", "'%27", "(%28", ")%29"]
                .iter()
                .fold(pair, |pair, entry| pair.replace(&entry[..1], &entry[1..]))
        });
        // Read as a server reads it: a space may be + or %20, and the order is nobody's.
        let mut form: Vec<(String, String)> = Vec::new();
        let mut assertion = None;
        for (name, value) in form_urlencoded::parse(body.as_bytes()).into_owned() {
            match &*name {
                "client_assertion" => assertion = Some(decoded(&value)),
                _ => form.push((name, value)),
            }
        }
        form.sort();
        Self { basic, form, assertion }
    }
}

/// Header and claims, without what is new each time.
fn decoded(assertion: &str) -> (Value, Value) {
    let mut parts = assertion.split('.').take(2).map(|part| {
        let part: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        part
    });
    let (mut header, mut claims) = (parts.next().unwrap(), parts.next().unwrap());
    // RFC 7519 §5.1: optional; openid-client leaves it out.
    header.as_object_mut().unwrap().remove("typ");
    let claims_map = claims.as_object_mut().unwrap();
    let (iat, exp) = (claims_map.remove("iat").unwrap(), claims_map.remove("exp").unwrap());
    assert_eq!(exp.as_u64().unwrap() - iat.as_u64().unwrap(), 60);
    assert!(claims_map.remove("jti").unwrap().as_str().unwrap().len() > 20);
    (header, claims)
}

#[tokio::test]
async fn openid_client_sends_the_same() {
    let (Some(node), Some(folder)) = (needs("node"), needs("openid-client")) else { return };
    let asked = Asked::all();
    let clients: Vec<_> = asked.iter().map(Asked::for_node).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("openid-client/requests.mjs");
    let mut command = Command::new(node);
    command.arg(script).arg(folder).arg(json!({"issuer": ISSUER, "clients": clients}).to_string());
    let output = run(command, "").await;
    let stdout = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<_> = stdout.lines().collect();
    assert_eq!(theirs.len(), asked.len(), "{}", String::from_utf8_lossy(&output.stderr));
    for (asked, theirs) in asked.iter().zip(theirs) {
        let theirs: Value = serde_json::from_str(theirs).unwrap();
        let authorization = theirs["authorization"].as_str().map(str::to_owned);
        let theirs = Sent::new(authorization, theirs["body"].as_str().unwrap());
        assert_eq!(asked.ours().await, theirs, "{} as {}", asked.method, asked.id);
    }
}
