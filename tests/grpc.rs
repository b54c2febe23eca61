//! A tonic client over our channel and layers.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use claviger_auth_core::{
    Error, ErrorKind, TokenCache,
    authorization::{Authorization, AuthorizationLayer},
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_mtls::{Tls, TlsBuilder, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_replay::ReplayStreamed;
use claviger_sandbox::{Fault, Target, Times};
use claviger_tonic::{Channel, GrpcAuthorization, GrpcAuthorizationLayer, WatchedBody};
use http::{HeaderName, Uri, Version, uri::PathAndQuery};
use tokio::task::JoinSet;
use tonic::{
    Code, Request, Response, Status,
    body::Body,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataValue,
    transport::{ClientTlsConfig, Endpoint},
};
use tower::{Layer, ServiceBuilder, util::BoxCloneSyncService};

use crate::clara_sandbox::{ACME, ClaraSandbox, tax_identifier};

/// Messages that are nothing but bytes.
#[derive(Clone, Copy)]
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

    fn encode(&mut self, message: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(source.copy_to_bytes(source.remaining())))
    }
}

/// A client over a stack that sends a call once more.
fn persistent_echo(sandbox: &ClaraSandbox) -> Echo {
    let stack = ServiceBuilder::new()
        .layer(RetryUnauthorizedLayer::new(ReplayStreamed::new()))
        .service(authorized(sandbox, channel(sandbox, sandbox.tls())));
    Echo(Grpc::new(BoxCloneSyncService::new(
        ServiceBuilder::new().map_err(Status::from_error).service(stack),
    )))
}

