//! What a token endpoint answers: a status, a `Retry-After`, and a body, one line each, the body without end.
#![no_main]

use std::time::Duration;

use claviger_auth_core::BoxError;
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint, TokenRequest,
};
use http::{HeaderValue, Request, Response, header::RETRY_AFTER};
use http_body_util::Full;
use libfuzzer_sys::fuzz_target;
use tower::service_fn;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let status = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.parse().ok()).unwrap_or(200);
    let wait = lines.next().and_then(|line| HeaderValue::from_bytes(line).ok());
    let body = bytes::Bytes::copy_from_slice(lines.next().unwrap_or_default());
    let mut answer = Response::new(Full::new(body));
    let Ok(status) = http::StatusCode::from_u16(status) else { return };
    *answer.status_mut() = status;
    answer.headers_mut().extend(wait.map(|wait| (RETRY_AFTER, wait)));
    let transport = service_fn(move |_: Request<Full<bytes::Bytes>>| {
        let answer = answer.clone();
        async move { Ok::<_, BoxError>(answer) }
    });
    let client = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
    let endpoint = TokenEndpoint::builder("https://auth.example/token", client).build(transport);
    let endpoint = endpoint.expect("the URL is https");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let request = TokenRequest::client_credentials();
    let asking = endpoint.request(&request);
    if let Err(error) = runtime.expect("there is a clock").block_on(asking) {
        assert!(error.retry_after().is_none_or(|wait| wait <= Duration::from_secs(10 * 365 * 24 * 3600)));
        let _ = format!("{error} {error:?}");
    }
});
