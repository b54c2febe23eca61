//! The certificate that a token is bound to, where its issuer says so (RFC 8705 §3).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use claviger_auth_core::Thumbprint;
use serde::Deserialize;

/// Reads `cnf` of a token that is a JSON Web Token (RFC 8705 §3.1). It verifies nothing: whoever made the token up
/// could have left the binding out.
pub(crate) fn of_token(token: &str) -> Option<Thumbprint> {
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    of_claims(&URL_SAFE_NO_PAD.decode(claims).ok()?)
}

/// Reads `cnf` of claims, or of what an introspection says (RFC 8705 §3.2).
pub(crate) fn of_claims(json: &[u8]) -> Option<Thumbprint> {
    let claims: Claims<'_> = serde_json::from_slice(json).ok()?;
    let digest = URL_SAFE_NO_PAD.decode(claims.cnf?.thumbprint?).ok()?;
    digest.try_into().ok().map(Thumbprint::from_sha256)
}

#[derive(Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    cnf: Option<Confirmation<'a>>,
}

#[derive(Deserialize)]
struct Confirmation<'a> {
    #[serde(rename = "x5t#S256")]
    thumbprint: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of RFC 8705 §3.1, figure 2, and the same in hexadecimal.
    const THUMBPRINT: &str = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2";
    const HEXADECIMAL: &str = "6f070ad1eb1cdc0082dc30766";

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn reads_the_example_of_the_rfc() {
        let claims = format!(r#"{{"iss":"https://server.example.com","cnf":{{"x5t#S256":"{THUMBPRINT}"}}}}"#);
        // The last character of the RFC's example has bits that stand for nothing.
        let claims = claims.replace("dg2", "dg0");
        let binding = of_token(&token(&claims)).unwrap();
        assert!(binding.to_string().starts_with(HEXADECIMAL), "{binding}");
        assert_eq!(of_claims(claims.as_bytes()), Some(binding));
    }

    #[test]
    fn passes_over_what_is_no_binding() {
        let thirty_one_bytes = URL_SAFE_NO_PAD.encode([7; 31]);
        for claims in [
            "".to_owned(),
            "{}".to_owned(),
            "[]".to_owned(),
            r#"{"cnf":null}"#.to_owned(),
            r#"{"cnf":{"jkt":"abc"}}"#.to_owned(),
            r#"{"cnf":{"x5t#S256":7}}"#.to_owned(),
            r#"{"cnf":{"x5t#S256":"???"}}"#.to_owned(),
            format!(r#"{{"cnf":{{"x5t#S256":"{thirty_one_bytes}"}}}}"#),
        ] {
            assert_eq!(of_token(&token(&claims)), None, "{claims}");
        }
        for opaque in ["", "abc", "a.b", "a.!.c", "a.b.c.d", "...", "a.e30.c.d.e"] {
            assert_eq!(of_token(opaque), None, "{opaque}");
        }
    }
}
