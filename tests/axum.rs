//! Our layers in axum: a handler that calls an API, and a proxy that puts everything on what passes.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    error_handling::HandleErrorLayer,
    extract::{Path, State},
    response::{IntoResponse, Response as Answer},
    routing::get,
};
use claviger_auth_core::{
    BoxError, Error, ExistingHeader, Origin, TokenCache,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_replay::{ReplayStreamed, StreamedBody};
use futures_util::stream;
use http::{HeaderName, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tower::{ServiceBuilder, ServiceExt, util::BoxCloneSyncService};

use crate::clara_sandbox::{ACME, ClaraSandbox, TRANSACTIONS};

/// What a handler has in its state: it must be `Sync`.
type Client = BoxCloneSyncService<Request<Body>, Response<Incoming>, BoxError>;

/// Tenant, one more try and token, over a client whose bodies are axum's.
fn client(sandbox: &ClaraSandbox) -> Client {
    let tokens = TokenCache::builder(sandbox.source()).with_spacing(Duration::ZERO).build();
    let origin = || Origin::https(&sandbox.clara().api_url()).unwrap();
    let tenant = Tenant::new(ACME).unwrap();
    let pool = claviger_client::Client::builder(sandbox.tls().build().unwrap()).build();
    let stack = ServiceBuilder::new()
        .layer(
            SetTenantLayer::fixed(HeaderName::from_static("x-tax-identifier"), tenant, origin())
                .with_existing_header(ExistingHeader::Replace),
        )
        .layer(RetryUnauthorizedLayer::new(ReplayStreamed::new()))
        .layer(AuthorizationLayer::new(tokens, origin()).with_existing_header(ExistingHeader::Replace))
        .map_request(|request: Request<StreamedBody<Body>>| request.map(Body::new))
        .service(pool);
    BoxCloneSyncService::new(stack)
}

/// Calls the API from a handler.
async fn count(State((client, url)): State<(Client, String)>, Path(what): Path<String>) -> Answer {
    let request = Request::get(format!("{url}/api/v3/{what}")).body(Body::empty()).unwrap();
    match client.oneshot(request).await {
        Ok(response) => {
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            format!("{} for {}", body["totalElements"], body["company"]["taxIdentifier"]).into_response()
        }
        Err(error) => failure(&error).into_response(),
    }
}

/// Says no more than the kind: the caller of a service need not know what it is made of.
fn failure(error: &BoxError) -> (StatusCode, String) {
    let kind = Error::find(&**error).map(Error::kind);
    (StatusCode::BAD_GATEWAY, format!("{kind:?}"))
}

/// Sends whatever comes on to the API, with everything that the API asks for.
fn proxy(client: Client, api: &str) -> Router {
    let api: Uri = api.parse().unwrap();
    let service = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(|error: BoxError| async move { failure(&error) }))
        .map_request(move |mut request: Request<Body>| {
            let path = request.uri().path_and_query().cloned();
            let mut uri = api.clone().into_parts();
            uri.path_and_query = path;
            *request.uri_mut() = Uri::from_parts(uri).unwrap();
            // It names the proxy; the client writes that of the API.
            request.headers_mut().remove(header::HOST);
            // That of the caller's connection.
            *request.version_mut() = http::Version::default();
            request
        })
        .map_response(|response: Response<Incoming>| response.map(Body::new))
        .service(client);
    Router::new().fallback_service(service)
}

async fn call(router: &Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

fn from_caller(method: Method, path: &str, body: Body) -> Request<Body> {
    // As it comes from a connection: a path, and the host that the caller knows.
    Request::builder().method(method).uri(path).header(header::HOST, "proxy.example").body(body).unwrap()
}

/// A body of unknown length, as an upload has it.
fn stream(parts: &[&'static str]) -> Body {
    let parts: Vec<_> = parts.iter().map(|part| Ok::<_, Infallible>(*part)).collect();
    Body::from_stream(stream::iter(parts))
}

#[tokio::test]
async fn a_handler_calls_the_api_with_everything_on() {
    let sandbox = ClaraSandbox::start().await;
    let state = (client(&sandbox), sandbox.clara().api_url());
    let router = Router::new().route("/count/{what}", get(count)).with_state(state);
    for revoked in [false, true] {
        if revoked {
            sandbox.clara().revoke_all();
        }
        let (status, text) =
            call(&router, from_caller(Method::GET, "/count/transactions", Body::empty())).await;
        assert_eq!((status, text), (StatusCode::OK, format!("30 for \"{ACME}\"")));
    }
    assert_eq!(sandbox.counts(), (2, 3));
    let ours = sandbox.identity().thumbprint().to_string();
    assert!(sandbox.journal().entries().iter().all(|entry| entry.peer.thumbprint.as_ref() == Some(&ours)));
}

#[tokio::test]
async fn a_proxy_puts_everything_on_and_sends_streams_again() {
    let sandbox = ClaraSandbox::start().await;
    let router = proxy(client(&sandbox), &sandbox.clara().api_url());
    let mut get = from_caller(Method::GET, TRANSACTIONS, Body::empty());
    // What a caller brings of these is not ours to send on.
    get.headers_mut().insert(header::AUTHORIZATION, "Bearer callers-own".parse().unwrap());
    get.headers_mut().insert("x-tax-identifier", "TPR950612KL4".parse().unwrap());
    let (status, _) = call(&router, get).await;
    assert_eq!(status, StatusCode::OK);
    let entry = &sandbox.journal().api_entries()[0];
    assert_eq!(entry.header("x-tax-identifier"), Some(ACME));
    assert!(entry.header("authorization").unwrap().starts_with("Bearer sandbox-"));

    sandbox.clara().revoke_all();
    let post = from_caller(Method::POST, "/api/v3/upload", stream(&["in ", "pieces"]));
    let (status, text) = call(&router, post).await;
    assert_eq!(status, StatusCode::CREATED);
    assert!(text.contains("\"length\":9"), "{text}");
    assert_eq!(sandbox.counts(), (2, 3));

    let large: &'static str = Box::leak("x".repeat(3_000_000).into_boxed_str());
    let post = from_caller(Method::POST, "/api/v3/upload", stream(&[large]));
    let (status, text) = call(&router, post).await;
    assert_eq!(status, StatusCode::CREATED, "{text}");

    let response = router.oneshot(from_caller(Method::GET, "/api/v3/large?bytes=5000000", Body::empty()));
    let mut body = response.await.unwrap().into_body();
    let (mut length, mut pieces) = (0, 0);
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().into_data().map_or(0, |data| data.len());
        pieces += 1;
    }
    assert!(length == 5_000_000 && pieces > 1, "{length} bytes in {pieces} pieces");
}

#[tokio::test]
async fn a_path_cannot_lead_the_proxy_elsewhere() {
    let sandbox = ClaraSandbox::start().await;
    let router = proxy(client(&sandbox), &sandbox.clara().api_url());
    // An absolute URI, as a forward proxy gets it: only its path counts.
    let request = Request::get("https://evil.example/api/v3/cards").body(Body::empty()).unwrap();
    let (status, _) = call(&router, request).await;
    assert_eq!((status, sandbox.counts()), (StatusCode::OK, (1, 1)));
    let (status, _) = call(&router, from_caller(Method::GET, "//evil.example/x", Body::empty())).await;
    assert_eq!((status, sandbox.counts()), (StatusCode::NOT_FOUND, (1, 2)), "a path is a path");
}
