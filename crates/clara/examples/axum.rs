//! A proxy made of axum: whatever comes in goes on to Clara with certificate, token and tax identifier.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::env;

use axum::{Router, body::Body, error_handling::HandleErrorLayer};
use claviger_auth_core::{BoxError, Error, retry_unauthorized::RetryUnauthorizedLayer};
use claviger_clara::{ClaraLayer, Config, Country, Credentials, TaxIdentifier};
use claviger_client::Client;
use claviger_replay::{ReplayStreamed, StreamedBody};
use http::{Request, Response, StatusCode, Version, header};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, util::BoxCloneSyncService};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [api_url, folder] = &words[..] else {
        return Err("usage: axum API_URL FOLDER".into());
    };
    let config = Config::new(Country::Mexico, Credentials::from_dir(folder)?)
        .with_api_url(api_url)?
        .with_tax_identifier(TaxIdentifier::new("ACME8001011H0", Country::Mexico)?);

    // Clara's three layers over a pooled client. Bodies stream through; one of at most 64 KiB is sent again if
    // the token was revoked meanwhile.
    let clara = ClaraLayer::new(&config, config.transport()?)?
        .with_retry(RetryUnauthorizedLayer::new(ReplayStreamed::new()));
    let authenticated = ServiceBuilder::new()
        .layer(clara)
        .map_request(|request: Request<StreamedBody<Body>>| request.map(Body::new))
        .service(Client::builder(config.tls()?).build());

    let endpoints = config.endpoints().clone();
    let proxy = ServiceBuilder::new()
        // Our errors have a kind, and it is all that a stranger is told.
        .layer(HandleErrorLayer::new(|error: BoxError| async move {
            (StatusCode::BAD_GATEWAY, format!("{:?}\n", Error::find(&*error).map(Error::kind)))
        }))
        .map_request(move |mut request: Request<Body>| {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            // What is no path of Clara's is refused by the layers: it names no origin.
            *request.uri_mut() = endpoints.url(path).unwrap_or_default();
            // These are about the caller's connection and not about Clara's.
            request.headers_mut().remove(header::HOST);
            *request.version_mut() = Version::default();
            request
        })
        .map_response(|response: Response<_>| response.map(Body::new))
        // A router's services are shared among threads: a `BoxCloneService` would not do.
        .service(BoxCloneSyncService::new(authenticated));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback_service(proxy)).await?;
    Ok(())
}