#[tokio::test]
async fn told_in_the_head_a_revoked_token_is_replaced_and_the_call_sent_again() {
    let sandbox = ClaraSandbox::start().await;
    let mut echo = persistent_echo(&sandbox);
    echo.say(hello()).await.unwrap();
    sandbox.clara().revoke_all();
    assert_eq!(echo.say(hello()).await.unwrap().into_inner(), "hello");
    assert_eq!(sandbox.counts(), (2, 3));

    sandbox.clara().revoke_all();
    let messages = vec![Bytes::from(vec![b'x'; 1000]); 3];
    assert_eq!(echo.collect(messages).await.unwrap(), "3 3000");
    assert_eq!(sandbox.counts(), (3, 5));

    // Too many messages to keep: the caller is told, and the next call has another token.
    sandbox.clara().revoke_all();
    let messages = vec![Bytes::from(vec![b'x'; 1000]); 300];
    assert_eq!(echo.collect(messages.clone()).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(echo.collect(messages).await.unwrap(), "300 300000");
    assert_eq!(sandbox.counts(), (4, 7));
}

type Stack = BoxCloneSyncService<http::Request<Body>, http::Response<WatchedBody<Body>>, Status>;

/// As `tonic-build` would make it.
#[derive(Clone)]
struct Echo(Grpc<Stack>);

impl Echo {
    async fn say(&mut self, request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
        self.0.ready().await?;
        self.0.unary(request, path("Say"), Raw).await
    }

    async fn collect(&mut self, messages: Vec<Bytes>) -> Result<Bytes, Status> {
        self.0.ready().await?;
        let request = Request::new(tokio_stream::iter(messages));
        Ok(self.0.client_streaming(request, path("Collect"), Raw).await?.into_inner())
    }

    /// Reads the stream to its end.
    async fn repeat(&mut self, request: Request<Bytes>) -> Result<Vec<Bytes>, Status> {
        self.0.ready().await?;
        let mut answer = self.0.server_streaming(request, path("Repeat"), Raw).await?.into_inner();
        let mut messages = Vec::new();
        while let Some(message) = answer.message().await? {
            messages.push(message);
        }
        Ok(messages)
    }
}

fn path(method: &str) -> PathAndQuery {
    format!("/claviger.sandbox.v1.Echo/{method}").parse().unwrap()
}

fn hello() -> Request<Bytes> {
    Request::new("hello".into())
}

fn channel(sandbox: &ClaraSandbox, tls: TlsBuilder) -> Channel {
    Channel::new(tls.build().unwrap(), &sandbox.clara().api_url()).unwrap()
}

/// Tenant and token over a channel, as a caller would put them together.
fn stack(sandbox: &ClaraSandbox, channel: Channel) -> Stack {
    let tenant = HeaderName::from_static("x-tax-identifier");
    let stack = ServiceBuilder::new()
        .map_err(Status::from_error)
        .layer(SetTenantLayer::optional(tenant, channel.origins()))
        .service(authorized(sandbox, channel));
    BoxCloneSyncService::new(stack)
}

type Authorized = GrpcAuthorization<Authorization<Channel, TokenCache<ClientCredentials>>>;

/// The token alone, over a channel.
fn authorized(sandbox: &ClaraSandbox, channel: Channel) -> Authorized {
    let tokens = TokenCache::builder(sandbox.source()).with_spacing(Duration::ZERO).build();
    GrpcAuthorizationLayer::new(AuthorizationLayer::new(tokens, channel.origins())).layer(channel)
}

fn echo(sandbox: &ClaraSandbox) -> Echo {
    Echo(Grpc::new(stack(sandbox, channel(sandbox, sandbox.tls()))))
}

fn kind(status: &Status) -> ErrorKind {
    Error::find(status).unwrap_or_else(|| panic!("no error of ours in {status:?}")).kind()
}

#[tokio::test]
async fn certificate_token_and_tenant_arrive() {
    let sandbox = ClaraSandbox::start().await;
    let mut echo = echo(&sandbox);
    let mut request = hello();
    request.extensions_mut().insert(Tenant::from(tax_identifier(ACME)));
    let answer = echo.say(request).await.unwrap();
    assert_eq!(answer.metadata().get("sandbox-tenant").unwrap(), ACME);
    assert_eq!(answer.into_inner(), "hello");
    let answer = echo.say(hello()).await.unwrap();
    assert_eq!(answer.metadata().get("sandbox-tenant"), None, "no tenant is left over");

    assert_eq!(sandbox.counts(), (1, 2));
    let [first, second] = &sandbox.journal().api_entries()[..] else { panic!("not two calls") };
    assert_eq!((&*first.path, first.version), ("/claviger.sandbox.v1.Echo/Say", Version::HTTP_2));
    assert_eq!(first.peer.thumbprint, Some(sandbox.identity().thumbprint().to_string()));
    assert!(first.header("authorization").unwrap().starts_with("Bearer sandbox-"));
    assert_eq!(first.header("x-tax-identifier"), Some(ACME));
    assert_eq!(second.header("x-tax-identifier"), None);
}

#[tokio::test]
async fn messages_stream_both_ways() {
    let sandbox = ClaraSandbox::start().await;
    let mut echo = echo(&sandbox);
    let messages = vec![Bytes::from(vec![b'x'; 1000]); 3000];
    assert_eq!(echo.collect(messages).await.unwrap(), "3000 3000000");
    assert_eq!(sandbox.journal().api_entries()[0].body_length, 3000 * 1005);

    let mut request = hello();
    request.metadata_mut().insert("sandbox-times", MetadataValue::from_static("500"));
    assert_eq!(echo.repeat(request).await.unwrap(), vec!["hello"; 500]);
    assert_eq!(sandbox.counts(), (1, 2));
}

#[tokio::test]
async fn a_revoked_token_costs_one_call_wherever_it_is_told() {
    for place in [None, Some("trailers"), Some("trailers-after-message")] {
        let sandbox = ClaraSandbox::start().await;
        let mut echo = echo(&sandbox);
        let request = || {
            let mut request = hello();
            let place = place.map(MetadataValue::from_static);
            place.map(|place| request.metadata_mut().insert("sandbox-status-in", place));
            request
        };
        echo.say(request()).await.unwrap();

        sandbox.clara().revoke_all();
        sandbox.journal().clear();
        assert_eq!(echo.say(request()).await.unwrap_err().code(), Code::Unauthenticated, "{place:?}");
        assert_eq!(sandbox.counts(), (0, 1), "it is not sent again: {place:?}");
        echo.say(request()).await.unwrap();
        assert_eq!(sandbox.counts(), (1, 2), "{place:?}");

        sandbox.clara().revoke_all();
        assert_eq!(echo.repeat(request()).await.unwrap_err().code(), Code::Unauthenticated, "{place:?}");
        assert_eq!(echo.repeat(request()).await.unwrap().len(), 3);
        assert_eq!(sandbox.counts(), (2, 4), "{place:?}");
    }
}

#[tokio::test]
async fn the_401_of_a_proxy_costs_one_call_as_well() {
    let sandbox = ClaraSandbox::start().await;
    let mut echo = echo(&sandbox);
    echo.say(hello()).await.unwrap();
    sandbox.clara().play(Target::Api, Fault::Unauthorized, Times::ONCE);
    // tonic takes the page that came with it for a broken message.
    echo.say(hello()).await.unwrap_err();
    echo.say(hello()).await.unwrap();
    assert_eq!(sandbox.counts(), (2, 3));
}

#[tokio::test]
async fn a_foreign_origin_gets_nothing() {
    let sandbox = ClaraSandbox::start().await;
    let stack = stack(&sandbox, channel(&sandbox, sandbox.tls()));
    let with_origin = |origin: &str| Echo(Grpc::with_origin(stack.clone(), origin.parse::<Uri>().unwrap()));
    let port = sandbox.clara().address().port();
    for foreign in
        ["https://evil.example", &format!("https://localhost:{port}"), &format!("http://127.0.0.1:{port}")]
    {
        let status = with_origin(foreign).say(hello()).await.unwrap_err();
        assert_eq!(kind(&status), ErrorKind::Origin, "{foreign}");
    }
    assert_eq!(sandbox.counts(), (0, 0));
    with_origin(&sandbox.clara().api_url()).say(hello()).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_told_as_such() {
    let sandbox = ClaraSandbox::start().await;
    let foreign = Trust::given([sandbox.clara().client_ca_pem().as_bytes()]).unwrap();
    let tls = Tls::builder(foreign).with_identity(sandbox.identity());
    let status = Echo(Grpc::new(stack(&sandbox, channel(&sandbox, tls)))).say(hello()).await.unwrap_err();
    assert_eq!((kind(&status), status.code()), (ErrorKind::Tls, Code::Unavailable));
    assert_eq!(sandbox.journal().api_requests(), 0);
}

/// In TLS 1.3 it is told after the handshake. A call may hear of it when there is another connection already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_certificate_is_told_as_such_to_every_call() {
    let sandbox = ClaraSandbox::start().await;
    let echo = Echo(Grpc::new(stack(&sandbox, channel(&sandbox, Tls::builder(sandbox.trust())))));
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let mut echo = echo.clone();
        calls.spawn(async move {
            let mut refusals = Vec::new();
            for _ in 0..10 {
                refusals.push(echo.say(hello()).await.unwrap_err());
            }
            refusals
        });
    }
    for status in calls.join_all().await.into_iter().flatten() {
        assert_eq!((kind(&status), status.code()), (ErrorKind::ClientCertificate, Code::Unavailable));
    }
    assert_eq!(sandbox.journal().api_requests(), 0);
}

#[tokio::test]
async fn tonic_s_own_tls_does_not_come_between() {
    let sandbox = ClaraSandbox::start().await;
    let own = ClientTlsConfig::new().domain_name("evil.example");
    let channel = Channel::builder(sandbox.tls().build().unwrap(), &sandbox.clara().api_url())
        .with_endpoint(|_| Endpoint::from_static("https://evil.example").tls_config(own).unwrap())
        .build()
        .unwrap();
    let answer = Echo(Grpc::new(stack(&sandbox, channel))).say(hello()).await.unwrap();
    assert_eq!(answer.into_inner(), "hello");
}
