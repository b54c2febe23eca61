//! The secrets of Clarify, Clarus and Clazar, and where they must not show.
//!
//! Each is first found on the wire, or what is looked for may not be what is sent.

use std::{fmt::Debug, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use claviger_auth_core::{BoxError, CredentialSource as _, Error, StaticToken};
use claviger_clarify::{CallError, ClarifyLayer, Credentials, RpcCall, RpcClient};
use claviger_clarus::ClarusLayer;
use claviger_clazar::ClazarLayer;
use claviger_sandbox::{Entry, Fault, Target, Times};
use http::Request;
use http_body_util::BodyExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Runtime;
use tower::{Layer as _, ServiceExt as _, util::BoxCloneSyncService};

use crate::{
    clara_sandbox::{Full, get},
    leaks::{Log, Secrets, elsewhere, run_here},
    providers::{Client, Providers, Stack},
};

/// All that the sandbox's side of the wire has of a request, the values of HTTP Basic in the clear too.
fn received(entry: &Entry) -> String {
    let header = entry.header("authorization").unwrap_or_default();
    let basic =
        header.strip_prefix("Basic ").and_then(|value| STANDARD.decode(value).ok()).unwrap_or_default();
    format!("{header}\n{}\n{}", String::from_utf8_lossy(&basic), entry.body_text())
}

/// Takes them from where they are meant to be: each was received at least once.
fn on_the_wire(providers: &Providers) -> Secrets {
    let mut found = vec![
        ("Clarify's secret", providers.clarify().client_secret()),
        ("Clarify's password", providers.clarify().basic_password()),
        ("Clarus's secret", providers.clarus().client_secret()),
        ("Clarus's given token", providers.clarus().static_token().to_owned()),
        ("Clazar's secret", providers.clazar().client_secret()),
    ];
    let entries = Stack::ALL.map(|stack| stack.provider(providers).journal().entries()).concat();
    let wire: String = entries.iter().map(received).collect();
    for (name, value) in &found {
        assert!(value.len() > 15 && wire.contains(value.as_str()), "{name} was never sent");
    }
    for (name, scheme) in [("a token", "Bearer "), ("a Basic value", "Basic ")] {
        let headers = entries.iter().filter_map(|entry| entry.header("authorization"));
        let values: Vec<_> = headers.filter_map(|header| header.strip_prefix(scheme)).collect();
        assert!(values.len() > 2, "{name} was never sent");
        found.extend(values.into_iter().map(|value| (name, value.to_owned())));
    }
    Secrets(found)
}

fn providers_elsewhere() -> (Runtime, Providers) {
    let runtime = elsewhere();
    let providers = runtime.block_on(runtime.spawn(Providers::start())).unwrap();
    (runtime, providers)
}

/// The clients whose credentials are not fetched.
fn unfetched(providers: &Providers) -> [(Stack, Client); 2] {
    let basic = claviger_clarify::Client::new(&providers.clarify_basic_config()).unwrap();
    let given = StaticToken::bearer(providers.clarus().static_token().into()).unwrap();
    let given = claviger_clarus::Client::new(&providers.clarus_config_of("acme", given)).unwrap();
    [(Stack::Clarify, BoxCloneSyncService::new(basic)), (Stack::Clarus, BoxCloneSyncService::new(given))]
}

async fn exchange(client: &Client, request: Request<Full>, errors: &mut Vec<BoxError>) {
    match client.clone().oneshot(request).await {
        Ok(response) => errors.extend(response.into_body().collect().await.err().map(BoxError::from)),
        Err(error) => errors.push(error),
    }
}

/// Everything that can go wrong on the way, and some of what goes right.
async fn everything(providers: &Providers) -> Vec<BoxError> {
    let mut errors = Vec::new();
    for stack in Stack::ALL {
        let provider = stack.provider(providers);
        for fault in Fault::ALL {
            let fault =
                if let Fault::Slow(_) = fault { Fault::Slow(Duration::from_millis(5)) } else { fault };
            for target in [Target::Token, Target::Api] {
                provider.play(target, fault, Times::ONCE);
                exchange(&stack.hasty(providers), stack.request(), &mut errors).await;
                provider.clear_faults();
            }
        }
        let client = stack.hasty(providers);
        exchange(&client, stack.request(), &mut errors).await;
        provider.revoke_all();
        exchange(&client, stack.request(), &mut errors).await;
        exchange(&client, get("https://evil.example/"), &mut errors).await;
        exchange(&stack.client_with_secret(providers, "swordfish"), stack.request(), &mut errors).await;
    }
    for (stack, client) in unfetched(providers) {
        for fault in [Fault::EchoSecret, Fault::HangUp, Fault::Unauthorized] {
            exchange(&client, stack.request(), &mut errors).await;
            stack.provider(providers).play(Target::Api, fault, Times::ONCE);
            exchange(&client, stack.request(), &mut errors).await;
        }
    }
    let config = providers.clarify_config().with_spacing(Duration::ZERO);
    let rpc = RpcClient::new(&config, claviger_clarify::Client::new(&config).unwrap());
    for fault in Fault::ALL.into_iter().filter(|fault| !matches!(fault, Fault::Slow(_))) {
        providers.clarify().play(Target::Api, fault, Times::ONCE);
        providers.clarify().play_rpc_error(-32000);
        let call = RpcCall::new("clarify.selectItems", &()).unwrap();
        errors.extend(rpc.clone().oneshot(call).await.err());
    }
    errors
}

#[test]
fn no_secret_is_in_an_error_or_in_a_log_at_the_most_talkative_level() {
    let (_runtime, providers) = providers_elsewhere();
    let log = Log::default();
    let errors = {
        let _on = log.turn_on();
        run_here(everything(&providers))
    };
    let secrets = on_the_wire(&providers);
    assert!(errors.iter().any(|error| matches!(error.downcast_ref(), Some(CallError::Rpc(_)))));
    assert!(errors.len() > 30, "only {} errors", errors.len());
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
fn no_secret_is_in_the_debug_form_of_anything() {
    let (_runtime, providers) = providers_elsewhere();
    run_here(debug_forms(&providers));
}

async fn debug_forms(providers: &Providers) {
    for (stack, client) in unfetched(providers) {
        stack.call(&client).await.unwrap();
        stack.call(&client).await.unwrap();
    }
    let (clarify, clarus, clazar) =
        (providers.clarify_config(), providers.clarus_config(), providers.clazar_config());
    let basic = providers.clarify_basic_config();
    let given = StaticToken::bearer(providers.clarus().static_token().into()).unwrap();
    let given = providers.clarus_config_of("acme", given);
    let clarify_client = claviger_clarify::Client::new(&clarify).unwrap();
    let clarus_client = claviger_clarus::Client::new(&clarus).unwrap();
    let clazar_client = claviger_clazar::Client::new(&clazar).unwrap();
    let basic_client = claviger_clarify::Client::<Full>::new(&basic).unwrap();
    let given_client = claviger_clarus::Client::<Full>::new(&given).unwrap();
    clarify_client.clone().oneshot(Stack::Clarify.request()).await.unwrap();
    clarus_client.clone().oneshot(Stack::Clarus.request()).await.unwrap();
    clazar_client.clone().oneshot(Stack::Clazar.request()).await.unwrap();
    let secrets = on_the_wire(providers);
    // The control: the same value, where it is meant to be read.
    let token = clazar_client.tokens().unwrap().token().await.unwrap();
    assert!(secrets.0.iter().any(|(_, value)| value == token.expose_secret()));

    let transport = || clazar.transport().unwrap();
    let secret = || SecretString::from(providers.clarify().client_secret());
    let layers = (
        ClarifyLayer::new(&clarify, transport()).unwrap(),
        ClarusLayer::new(&clarus, transport()).unwrap(),
        ClazarLayer::new(&clazar, transport()).unwrap(),
    );
    let layers_unfetched =
        (ClarifyLayer::new(&basic, transport()).unwrap(), ClarusLayer::new(&given, transport()).unwrap());
    let values: &[(&str, &dyn Debug)] = &[
        ("the configurations", &(&clarify, &clarus, &clazar)),
        ("the configurations without a fetch", &(&basic, &given)),
        ("the credentials", &(clarify.credentials(), basic.credentials(), clarus.authentication())),
        ("new credentials", &Credentials::basic_auth("acme", secret())),
        ("Clarus's credentials", &providers.clarus_credentials()),
        ("the clients", &(&clarify_client, &clarus_client, &clazar_client)),
        ("the clients without a fetch", &(&basic_client, &given_client)),
        ("the caches", &(clarify_client.tokens(), clarus_client.tokens(), clazar_client.tokens())),
        ("the layers", &layers),
        ("the layers without a fetch", &layers_unfetched),
        ("Clarify's service", &layers.0.layer(transport())),
        ("Clarify's calls", &RpcClient::new(&clarify, clarify_client.clone())),
        ("Clarus's service", &layers.1.layer(transport())),
        ("Clazar's service", &layers.2.layer(transport())),
        ("Basic's service", &layers_unfetched.0.layer(transport())),
        ("a given token's service", &layers_unfetched.1.layer(transport())),
        ("the sources", &(clarify.token_source(transport()), clarus.token_source(transport()))),
        ("Clazar's source", &clazar.token_source(transport())),
        ("a credential", &clarify_client.tokens().unwrap().obtain().await.unwrap()),
    ];
    for (name, value) in values {
        secrets.absent_in_debug(&format!("the debug form of {name}"), value);
    }
}
