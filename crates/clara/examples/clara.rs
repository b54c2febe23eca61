//! Clara's ready client: one call for a company, one for the whole group.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::env;

use bytes::Bytes;
use claviger_auth_core::{BoxError, set_tenant::Tenant};
use claviger_clara::{Client, Config, Country, Credentials, TaxIdentifier};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    // The folder with the files that Clara sent: client certificate, key, CA, client id and secret.
    let config = match &words[..] {
        [folder] => Config::new(Country::Mexico, Credentials::from_dir(folder)?),
        [folder, api_url] => {
            Config::new(Country::Mexico, Credentials::from_dir(folder)?).with_api_url(api_url)?
        }
        _ => return Err("usage: clara FOLDER [API_URL]".into()),
    };
    let mut client = Client::new(&config)?;

    let mut request = Request::get("/api/v3/transactions").body(Full::<Bytes>::default())?;
    let company = TaxIdentifier::new("ACME8001011H0", Country::Mexico)?;
    request.extensions_mut().insert(Tenant::from(company));
    let response = client.ready().await?.call(request).await?;
    assert_eq!(response.status(), StatusCode::OK);
    println!("one company: {} bytes", response.into_body().collect().await?.to_bytes().len());

    let request = Request::get("/api/v3/users").body(Full::default())?;
    let response = client.ready().await?.call(request).await?;
    assert_eq!(response.status(), StatusCode::OK);
    println!("the group: {} bytes", response.into_body().collect().await?.to_bytes().len());
    Ok(())
}
