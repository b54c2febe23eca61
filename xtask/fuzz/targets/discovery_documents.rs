//! What an issuer says of itself: the document of RFC 8414, or OpenID's.
#![no_main]

use claviger_auth_core::BoxError;
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod, Discovery, TokenEndpoint, TokenRequest,
};
use http::{Request, Response};
use http_body_util::Full;
use libfuzzer_sys::fuzz_target;
use tower::service_fn;

fuzz_target!(|data: &[u8]| {
    let document = bytes::Bytes::copy_from_slice(data);
    let transport = service_fn(move |_: Request<Full<bytes::Bytes>>| {
        let answer = Response::new(Full::new(document.clone()));
        async move { Ok::<_, BoxError>(answer) }
    });
    let discovery = Discovery::builder("https://auth.example").build(transport.clone());
    let discovery = discovery.expect("the issuer is https");
    let client = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
    let endpoint = TokenEndpoint::discovered(discovery, client).build(transport);
    let endpoint = endpoint.expect("nothing is asked yet");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let request = TokenRequest::client_credentials();
    let asking = endpoint.request(&request);
    if let Err(error) = runtime.expect("there is a clock").block_on(asking) {
        let _ = format!("{error} {error:?}");
    }
});
