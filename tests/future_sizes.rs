//! How large a request's future becomes with each layer, measured over our pooled client on x86-64.
//!
//! A task holds the future of its request for as long as the request lasts; ten thousand of them are ten thousand
//! times as large. What is rare (to wait for a token, to be sent again) stands in boxes.
//!
//! | stack | bytes |
//! | --- | ---: |
//! | the client alone | 88 |
//! | Authorization | 128 |
//! | RetryUnauthorized over it | 136 |
//! | SetTenant over both | 136 |
//! | Clara's ready client | 144 |

use claviger_auth_core::{
    Origin, TokenCache, authorization::AuthorizationLayer, retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::SetTenantLayer,
};
use http::HeaderName;
use tower::{Layer, Service};

use crate::clara_sandbox::{ClaraSandbox, Full, TRANSACTIONS, get};

/// The size of what `call` returns. Nothing is polled, so nothing is sent.
fn size<S: Service<http::Request<Full>>>(mut service: S, sandbox: &ClaraSandbox) -> usize {
    size_of_val(&service.call(get(&sandbox.url(TRANSACTIONS))))
}

#[tokio::test]
async fn stays_small_with_every_layer() {
    let sandbox = ClaraSandbox::start().await;
    let origin = || Origin::https(&sandbox.clara().api_url()).unwrap();
    let client = sandbox.transport();
    let authorized =
        AuthorizationLayer::new(TokenCache::new(sandbox.source()), origin()).layer(client.clone());
    let retried = RetryUnauthorizedLayer::cloned().layer(authorized.clone());
    let tenant = HeaderName::from_static("x-tax-identifier");
    let tenanted = SetTenantLayer::optional(tenant, origin()).layer(retried.clone());
    let sizes = [
        size(client, &sandbox),
        size(authorized, &sandbox),
        size(retried, &sandbox),
        size(tenanted, &sandbox),
        size(sandbox.client(), &sandbox),
    ];
    let bounds = [88, 128, 136, 136, 144];
    for (size, bound) in sizes.into_iter().zip(bounds) {
        // A little room for other versions of what is below.
        assert!(size <= bound + 16, "{sizes:?}, and the table has {bounds:?}");
    }
}
