//! The secret, the tokens and the tenant stand on the wire, and in no text.

use super::*;

const CANARIES: [&str; 5] =
    ["canary-secret", "canary-token", "canary-tenant", "Y2FuYXJ5LXNlY3JldA", "YWNtZTpjYW5hcnk"];

fn assert_clean(text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

#[test]
fn shows_no_secret() {
    let credentials = Credentials::new("acme", "canary-secret".into());
    let config = Config::new(subdomain("canary-tenant"), credentials).with_subdomain_on_token_requests();
    let (headers, _) = asked_with(&config);
    assert_eq!(headers[AUTHORIZATION], "Basic YWNtZTpjYW5hcnktc2VjcmV0", "the canary is on the wire");
    assert_eq!(headers[X_CLARUS_SUBDOMAIN], "canary-tenant");

    let layer = ClarusLayer::new(&config, issuer().0).unwrap();
    let service = layer.layer(());
    let shown = format!("{config:?} {config:#?} {layer:?} {layer:#?} {service:?} {headers:?}");
    assert!(shown.contains("acme") && shown.contains("clarus-api.com"), "the texts are there: {shown}");
    assert_clean(&shown);
}

#[tokio::test]
async fn shows_no_given_token() {
    let token = StaticToken::bearer("canary-token".into()).unwrap();
    let config = Config::new(subdomain("acme"), token);
    let layer = ClarusLayer::new(&config, issuer().0).unwrap();
    let (api, sent) = api(&[401]);
    let response = layer.layer(api).oneshot(get(ORDERS)).await.unwrap();
    let (service, sent) = (layer.layer(()), sent.lock().unwrap());
    assert_eq!(sent[0][AUTHORIZATION], "Bearer canary-token", "the canary is on the wire");
    assert_clean(&format!("{config:?} {layer:?} {service:?} {response:?} {sent:?}"));
}

#[tokio::test]
async fn shows_nothing_in_errors() {
    let credentials = Credentials::new("acme", "canary-secret".into());
    let config = Config::new(subdomain("canary-tenant"), credentials).with_subdomain_on_token_requests();
    let refusing = service_fn(|_: Request<Full<Bytes>>| async {
        let answer = r#"{"error":"invalid_client","error_description":"canary-secret canary-tenant"}"#;
        Ok::<_, Infallible>(Response::builder().status(401).body(Full::<Bytes>::from(answer)).unwrap())
    });
    let service = ClarusLayer::new(&config, refusing).unwrap().layer(api(&[200]).0);
    let error = service.oneshot(get(ORDERS)).await.unwrap_err();
    let found = Error::find(&*error).unwrap();
    assert_eq!(found.kind(), ErrorKind::CredentialsRefused);
    assert_clean(&format!("{error} {error:?} {found:?} {}", found.advice()));
}
