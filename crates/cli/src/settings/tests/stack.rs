//! Whole requests, over what the sandbox writes.

use std::{fs, sync::Arc, time::Duration};

use async_trait::async_trait;
use claviger_auth_core::{AccessToken, Error, Fetch, TokenSource};
use claviger_profiles::{Authentication, Stack, TokenRequests};
use claviger_sandbox::{Options, Sandbox};
use http::{Method, Request, StatusCode};
use http_body_util::Full;

use crate::{args::Choice, environment::Environment, settings};

/// Puts a profile of the sandbox together, with more settings behind its last one.
fn stack(
    sandbox: &Sandbox,
    profile: &str,
    tenant: Option<&str>,
    more: &str,
    keep: impl FnOnce(TokenRequests) -> Result<Arc<dyn TokenSource>, Error>,
) -> Stack {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    sandbox.write_dir(folder.path()).unwrap();
    let config = folder.path().join("claviger.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + more).unwrap();
    let choice = Choice { config: Some(config), profile: Some(profile.into()), ..Choice::default() };
    let profile = settings::load(&choice, tenant.map(Into::into), &Environment::of(&[])).unwrap();
    Stack::new(&profile, keep).unwrap()
}

/// Keeps no tokens beyond this run.
fn unkept(requests: TokenRequests) -> Result<Arc<dyn TokenSource>, Error> {
    Ok(requests.source)
}

async fn send(stack: Stack, method: Method, path: &str, body: &'static str) -> StatusCode {
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = stack.base().locate(path).unwrap();
    stack.send(request).await.unwrap().status()
}

async fn get(sandbox: &Sandbox, profile: &str, tenant: Option<&str>, more: &str) -> StatusCode {
    send(stack(sandbox, profile, tenant, more, unkept), Method::GET, "/api/v3/users", "").await
}

/// Hands out a token of an earlier run, until it is rejected.
struct Kept {
    token: AccessToken,
    source: Arc<dyn TokenSource>,
}

#[async_trait]
impl TokenSource for Kept {
    async fn fetch(&self, why: Fetch<'_>) -> Result<AccessToken, Error> {
        if matches!(why, Fetch::Cold) {
            return Ok(self.token.clone().with_age(Duration::from_secs(60)));
        }
        self.source.fetch(why).await
    }
}

#[tokio::test]
async fn every_profile_of_the_sandbox_is_served() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"clarify.selectItems"}"#;
    for (profile, provider, method, path, body, authentication) in [
        ("clara", &**sandbox.clara(), Method::GET, "/api/v3/users", "", Authentication::Fetched),
        ("clarify", sandbox.clarify(), Method::POST, "rpc", CALL, Authentication::Fetched),
        ("clarify-basic", sandbox.clarify(), Method::POST, "/rpc", CALL, Authentication::Given),
        ("clarus", sandbox.clarus(), Method::GET, "/api/orders", "", Authentication::Fetched),
        (
            "clarus-token",
            sandbox.clarus(),
            Method::POST,
            "graphql",
            r#"{"query":"{a}"}"#,
            Authentication::Given,
        ),
        ("clazar", sandbox.clazar(), Method::GET, "/contracts/?page=2", "", Authentication::Fetched),
        ("custom", sandbox.clara(), Method::GET, "/api/v3/users", "", Authentication::Fetched),
    ] {
        provider.journal().clear();
        let stack = stack(&sandbox, profile, None, "", unkept);
        assert_eq!(stack.authentication(), authentication, "{profile}");
        assert_eq!(send(stack, method, path, body).await, StatusCode::OK, "{profile}");
        let fetched = usize::from(authentication == Authentication::Fetched);
        assert_eq!(provider.journal().token_requests(), fetched, "{profile}");
    }
    assert_eq!(sandbox.clazar().journal().api_entries()[0].query.as_deref(), Some("page=2"));
}

