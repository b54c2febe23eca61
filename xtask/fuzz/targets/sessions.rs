//! A session as it is stored, the answer that says how to log in on another device, and the address that a browser was
//! sent back to: each is given the same bytes.
#![no_main]

use claviger_auth_core::BoxError;
use claviger_oauth_code::{AuthorizationCode, DeviceGrant, StoredSession};
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use http::{Request, Response};
use http_body_util::Full;
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;
use tower::service_fn;

fuzz_target!(|data: &[u8]| {
    if let Ok(session) = StoredSession::decode(data) {
        let again = session.encode().expect("what was read can be written");
        StoredSession::decode(again.expose_secret()).expect("what was written can be read");
    }
    let body = bytes::Bytes::copy_from_slice(data);
    let transport = service_fn(move |_: Request<Full<bytes::Bytes>>| {
        let answer = Response::new(Full::new(body.clone()));
        async move { Ok::<_, BoxError>(answer) }
    });
    let client = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
    let endpoint = TokenEndpoint::builder("https://auth.example/token", client)
        .with_device_authorization_url("https://auth.example/device")
        .build(transport)
        .expect("the URLs are https");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("there is a clock").block_on(async {
        if let Ok(device) = DeviceGrant::new(endpoint.clone()).begin().await {
            assert!(!device.authorization().interval().is_zero());
        }
        let Ok(pasted) = std::str::from_utf8(data) else { return };
        let client = AuthorizationCode::builder(endpoint, "https://auth.example/authorize").build();
        let login = client.expect("the URL is https").begin().expect("there are random numbers");
        let (_, rest) = login.url().split_once("&state=").expect("it has a state");
        let state = rest.split('&').next().unwrap_or_default();
        for pasted in [pasted.to_owned(), format!("http://127.0.0.1/callback?state={state}&{pasted}")] {
            let _ = login.accept_redirect(&pasted).await.map_err(|error| format!("{error} {error:?}"));
        }
    });
});
