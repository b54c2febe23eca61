//! Clazar's ready client.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{env, fs};

use bytes::Bytes;
use claviger_auth_core::BoxError;
use claviger_clazar::{Client, Config};
use claviger_mtls::Trust;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [client_id, secret_file, elsewhere @ ..] = &words[..] else {
        return Err("usage: clazar CLIENT_ID SECRET_FILE [API_URL CA.pem]".into());
    };
    let secret = fs::read_to_string(secret_file)?;
    let mut config = Config::new(client_id, secret.trim_end().into());
    if let [api_url, ca] = elsewhere {
        config = config.with_api_url(api_url)?.with_trust(Trust::given([&*fs::read(ca)?])?);
    }
    let mut client = Client::new(&config)?;

    let request = Request::get("/buyers/?page_size=2").body(Full::<Bytes>::default())?;
    let response = client.ready().await?.call(request).await?;
    assert_eq!(response.status(), StatusCode::OK);
    println!("{} bytes", response.into_body().collect().await?.to_bytes().len());
    Ok(())
}