#[tokio::test]
async fn a_kept_token_that_has_expired_is_replaced_and_the_request_sent_again() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let first = stack(&sandbox, "clazar", None, "", unkept);
    let token = first.tokens().unwrap().token().await.unwrap();
    sandbox.clazar().expire_all();
    let journal = sandbox.clazar().journal();
    journal.clear();
    let keep = |requests: TokenRequests| {
        Ok(Arc::new(Kept { token, source: requests.source }) as Arc<dyn TokenSource>)
    };
    let stack = stack(&sandbox, "clazar", None, "", keep);
    assert_eq!(send(stack, Method::GET, "/buyers/", "").await, StatusCode::OK);
    let statuses: Vec<_> = journal.entries().iter().map(|entry| entry.status.unwrap().as_u16()).collect();
    assert_eq!(statuses, [401, 200, 200]);
}

#[tokio::test]
async fn a_custom_provider_takes_basic_and_given_tokens() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let (clarify, clarus) = (sandbox.clarify(), sandbox.clarus());
    let more = format!(
        "[profiles.b]\nprovider = \"custom\"\nauth = \"basic\"\napi_url = \"{}\"\nca_file = \"ca.pem\"\n\
         username = \"{}\"\npassword = \"{}\"\n\
         [profiles.t]\nprovider = \"custom\"\nauth = \"token\"\napi_url = \"{}\"\nca_file = \"ca.pem\"\n\
         token = {{ file = \"clarus/token.txt\" }}\ntenant_header = \"X-Clarus-Subdomain\"\ntenant = \"acme\"\n",
        clarify.api_url(),
        clarify.integration(),
        clarify.basic_password(),
        clarus.api_url(),
    );
    let basic = stack(&sandbox, "b", None, &more, unkept);
    assert_eq!(basic.authentication(), Authentication::Given);
    // Clarify wants JSON, and says so to those alone whom it lets in.
    assert_eq!(send(basic, Method::POST, "rpc", "{}").await, StatusCode::BAD_REQUEST);
    let token = stack(&sandbox, "t", None, &more, unkept);
    assert_eq!(send(token, Method::GET, "/api/orders", "").await, StatusCode::OK);
    assert_eq!(clarify.journal().token_requests() + clarus.journal().token_requests(), 0);
}

#[tokio::test]
async fn sends_certificate_token_and_tenant() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let journal = sandbox.clara().journal();
    for (profile, path) in
        [("clara", "/api/v3/users"), ("clara-test", "/api-test/v3/users"), ("custom", "/api/v3/users")]
    {
        journal.clear();
        assert_eq!(get(&sandbox, profile, Some("TPR950612KL4"), "").await, StatusCode::OK);
        let [token, api] = &*journal.entries() else { panic!("{:?}", journal.entries()) };
        assert_eq!(api.path, path);
        assert_eq!(api.header("x-tax-identifier"), Some("TPR950612KL4"));
        assert!(api.header("authorization").unwrap().starts_with("Bearer "));
        assert!(token.peer.thumbprint.is_some() && token.peer.thumbprint == api.peer.thumbprint);
        assert_eq!(token.header("x-tax-identifier"), None);
    }
}

#[tokio::test]
async fn token_requests_say_what_the_settings_add() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let more = "tenant_on_token_requests = true\nscope = \"a b\"\naudience = \"c\"\nresource = [\"https://d.example/\"]\n";
    assert_eq!(get(&sandbox, "custom", None, more).await, StatusCode::OK);
    let [token] = &*sandbox.clara().journal().token_entries() else { panic!("not one token request") };
    assert_eq!(token.header("x-tax-identifier"), Some("ACME8001011H0"));
    for part in ["scope=a+b", "audience=c", "resource=https%3A%2F%2Fd.example%2F"] {
        assert!(token.body_text().contains(part), "{}", token.body_text());
    }
}

#[tokio::test]
async fn without_authentication_there_is_no_token() {
    let sandbox = Sandbox::start(Options::new()).await.unwrap();
    let url = sandbox.clara().api_url();
    let more = format!(
        "[profiles.bare]\nprovider = \"custom\"\nauth = \"none\"\napi_url = \"{url}\"\nca_file = \"ca.pem\"\n\
         cert_file = \"clara/client.crt\"\nkey_file = \"clara/client.key\"\n"
    );
    assert_eq!(get(&sandbox, "bare", None, &more).await, StatusCode::UNAUTHORIZED);
    let [api] = &*sandbox.clara().journal().entries() else { panic!("not one request") };
    assert_eq!(api.header("authorization"), None);
}
