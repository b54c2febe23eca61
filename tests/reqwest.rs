//! Our layers straight on a `reqwest::Client`, of both major versions, and below them reqwest-middleware.

use std::time::Duration;

use claviger_auth_core::{
    ErrorKind, Origin, TokenCache,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_clara::ClaraLayer;
use claviger_oauth_cc::ClientCredentials;
use claviger_replay::{ReplayReqwest012, ReplayReqwest013};
use claviger_sandbox::{Fault, Target, Times};
use http::{HeaderName, StatusCode, Version};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::clara_sandbox::{ACME, ClaraSandbox, TRANSACTIONS, identity, ours, tax_identifier};

const X_TAX_IDENTIFIER: HeaderName = HeaderName::from_static("x-tax-identifier");

/// The frames of a body that does not say how long it is.
fn frames(
    parts: &[&'static str],
) -> impl hyper::body::Body<Data = bytes::Bytes, Error = std::convert::Infallible> + Send + Sync + use<> {
    let frames: Vec<_> =
        parts.iter().map(|part| Ok(Frame::data(bytes::Bytes::from_static(part.as_bytes())))).collect();
    StreamBody::new(futures_util::stream::iter(frames))
}

macro_rules! major_version {
    ($reqwest:ident, $replay:ident, $preconfigured:ident) => {
        mod $reqwest {
            use ::$reqwest::{Body, Client, ClientBuilder, Method, Request, Response, redirect::Policy};
            use claviger_auth_core::BoxError;

            use super::*;

            /// What our client is built from: the certificate, and trust in the sandbox.
            fn builder(sandbox: &ClaraSandbox) -> ClientBuilder {
                Client::builder().$preconfigured(sandbox.tls().build().unwrap().owned_client_config())
            }

            fn client(sandbox: &ClaraSandbox) -> Client {
                builder(sandbox).redirect(Policy::none()).build().unwrap()
            }

            fn request(sandbox: &ClaraSandbox, method: Method, path: &str) -> Request {
                Request::new(method, sandbox.url(path).parse().unwrap())
            }

            /// Token, tenant and one more try, over any client; no token is too young to be replaced.
            fn stack<S>(
                sandbox: &ClaraSandbox,
                client: S,
            ) -> impl Service<Request, Response = Response, Error = BoxError, Future: Send> + Clone + use<S>
            where
                S: Service<Request, Response = Response, Error: Into<BoxError>, Future: Send> + Clone + Send,
            {
                let transport = claviger_token_endpoint::$reqwest(builder(sandbox)).unwrap();
                let endpoint = sandbox.token_endpoint().build(transport).unwrap();
                let tokens =
                    TokenCache::builder(ClientCredentials::new(endpoint)).with_spacing(Duration::ZERO);
                let origin = || Origin::https(&sandbox.clara().api_url()).unwrap();
                let tenant = Tenant::new(ACME).unwrap();
                ServiceBuilder::new()
                    .layer(SetTenantLayer::fixed(X_TAX_IDENTIFIER, tenant, origin()))
                    .layer(RetryUnauthorizedLayer::new($replay::new()))
                    .layer(AuthorizationLayer::new(tokens.build(), origin()))
                    .service(client)
            }

            #[tokio::test]
            async fn certificate_token_and_tenant_arrive() {
                let sandbox = ClaraSandbox::start().await;
                let mut service = stack(&sandbox, client(&sandbox));
                for _ in 0..2 {
                    let get = request(&sandbox, Method::GET, TRANSACTIONS);
                    let response = service.ready().await.unwrap().call(get).await.unwrap();
                    assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_2));
                }
                assert_eq!(sandbox.counts(), (1, 2));
                let ours = sandbox.identity().thumbprint().to_string();
                for entry in sandbox.journal().entries() {
                    assert_eq!(entry.peer.thumbprint.as_deref(), Some(&*ours));
                }
                for entry in sandbox.journal().api_entries() {
                    assert_eq!(entry.header("x-tax-identifier"), Some(ACME));
                    assert!(entry.header("authorization").unwrap().starts_with("Bearer sandbox-"));
                }
            }

            #[tokio::test]
            async fn a_revoked_token_is_replaced_and_the_body_sent_again_streamed_or_not() {
                let sandbox = ClaraSandbox::start().await;
                let service = stack(&sandbox, client(&sandbox));
                let get = request(&sandbox, Method::GET, TRANSACTIONS);
                service.clone().oneshot(get).await.unwrap();
                let large: &'static str = Box::leak("x".repeat(300_000).into_boxed_str());
                let bodies = [
                    (Body::from("whole"), "whole"),
                    (Body::from(large), large),
                    (Body::wrap(frames(&["in ", "pieces"])), "in pieces"),
                ];
                for (body, text) in bodies {
                    sandbox.clara().revoke_all();
                    sandbox.journal().clear();
                    let mut post = request(&sandbox, Method::POST, "/api/v3/upload");
                    *post.body_mut() = Some(body);
                    let response = service.clone().oneshot(post).await.unwrap();
                    assert_eq!((response.status(), sandbox.counts()), (StatusCode::CREATED, (1, 2)));
                    let first = &sandbox.journal().api_entries()[0];
                    assert_eq!(first.status, Some(StatusCode::UNAUTHORIZED));
                    let answer: serde_json::Value =
                        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
                    assert_eq!(answer["length"], text.len());
                }
            }

            #[tokio::test]
            async fn over_the_limit_a_stream_gets_its_401_and_the_next_request_a_fresh_token() {
                let sandbox = ClaraSandbox::start().await;
                let service = stack(&sandbox, client(&sandbox));
                let get = || request(&sandbox, Method::GET, TRANSACTIONS);
                service.clone().oneshot(get()).await.unwrap();
                sandbox.clara().revoke_all();
                let mut post = request(&sandbox, Method::POST, "/api/v3/upload");
                let large: &'static str = Box::leak("x".repeat(70_000).into_boxed_str());
                *post.body_mut() = Some(Body::wrap(frames(&[large])));
                let response = service.clone().oneshot(post).await.unwrap();
                assert_eq!((response.status(), sandbox.counts()), (StatusCode::UNAUTHORIZED, (1, 2)));
                let response = service.oneshot(get()).await.unwrap();
                assert_eq!((response.status(), sandbox.counts()), (StatusCode::OK, (2, 3)));
            }

            #[tokio::test]
            async fn an_answer_streams() {
                let sandbox = ClaraSandbox::start().await;
                let service = stack(&sandbox, client(&sandbox));
                let get = request(&sandbox, Method::GET, "/api/v3/large?bytes=5000000");
                let body = service.oneshot(get).await.unwrap();
                let body = http::Response::<Body>::from(body).into_body();
                let mut body = std::pin::pin!(body);
                let (mut length, mut pieces) = (0, 0);
                while let Some(frame) = body.frame().await {
                    length += frame.unwrap().into_data().map_or(0, |data| data.len());
                    pieces += 1;
                }
                assert!(length == 5_000_000 && pieces > 1, "{length} bytes in {pieces} pieces");
            }

            #[tokio::test]
            async fn another_origin_and_a_user_in_the_url_are_refused() {
                let sandbox = ClaraSandbox::start().await;
                let service = stack(&sandbox, client(&sandbox));
                let api = sandbox.url(TRANSACTIONS);
                for url in
                    ["https://evil.example/", &api.replace("https", "http"), &api.replace("://", "://me@")]
                {
                    let request = Request::new(Method::GET, url.parse().unwrap());
                    let error = ours(service.clone().oneshot(request).await.unwrap_err());
                    assert_eq!(error.kind(), ErrorKind::Origin, "{url}");
                }
                assert_eq!(sandbox.counts(), (0, 0));
            }

            #[tokio::test]
            async fn its_own_redirects_carry_no_token_to_another_origin_but_the_tenant() {
                let sandbox = ClaraSandbox::start().await;
                let follower = builder(&sandbox).build().unwrap();
                let service = stack(&sandbox, follower);
                sandbox.clara().play(Target::Api, Fault::Redirect, Times::ONCE);
                service.oneshot(request(&sandbox, Method::GET, TRANSACTIONS)).await.unwrap();
                let [here, there] = &sandbox.journal().api_entries()[..] else { panic!("not followed") };
                assert!(here.header("authorization").is_some(), "the secret was there to be found");
                assert_eq!((there.path.as_str(), there.header("authorization")), ("/elsewhere", None));
                assert_eq!(
                    there.header("x-tax-identifier"),
                    Some(ACME),
                    "which is why our clients follow none, and docs/redirects.md says to turn it off"
                );
            }

            #[tokio::test]
            async fn a_token_request_is_redirected_nowhere() {
                let sandbox = ClaraSandbox::start().await;
                let service = stack(&sandbox, client(&sandbox));
                sandbox.clara().play(Target::Token, Fault::Redirect, Times::ONCE);
                let error = service.oneshot(request(&sandbox, Method::GET, TRANSACTIONS)).await.unwrap_err();
                assert_eq!(ours(error).kind(), ErrorKind::Protocol);
                assert_eq!(sandbox.counts(), (1, 0));
            }

            #[tokio::test]
            async fn another_identity_is_shown_by_each_new_connection() {
                let sandbox = ClaraSandbox::start().await;
                let tls = sandbox.tls().build().unwrap();
                let client = Client::builder().$preconfigured(tls.owned_client_config());
                // So that each request makes a connection: reqwest cannot be told to let go of one.
                let client = client.pool_max_idle_per_host(0).http1_only().build().unwrap();
                let send = async || {
                    client.execute(request(&sandbox, Method::GET, TRANSACTIONS)).await.unwrap();
                    sandbox.journal().entries().pop().unwrap().peer.thumbprint.unwrap()
                };
                let old = send().await;
                assert_eq!(old, sandbox.identity().thumbprint().to_string());
                let next = identity(sandbox.clara().test_identity());
                tls.replace_identity(next.clone()).unwrap();
                for _ in 0..3 {
                    assert_eq!(send().await, next.thumbprint().to_string());
                }
            }

            #[tokio::test]
            async fn the_layers_of_a_provider_go_on_it_too() {
                let sandbox = ClaraSandbox::start().await;
                let transport = claviger_token_endpoint::$reqwest(builder(&sandbox)).unwrap();
                let config = sandbox.config().with_tax_identifier(tax_identifier(ACME));
                let layer = ClaraLayer::new(&config, transport).unwrap();
                let layer = layer.with_retry(RetryUnauthorizedLayer::new($replay::new()));
                let service = layer.layer(client(&sandbox));
                let response = service.oneshot(request(&sandbox, Method::GET, TRANSACTIONS)).await.unwrap();
                assert_eq!((response.status(), sandbox.counts()), (StatusCode::OK, (1, 1)));
                assert_eq!(sandbox.journal().api_entries()[0].header("x-tax-identifier"), Some(ACME));
            }

            #[tokio::test]
            async fn a_missing_certificate_of_a_token_request_is_no_riddle() {
                let sandbox = ClaraSandbox::start().await;
                let bare = claviger_mtls::Tls::builder(sandbox.trust()).build().unwrap();
                let builder = Client::builder().$preconfigured(bare.owned_client_config());
                let transport = claviger_token_endpoint::$reqwest(builder).unwrap();
                let endpoint = sandbox.token_endpoint().build(transport).unwrap();
                let layer = ClaraLayer::with_credentials(
                    &sandbox.config(),
                    TokenCache::new(ClientCredentials::new(endpoint)),
                );
                let service =
                    layer.with_retry(RetryUnauthorizedLayer::new($replay::new())).layer(client(&sandbox));
                let error = service.oneshot(request(&sandbox, Method::GET, TRANSACTIONS)).await.unwrap_err();
                let error = ours(error);
                assert!(error.to_string().starts_with("could not reach the token endpoint ("), "{error}");
            }
        }
    };
}

major_version!(reqwest_0_12, ReplayReqwest012, use_preconfigured_tls);
major_version!(reqwest_0_13, ReplayReqwest013, tls_backend_preconfigured);

#[tokio::test]
async fn reqwest_middleware_is_a_service_like_any_other() {
    let sandbox = ClaraSandbox::start().await;
    let tls = sandbox.tls().build().unwrap().owned_client_config();
    let client = ::reqwest_0_13::Client::builder().tls_backend_preconfigured(tls).build().unwrap();
    let service = AuthorizationLayer::new(
        TokenCache::new(sandbox.source()),
        Origin::https(&sandbox.clara().api_url()).unwrap(),
    )
    .layer(reqwest_middleware::ClientBuilder::new(client).build());
    let url = sandbox.url(TRANSACTIONS).parse().unwrap();
    let request = ::reqwest_0_13::Request::new(http::Method::GET, url);
    let response = service.oneshot(request).await.unwrap();
    assert_eq!((response.status(), sandbox.counts()), (StatusCode::OK, (1, 1)));
}
