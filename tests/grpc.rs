//! tonic's client over our channel and our layers.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use claviger_auth_core::{
    BoxError, Error, ErrorKind, Origin, Origins, TokenCache,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_mtls::{Tls, Trust};
use claviger_replay::{ReplayStreamed, StreamedBody};
use claviger_tonic::{GrpcAuthorizationLayer, WatchedBody};
use futures_util::{StreamExt, stream};
use http::{HeaderName, Request, Response, uri::PathAndQuery};
use tonic::{
    Code, Status,
    body::Body,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tower::{Service, ServiceBuilder};

use crate::clara_sandbox::{ACME, ClaraSandbox};

/// Messages as they are, so that no compiler of protocol files is needed.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// Tenant, one more try and token, over a channel to `url` with the client certificate of `tls`.
fn stack(
    sandbox: &ClaraSandbox,
    tls: Tls,
    url: &str,
) -> impl Service<Request<Body>, Response = Response<WatchedBody<Body>>, Error = BoxError, Future: Send>
+ Clone
+ use<> {
    let tokens = TokenCache::builder(sandbox.source()).with_spacing(Duration::ZERO).build();
    let origin = Origin::https(url).unwrap();
    let tenant = HeaderName::from_static("x-tax-identifier");
    ServiceBuilder::new()
        .layer(SetTenantLayer::optional(tenant, Origins::bound_to(origin.clone())))
        .layer(RetryUnauthorizedLayer::new(ReplayStreamed::new()))
        .layer(GrpcAuthorizationLayer::new(tokens, origin))
        .map_request(|call: Request<StreamedBody<Body>>| call.map(Body::new))
        .service(claviger_tonic::channel(tls, url, |endpoint| endpoint).unwrap())
}

fn whole_stack(
    sandbox: &ClaraSandbox,
) -> impl Service<Request<Body>, Response = Response<WatchedBody<Body>>, Error = BoxError, Future: Send>
+ Clone
+ use<> {
    stack(sandbox, sandbox.tls().build().unwrap(), &sandbox.clara().api_url())
}

fn path(method: &str) -> PathAndQuery {
    format!("/claviger.sandbox.v1.Echo/{method}").parse().unwrap()
}

async fn say<S>(service: S, request: tonic::Request<Bytes>) -> Result<(Bytes, Option<String>), Status>
where
    S: Service<Request<Body>, Response = Response<WatchedBody<Body>>, Error = BoxError, Future: Send>,
{
    let mut grpc = Grpc::new(service);
    grpc.ready().await.map_err(Status::from_error)?;
    let response = grpc.unary(request, path("Say"), Raw).await?;
    let company = response.metadata().get("sandbox-company").map(|name| name.to_str().unwrap().to_owned());
    Ok((response.into_inner(), company))
}

fn message(text: &'static str) -> tonic::Request<Bytes> {
    tonic::Request::new(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn certificate_token_and_tenant_arrive() {
    let sandbox = ClaraSandbox::start().await;
    let service = whole_stack(&sandbox);
    let mut named = message("hello");
    named.extensions_mut().insert(Tenant::new(ACME).unwrap());
    assert_eq!(say(service.clone(), named).await.unwrap(), ("hello".into(), Some(ACME.to_owned())));
    assert_eq!(say(service, message("again")).await.unwrap(), ("again".into(), None));
    assert_eq!(sandbox.counts(), (1, 2));
    let ours = sandbox.identity().thumbprint().to_string();
    for entry in sandbox.journal().api_entries() {
        assert_eq!(entry.peer.thumbprint.as_deref(), Some(&*ours));
        assert!(entry.header("authorization").unwrap().starts_with("Bearer sandbox-"));
    }
}

#[tokio::test]
async fn told_in_the_head_a_revoked_token_is_replaced_and_the_call_sent_again() {
    let sandbox = ClaraSandbox::start().await;
    let service = whole_stack(&sandbox);
    say(service.clone(), message("one")).await.unwrap();
    sandbox.clara().revoke_all();
    assert_eq!(say(service, message("two")).await.unwrap().0, "two");
    assert_eq!(sandbox.counts(), (2, 3));
}

#[tokio::test]
async fn told_in_the_trailers_it_is_replaced_for_the_next_call() {
    let sandbox = ClaraSandbox::start().await;
    let service = whole_stack(&sandbox);
    say(service.clone(), message("one")).await.unwrap();
    sandbox.clara().revoke_all();
    let mut late = message("two");
    late.metadata_mut().insert("sandbox-status-in", "trailers".parse().unwrap());
    let status = say(service.clone(), late).await.unwrap_err();
    assert_eq!((status.code(), sandbox.counts()), (Code::Unauthenticated, (1, 2)), "the answer had begun");
    assert_eq!(say(service, message("three")).await.unwrap().0, "three");
    assert_eq!(sandbox.counts(), (2, 3));
}

#[tokio::test]
async fn streams_of_messages_pass_both_ways_and_are_sent_again() {
    let sandbox = ClaraSandbox::start().await;
    let mut grpc = Grpc::new(whole_stack(&sandbox));
    for (count, size, requests) in [(3, 10, 1), (3, 10, 3), (1_000, 3_000, 4)] {
        if requests == 3 {
            sandbox.clara().revoke_all();
        }
        let part = Bytes::from(vec![b'x'; size]);
        let messages = stream::iter(std::iter::repeat_n(part, count));
        grpc.ready().await.unwrap();
        let response = grpc.client_streaming(tonic::Request::new(messages), path("Collect"), Raw).await;
        let told = format!("{count} messages, {} bytes", count * size);
        assert_eq!(response.unwrap().into_inner(), told);
        assert_eq!(sandbox.counts().1, requests);
    }
    grpc.ready().await.unwrap();
    let answer = grpc.server_streaming(message("x"), path("Repeat"), Raw).await.unwrap();
    let messages: Vec<_> = answer.into_inner().collect().await;
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|message| message.as_ref().unwrap() == "x"));
}

#[tokio::test]
async fn a_call_to_another_origin_is_refused() {
    let sandbox = ClaraSandbox::start().await;
    let mut service = whole_stack(&sandbox);
    for uri in ["https://evil.example/claviger.sandbox.v1.Echo/Say", "http://127.0.0.1/x"] {
        let call = Request::post(uri).body(Body::empty()).unwrap();
        std::future::poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
        let error = service.call(call).await.unwrap_err();
        assert_eq!(Error::find(&*error).unwrap().kind(), ErrorKind::Origin, "{uri}");
    }
    assert_eq!(sandbox.counts(), (0, 0));
}

#[tokio::test]
async fn what_goes_wrong_with_a_connection_is_in_the_status() {
    let sandbox = ClaraSandbox::start().await;
    let url = sandbox.clara().api_url();
    let nobody = Tls::builder(sandbox.trust()).build().unwrap();
    let stranger = Trust::given([sandbox.clara().client_ca_pem().as_bytes()]).unwrap();
    let distrust = Tls::builder(stranger).with_identity(sandbox.identity()).build().unwrap();
    let old = sandbox.tls().with_http1_only().build().unwrap();
    for (tls, kind) in [(distrust, ErrorKind::Tls), (old, ErrorKind::Protocol)] {
        let status = say(stack(&sandbox, tls, &url), message("hello")).await.unwrap_err();
        let error = Error::find(&status).unwrap_or_else(|| panic!("no error of ours in {status:?}"));
        assert_eq!(error.kind(), kind);
    }
    // After the handshake, tonic keeps the text of what h2 made of it, and not the error.
    let status = say(stack(&sandbox, nobody, &url), message("hello")).await.unwrap_err();
    assert_ne!(status.code(), Code::Ok);
    assert_eq!(sandbox.counts().1, 0);
}
