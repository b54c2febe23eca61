//! Certificates as the proof of who the client is, and tokens that are bound to one.

use super::*;

/// Over TLS, as this client, with this certificate.
fn over_tls(server: &OidcProvider, id: &str, method: Method, identity: Option<&Issued>) -> ClientCredentials {
    let transport = server.client(identity.map(Issued::identity));
    let client = ClientAuthentication::new(method, id);
    let endpoint = TokenEndpoint::builder(format!("{}/token", server.secure_url), client).build(transport);
    ClientCredentials::new(endpoint.unwrap())
}

#[tokio::test]
async fn a_certificate_is_proof_enough() {
    let Some(server) = OidcProvider::start().await else { return };
    let alone = format!("self{}", printable());
    let (issued, self_signed) = (Some(&server.issued), Some(&server.self_signed));
    for (id, method, identity, is_good) in [
        ("tls", Method::TlsClientAuth, issued, true),
        ("tls wrong", Method::TlsClientAuth, issued, false),
        ("tls", Method::TlsClientAuth, self_signed, false),
        ("tls", Method::TlsClientAuth, None, false),
        (&alone, Method::SelfSignedTlsClientAuth, self_signed, true),
        (&alone, Method::SelfSignedTlsClientAuth, issued, false),
        (&alone, Method::SelfSignedTlsClientAuth, None, false),
        ("self other", Method::SelfSignedTlsClientAuth, issued, true),
    ] {
        let answer = fetch(over_tls(&server, id, method, identity)).await;
        assert_eq!(answer.is_ok(), is_good, "{id}, {method}: {answer:?}");
        if let Err(error) = answer {
            assert_eq!(error.oauth_error(), Some("invalid_client"), "{id}: {error}");
        }
    }
}

#[tokio::test]
async fn the_alias_for_certificates_is_found_by_the_issuer() {
    let Some(server) = OidcProvider::start().await else { return };
    let client = ClientAuthentication::new(Method::TlsClientAuth, "tls");
    let transport = server.client(Some(server.issued.identity()));
    let endpoint = TokenEndpoint::discovered(server.discovery(), client).build(transport).unwrap();
    fetch(ClientCredentials::new(endpoint)).await.unwrap();
}

#[tokio::test]
async fn a_token_is_bound_to_the_certificate_that_it_names() {
    let Some(server) = OidcProvider::start().await else { return };
    let thumbprint = server.issued.identity().thumbprint();
    let source = |resource: &str| {
        over_tls(&server, "tls", Method::TlsClientAuth, Some(&server.issued)).with_resource(resource)
    };
    let says_so_itself = fetch(source("https://api.example/jwt")).await.unwrap();
    assert_eq!(says_so_itself.binding(), Some(thumbprint));

    let opaque = fetch(source("https://api.example/v1")).await.unwrap();
    assert_eq!(opaque.binding(), None);
    let endpoint = server.endpoint(with_secret(Method::ClientSecretPost, PLAIN.0, PLAIN.1));
    let known = endpoint.introspect(&opaque).await.unwrap();
    assert_eq!(known.binding(), Some(thumbprint));

    let unbound = fetch(server.posting().with_resource("https://api.example/jwt")).await.unwrap();
    assert_eq!(unbound.binding(), None, "the control: a token of the same form");
}
