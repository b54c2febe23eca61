//! Our requests beside those of the `oauth2` crate, for the same inputs.
//!
//! Byte for byte the same: the Basic header (RFC 6749 §2.3.1 fixes it), and the encoding of each parameter (appendix
//! B). The order of the parameters is nobody's, and differs: `oauth2` puts `scope` and the credentials elsewhere.
//! `oauth2` knows neither assertions nor JSON bodies.

use std::collections::BTreeMap;

use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, Scope, TokenUrl,
    basic::{BasicClient, BasicRequestTokenError},
};

use super::*;

/// Some that a form encodes, some that it must not, and some that are no ASCII.
fn inputs() -> Vec<(String, String)> {
    let printable: String = (' '..='~').collect();
    [
        ("acme", "swordfish"),
        ("id", "se cret:+"),
        ("a b", "c+d"),
        ("a:b", "c:d"),
        ("a%20b", "c%2Bd"),
        ("a&b=c", "d;e,f"),
        ("\"a'b\"", "\\c/`d`"),
        ("*-._", "~!()"),
        ("ä€😀", "\u{7f}\u{80}\u{feff}"),
        (&printable, &printable),
    ]
    .map(|(id, secret)| (id.to_owned(), secret.to_owned()))
    .into()
}

/// The header and the form that go out.
type Sent = (Option<String>, BTreeMap<String, String>);

fn sent(headers: &http::HeaderMap, body: &[u8]) -> Sent {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    // Not decoded: the encoding is what is compared.
    let body = std::str::from_utf8(body).unwrap();
    let pairs = body.split('&').map(|pair| pair.split_once('=').unwrap());
    let form: BTreeMap<_, _> =
        pairs.clone().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(form.len(), pairs.count(), "no parameter is sent twice: {body}");
    (authorization, form)
}

async fn ours(method: Method, id: &str, secret: &str) -> Sent {
    let found = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&found);
    let client = ClientAuthentication::new(method, id).with_secret(secret.into());
    let endpoint = TokenEndpoint::builder("https://auth.example/token", client);
    let endpoint = endpoint.build(service_fn(move |request: Request<Full<Bytes>>| {
        let keep = Arc::clone(&keep);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            *keep.lock().unwrap() = Some(sent(&parts.headers, &body));
            Ok::<_, Infallible>(response(200, TOKEN))
        }
    }));
    let request = TokenRequest::client_credentials().with_scope("a b:c").with_parameter("audience+", secret);
    endpoint.unwrap().request(&request).await.unwrap();
    found.lock().unwrap().take().unwrap()
}

async fn theirs(auth_type: AuthType, id: &str, secret: &str) -> Sent {
    let found = Mutex::new(None);
    let http = async |request: HttpRequest| {
        *found.lock().unwrap() = Some(sent(request.headers(), request.body()));
        Ok::<_, Infallible>(Response::new(br#"{"access_token":"t","token_type":"bearer"}"#.to_vec()))
    };
    let client = BasicClient::new(ClientId::new(id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_auth_type(auth_type)
        .set_token_uri(TokenUrl::new("https://auth.example/token".to_owned()).unwrap());
    let request = client.exchange_client_credentials().add_extra_param("audience+", secret);
    let request = request.add_scope(Scope::new("a".to_owned())).add_scope(Scope::new("b:c".to_owned()));
    let http = |request| Box::pin(http(request));
    let answer: Result<_, BasicRequestTokenError<_>> = request.request_async(&http).await;
    answer.unwrap();
    found.lock().unwrap().take().unwrap()
}

#[tokio::test]
async fn the_oauth2_crate_sends_the_same_bytes() {
    for (id, secret) in inputs() {
        for (method, auth_type) in [
            (Method::ClientSecretBasic, AuthType::BasicAuth),
            (Method::ClientSecretPost, AuthType::RequestBody),
        ] {
            let (ours, theirs) = (ours(method, &id, &secret).await, theirs(auth_type, &id, &secret).await);
            assert_eq!(ours, theirs, "{method}: {id} {secret}");
        }
    }
}
