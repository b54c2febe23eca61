use std::collections::HashSet;

use rustls::crypto::ring::default_provider;
use serde_json::{Value, json};

use super::*;

const NOW: u64 = 1_800_000_000;

fn made(client: &ClientAuthentication) -> String {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let made = assertion(client, "https://auth.example/token", now).unwrap();
    made.expect("an assertion").expose_secret().to_owned()
}

fn decoded(token: &str) -> (Value, Value) {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let part = |index: usize| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[index]).unwrap()).unwrap();
    (part(0), part(1))
}

fn by_secret(secret: &str) -> ClientAuthentication {
    ClientAuthentication::new(Method::ClientSecretJwt, "ac me").with_secret(secret.into())
}

fn by_key() -> ClientAuthentication {
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let key = SigningKey::from_pem_with(&default_provider(), pem.as_bytes()).unwrap().with_id("2026");
    ClientAuthentication::new(Method::PrivateKeyJwt, "acme").with_signing_key(key)
}

#[test]
fn says_who_for_whom_and_how_long() {
    let (header, claims) = decoded(&made(&by_key()));
    assert_eq!(header, json!({"alg": "ES256", "typ": "JWT", "kid": "2026"}));
    assert_eq!(
        claims,
        json!({
            "iss": "acme", "sub": "acme", "aud": "https://auth.example/token",
            "iat": NOW, "exp": NOW + 60, "jti": claims["jti"],
        })
    );
    let (_, claims) = decoded(&made(&by_key().with_assertion_audience("https://auth.example")));
    assert_eq!(claims["aud"], "https://auth.example");
}

#[test]
fn has_an_id_of_its_own_each_time() {
    let client = by_secret("swordfish");
    let ids: HashSet<_> = (0..1000).map(|_| decoded(&made(&client)).1["jti"].to_string()).collect();
    assert_eq!(ids.len(), 1000);
    assert!(ids.iter().all(|id| id.len() == 24), "16 bytes, and two quotes");
}

#[test]
fn signs_with_the_bytes_of_the_secret_as_somebody_else_verifies() {
    for secret in ["a", "se cr\"e:t+%&=ä€😀", &"long".repeat(40)] {
        let token = made(&by_secret(secret));
        let (header, claims) = decoded(&token);
        assert_eq!((&header, &claims["sub"]), (&json!({"alg": "HS256", "typ": "JWT"}), &json!("ac me")));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        ring::hmac::verify(&key, message.as_bytes(), &signature).expect(secret);
        assert!(!token.contains(secret) || secret == "a");
    }
}

#[test]
fn is_made_for_the_methods_that_send_one() {
    let basic = ClientAuthentication::new(Method::ClientSecretBasic, "acme").with_secret("swordfish".into());
    assert!(assertion(&basic, "https://auth.example", SystemTime::UNIX_EPOCH).unwrap().is_none());
}
