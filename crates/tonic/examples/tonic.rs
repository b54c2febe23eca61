//! Client certificate, access token and tenant header on a tonic channel.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{env, fs, path::Path};

use bytes::{Buf, BufMut, Bytes};
use claviger_auth_core::{
    BoxError, TokenCache,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_client::Client;
use claviger_mtls::{Identity, Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_replay::ReplayStreamed;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use claviger_tonic::{Channel, GrpcAuthorizationLayer};
use http::{HeaderName, uri::PathAndQuery};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tower::ServiceBuilder;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [api_url, folder, client_id] = &words[..] else {
        return Err("usage: tonic API_URL FOLDER CLIENT_ID".into());
    };
    let folder = Path::new(folder);

    // Whom to trust, and who we are.
    let trust = Trust::given([&*fs::read(folder.join("ca.pem"))?])?;
    let identity = Identity::from_files([folder.join("client.crt"), folder.join("client.key")])?;
    let tls = Tls::builder(trust).with_identity(identity).build()?;

    // Tokens come over plain HTTP, so not over the channel.
    let secret = fs::read_to_string(folder.join("secret.txt"))?;
    let us = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretBasic, client_id)
        .with_secret(secret.trim_end().into());
    let endpoint = TokenEndpoint::builder(format!("{api_url}/oauth/token"), us)
        .build(Client::builder(tls.clone()).build())?;
    let tokens = TokenCache::new(ClientCredentials::new(endpoint).with_binding(tls.clone()));

    // From the outside in: for whom, once more when the token is rejected, the token.
    let channel = Channel::new(tls.clone(), api_url)?;
    let tenant = HeaderName::from_static("x-tax-identifier");
    let authorization = AuthorizationLayer::new(tokens, channel.origins()).with_identity(tls);
    let service = ServiceBuilder::new()
        .layer(SetTenantLayer::required(tenant, channel.origins()))
        .layer(RetryUnauthorizedLayer::new(ReplayStreamed::new()))
        .layer(GrpcAuthorizationLayer::new(authorization))
        .service(channel);

    // With code that was generated, this is `EchoClient::new(service)`, and `client.say(request)`.
    let mut client = Grpc::new(service);
    let mut request = Request::new(Bytes::from("hello"));
    request.extensions_mut().insert(Tenant::new("ACME8001011H0")?);
    client.ready().await?;
    let path = PathAndQuery::from_static("/claviger.sandbox.v1.Echo/Say");
    let response = client.unary(request, path, Raw).await?;
    assert_eq!(response.get_ref(), "hello");
    println!("{} for {:?}", response.get_ref().len(), response.metadata().get("sandbox-tenant"));
    Ok(())
}

/// Messages as they are. Code that was generated brings a codec of its own.
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
