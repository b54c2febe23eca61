//! Secrets, and where they must not show.
//!
//! Each is first found on the wire, or what is looked for may not be what is sent.

use std::{fmt::Debug, sync::Arc, time::Duration};

use claviger_auth_core::{
    BoxError, CredentialSource, Error, Fetch, Origin, Origins, StaticToken, TokenCache, UseCredentials,
    authorization::AuthorizationLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_clara::{ClaraLayer, Client, Credentials};
use claviger_mtls::{Identity, MtlsLayer, Tls};
use claviger_sandbox::{Fault, Options, Target, Times};
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenRequest};
use http::{HeaderName, Request, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Runtime;
use tower::{Layer, ServiceExt, service_fn};

use crate::{
    clara_sandbox::{ACME, ClaraSandbox, Full, TRANSACTIONS, get, get_for, identity, post, transport},
    leaks::{Log, Secrets, elsewhere, run_here},
};

/// Takes them from where they are meant to be: from what the sandbox received.
fn on_the_wire(sandbox: &ClaraSandbox) -> Secrets {
    let clara = sandbox.clara();
    let after = |header: &str, scheme: &str| header.strip_prefix(scheme).map(str::to_owned);
    let mut found = vec![("client secret", clara.client_secret())];
    for entry in clara.journal().entries() {
        let Some(header) = entry.header("authorization") else { continue };
        found.extend(after(header, "Basic ").map(|value| ("Basic value", value)));
        found.extend(after(header, "Bearer ").map(|value| ("access token", value)));
    }
    found.dedup();
    let key = clara.identity().key_pem();
    let lines = key.lines().filter(|line| !line.starts_with("-----"));
    found.extend(lines.map(|line| ("line of the private key", line.to_owned())));
    let secrets = Secrets(found);
    for name in ["client secret", "Basic value", "access token", "line of the private key"] {
        assert!(secrets.0.iter().any(|(other, value)| *other == name && value.len() > 15), "no {name}");
    }
    secrets
}

fn sandbox_elsewhere() -> (Runtime, ClaraSandbox) {
    let runtime = elsewhere();
    let started = runtime.spawn(ClaraSandbox::start_with(Options::new()));
    let sandbox = runtime.block_on(started).unwrap();
    (runtime, sandbox)
}

/// Sends a request, reads the answer, and keeps what went wrong with either.
async fn exchange(client: &Client, request: Request<Full>, errors: &mut Vec<BoxError>) {
    match client.clone().oneshot(request).await {
        Ok(response) => {
            let collected = http_body_util::BodyExt::collect(response.into_body()).await;
            errors.extend(collected.err().map(BoxError::from));
        }
        Err(error) => errors.push(error),
    }
}

/// Everything that can go wrong on the way, and some of what goes right.
async fn everything(sandbox: &ClaraSandbox) -> Vec<BoxError> {
    let clara = sandbox.clara();
    let mut errors = Vec::new();
    let hasty = || Client::new(&sandbox.config().with_spacing(Duration::ZERO)).unwrap();
    for fault in Fault::ALL {
        let fault = if let Fault::Slow(_) = fault { Fault::Slow(Duration::from_millis(5)) } else { fault };
        clara.play(Target::Token, fault, Times::ONCE);
        exchange(&hasty(), get_for(TRANSACTIONS, ACME), &mut errors).await;
        clara.clear_faults();
        clara.play(Target::Api, fault, Times::ONCE);
        exchange(&hasty(), post("/api/v3/users", "{}"), &mut errors).await;
        clara.clear_faults();
    }
    let client = hasty();
    exchange(&client, get(TRANSACTIONS), &mut errors).await;
    clara.revoke_all();
    exchange(&client, get(TRANSACTIONS), &mut errors).await;
    exchange(&client, get("https://evil.example/"), &mut errors).await;
    exchange(&client, get("/api/v3/always-unauthorized"), &mut errors).await;
    let other = clara.issue_foreign_client_certificate("other").unwrap();
    for config in [
        sandbox.config().with_client(clara.client_id(), clara.test_client_secret().into()),
        sandbox.config_of(clara.client_id(), clara.client_secret(), identity(&other)),
        sandbox.config().with_token_url(&sandbox.url("/nowhere")).unwrap(),
    ] {
        exchange(&Client::new(&config).unwrap(), get(TRANSACTIONS), &mut errors).await;
    }
    let without = transport(Tls::builder(sandbox.trust()));
    let layer = ClaraLayer::new(&sandbox.config(), without.clone()).unwrap();
    errors.extend(layer.layer(without).oneshot(get(&sandbox.url(TRANSACTIONS))).await.err());
    errors
}

#[test]
fn no_secret_is_in_an_error_or_in_a_log_at_the_most_talkative_level() {
    let (_runtime, sandbox) = sandbox_elsewhere();
    let log = Log::default();
    let errors = {
        let _on = log.turn_on();
        run_here(everything(&sandbox))
    };

    let secrets = on_the_wire(&sandbox);
    assert!(errors.len() > 12, "only {} errors", errors.len());
    for error in &errors {
        secrets.absent_in_error("an error", &**error);
        let ours = Error::find(&**error);
        secrets.absent_in("an advice", ours.map(Error::advice).unwrap_or_default());
    }
    let log = log.text();
    for target in ["claviger_auth_core", "h2::", "hyper_util::", "rustls::"] {
        assert!(log.contains(target), "nothing of {target} in {} bytes of log", log.len());
    }
    secrets.absent_in("a log", &log);
}

#[test]
fn an_echoed_secret_was_there_to_be_found() {
    let (_runtime, sandbox) = sandbox_elsewhere();
    let clara = sandbox.clara();
    run_here(async {
        clara.play(Target::Api, Fault::EchoSecret, Times::ONCE);
        let response = sandbox.client().oneshot(get(TRANSACTIONS)).await.unwrap();
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        let Secrets(secrets) = on_the_wire(&sandbox);
        let (_, token) = secrets.iter().find(|(name, _)| *name == "access token").unwrap();
        assert!(String::from_utf8_lossy(&body).contains(token.as_str()), "the server does send it back");
    });
}

#[test]
fn no_secret_is_in_the_debug_form_of_anything() {
    let (_runtime, sandbox) = sandbox_elsewhere();
    run_here(debug_forms(&sandbox));
}

async fn debug_forms(sandbox: &ClaraSandbox) {
    let clara = sandbox.clara();
    let client = sandbox.client();
    exchange(&client, get_for(TRANSACTIONS, ACME), &mut Vec::new()).await;
    let token = client.tokens().unwrap().token().await.unwrap();
    let credential = client.tokens().unwrap().obtain().await.unwrap();
    let secrets = on_the_wire(sandbox);
    // The control: the same values, where they are meant to be read.
    assert!(secrets.0.iter().any(|(_, value)| value == token.expose_secret()));

    let secret = || SecretString::from(clara.client_secret());
    let config = sandbox.config();
    let pem = [clara.identity().certificate_pem().to_owned(), clara.identity().key_pem()];
    let origin = || Origin::https(&clara.api_url()).unwrap();
    let endpoint = sandbox.token_endpoint();
    let authentication =
        ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretPost, "acme").with_secret(secret());
    let statically = StaticToken::bearer(SecretString::from(token.expose_secret())).unwrap();
    let authorization = AuthorizationLayer::new(statically.clone(), origin());
    let layer = ClaraLayer::new(&config, sandbox.transport()).unwrap();
    let tls = sandbox.tls().build().unwrap();
    let stamped = authorization
        .layer(service_fn(|request: Request<Full>| async move {
            Ok::<_, BoxError>(Response::new(format!("{request:?}\n{:?}", request.headers())))
        }))
        .oneshot(get(&sandbox.url(TRANSACTIONS)))
        .await
        .unwrap()
        .into_body();
    assert!(stamped.contains("authorization"), "{stamped}");
    secrets.absent_in("a stamped request", &stamped);

    let values: &[(&str, &dyn Debug)] = &[
        ("AccessToken", &token),
        ("AuthorizationLayer", &authorization),
        ("Authorization", &authorization.layer(())),
        ("ClaraLayer", &layer),
        ("ClaraService", &layer.layer(sandbox.transport())),
        ("Client", &client),
        ("ClientAuthentication", &authentication),
        ("ClientCredentials", &sandbox.source().with_parameter("key", secret())),
        ("Config", &config),
        ("Credential", &credential),
        ("Credentials", &Credentials::new("acme", secret(), sandbox.identity())),
        ("Fetch", &Fetch::Rejected(&token)),
        ("Identity", &sandbox.identity()),
        (
            "IdentityBuilder",
            &Identity::builder().with_pem("a", pem[0].as_bytes()).with_pem("b", pem[1].as_bytes()),
        ),
        ("MtlsConnector", &MtlsLayer::new(tls.clone()).layer(())),
        ("MtlsLayer", &MtlsLayer::new(tls.clone())),
        ("Origins", &Origins::from(origin())),
        (
            "SetTenantLayer",
            &SetTenantLayer::fixed(HeaderName::from_static("x-t"), Tenant::new(ACME).unwrap(), origin()),
        ),
        ("StaticToken", &statically),
        ("Tls", &tls),
        ("TlsBuilder", &sandbox.tls()),
        ("TokenCache", client.tokens().unwrap()),
        ("TokenCacheBuilder", &TokenCache::builder(sandbox.source())),
        ("TokenEndpointBuilder", &endpoint.clone()),
        ("TokenEndpoint", &endpoint.build(sandbox.transport()).unwrap()),
        ("TokenRequest", &TokenRequest::client_credentials().with_parameter("key", secret())),
        ("Transport", &sandbox.transport()),
        ("UseCredentials", &UseCredentials::new(Arc::new(statically.clone()))),
    ];
    for (name, value) in values {
        secrets.absent_in_debug(&format!("the debug form of {name}"), value);
    }
}
