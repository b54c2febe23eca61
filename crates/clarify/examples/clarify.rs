//! Clarify's ready client: a JSON-RPC call, with OAuth 2.0 or HTTP Basic, whichever the credentials are for.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::env;

use bytes::Bytes;
use claviger_auth_core::BoxError;
use claviger_clarify::{Client, Config, Credentials};
use claviger_mtls::Trust;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let (file, ca) = match &words[..] {
        [file] => (file, None),
        [file, ca] => (file, Some(ca)),
        _ => return Err("usage: clarify CREDENTIALS.json [CA.pem]".into()),
    };
    let mut config = Config::new(Credentials::from_file(file)?);
    if let Some(ca) = ca {
        // The sandbox's authority, which the platform does not know.
        config = config.with_trust(Trust::given([&*std::fs::read(ca)?])?);
    }
    let mut client = Client::new(&config)?;

    let call = r#"{"jsonrpc":"2.0","id":1,"method":"clarify.selectItems","params":{}}"#;
    let request = Request::post("rpc").body(Full::<Bytes>::from(call))?;
    let response = client.ready().await?.call(request).await?;
    assert_eq!(response.status(), StatusCode::OK);
    // An error of the call stands in the body of a 200.
    let body = response.into_body().collect().await?.to_bytes();
    println!("{} bytes", body.len());
    Ok(())
}
