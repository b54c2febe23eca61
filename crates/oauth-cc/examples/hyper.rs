//! Client certificate, access token and tenant header on hyper-util's pooled client.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{env, fs, path::Path};

use bytes::Bytes;
use claviger_auth_core::{
    BoxError, Origin, TokenCache,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_mtls::{Identity, MtlsLayer, Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use http::{HeaderName, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [api_url, folder, client_id] = &words[..] else {
        return Err("usage: hyper API_URL FOLDER CLIENT_ID".into());
    };
    let folder = Path::new(folder);

    // Whom to trust, and who we are.
    let trust = Trust::given([&*fs::read(folder.join("ca.pem"))?])?;
    let identity = Identity::from_files([folder.join("client.crt"), folder.join("client.key")])?;
    let tls = Tls::builder(trust).with_identity(identity).build()?;

    // A client as you may have it, over connections that show the certificate.
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false); // https is the business of the connector above it
    let client = Client::builder(TokioExecutor::new()).build(MtlsLayer::new(tls.clone()).layer(tcp));

    // Tokens, fetched over that client. They are used with the certificate that they were fetched with.
    let secret = fs::read_to_string(folder.join("secret.txt"))?;
    let us = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretBasic, client_id)
        .with_secret(secret.trim_end().into());
    let endpoint = TokenEndpoint::builder(format!("{api_url}/oauth/token"), us).build(client.clone())?;
    let tokens = TokenCache::new(ClientCredentials::new(endpoint).with_binding(tls.clone()));

    // From the outside in: for whom, once more after a 401, the token.
    let origin = Origin::https(api_url)?;
    let mut service = ServiceBuilder::new()
        .layer(SetTenantLayer::required(HeaderName::from_static("x-tax-identifier"), origin.clone()))
        .layer(RetryUnauthorizedLayer::cloned())
        .layer(AuthorizationLayer::new(tokens, origin).with_identity(tls))
        .service(client);

    for company in ["ACME8001011H0", "TPR950612KL4"] {
        let mut request =
            Request::get(format!("{api_url}/api/v3/transactions")).body(Full::<Bytes>::default())?;
        request.extensions_mut().insert(Tenant::new(company)?);
        let response = service.ready().await?.call(request).await?;
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await?.to_bytes();
        println!("{company}: {} bytes", body.len());
    }
    Ok(())
}
