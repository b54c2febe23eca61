//! Client certificate, access token and tenant header on a `reqwest::Client`.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{env, fs, path::Path};

use claviger_auth_core::{
    BoxError, Origin, TokenCache,
    authorization::AuthorizationLayer,
    retry_unauthorized::RetryUnauthorizedLayer,
    set_tenant::{SetTenantLayer, Tenant},
};
use claviger_mtls::{Identity, Tls, Trust};
use claviger_oauth_cc::ClientCredentials;
use claviger_replay::ReplayReqwest013;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenEndpoint};
use http::HeaderName;
use reqwest::{Client, Method, Request, redirect::Policy};
use reqwest_0_13 as reqwest; // in a package of your own, it is called that already
use tower::{Service, ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [api_url, folder, client_id] = &words[..] else {
        return Err("usage: reqwest API_URL FOLDER CLIENT_ID".into());
    };
    let folder = Path::new(folder);

    // Whom to trust, and who we are.
    let trust = Trust::given([&*fs::read(folder.join("ca.pem"))?])?;
    let identity = Identity::from_files([folder.join("client.crt"), folder.join("client.key")])?;
    let tls = Tls::builder(trust).with_identity(identity).build()?;

    // A client with that certificate. It must not follow redirects: reqwest takes the token off when one leads
    // to another host, but not the tenant header.
    let with_certificate = || Client::builder().tls_backend_preconfigured(tls.owned_client_config());
    let client = with_certificate().redirect(Policy::none()).build()?;

    // Tokens. They are used with the certificate that they were fetched with.
    let secret = fs::read_to_string(folder.join("secret.txt"))?;
    let us = ClientAuthentication::new(ClientAuthenticationMethod::ClientSecretBasic, client_id)
        .with_secret(secret.trim_end().into());
    let transport = claviger_token_endpoint::reqwest_0_13(with_certificate())?;
    let endpoint = TokenEndpoint::builder(format!("{api_url}/oauth/token"), us).build(transport)?;
    let tokens = TokenCache::new(ClientCredentials::new(endpoint).with_binding(tls.clone()));

    // One stack for each tenant, over one client and one cache of tokens: reqwest's requests have no extensions
    // in which each could name its own.
    let origin = Origin::https(api_url)?;
    for company in ["ACME8001011H0", "TPR950612KL4"] {
        let header = HeaderName::from_static("x-tax-identifier");
        // From the outside in: for whom, once more after a 401, the token.
        let mut service = ServiceBuilder::new()
            .layer(SetTenantLayer::fixed(header, Tenant::new(company)?, origin.clone()))
            .layer(RetryUnauthorizedLayer::new(ReplayReqwest013::new()))
            .layer(AuthorizationLayer::new(tokens.clone(), origin.clone()).with_identity(tls.clone()))
            .service(client.clone());

        let request = Request::new(Method::GET, format!("{api_url}/api/v3/transactions").parse()?);
        let response = service.ready().await?.call(request).await?;
        assert!(response.status().is_success());
        println!("{company}: {} bytes", response.bytes().await?.len());
    }
    Ok(())
}
