//! A provider of one's own: a login that is no OAuth 2.0.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::{env, fs, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use claviger_auth_core::{
    AccessToken, BoxError, Error, ErrorKind, Fetch, Origin, TokenCache, TokenSource,
    authorization::AuthorizationLayer, retry_unauthorized::RetryUnauthorizedLayer,
};
use claviger_client::Client;
use claviger_mtls::{Tls, Trust};
use http::{Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, Limited};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tower::{Service, ServiceBuilder, ServiceExt};

/// Logs in with a JSON document, and is given a token in another.
struct Login {
    client: Client<Full<Bytes>>,
    url: String,
    id: String,
    secret: SecretString,
}

#[derive(Serialize)]
struct Credentials<'a> {
    client_id: &'a str,
    client_secret: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    access_token: SecretString,
    expires_in: Option<u64>,
}

#[async_trait]
impl TokenSource for Login {
    // One request and no cache: who waits, what is kept, and when to try again is the cache's business.
    async fn fetch(&self, _why: Fetch<'_>) -> Result<AccessToken, Error> {
        // The one place where the secret is shown: where it goes to the wire.
        let credentials = Credentials { client_id: &self.id, client_secret: self.secret.expose_secret() };
        let unforeseen = |_| Error::new(ErrorKind::Configuration, "the credentials are no JSON");
        let body = serde_json::to_vec(&credentials).map_err(unforeseen)?;
        let request = Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
            .map_err(|_| Error::new(ErrorKind::Configuration, "the login URL is none"))?;
        let response = self.client.clone().oneshot(request).await.map_err(|error| {
            // Ours say what failed: name resolution, TLS, a certificate. Any other is kept out of sight.
            Error::find(&*error)
                .cloned()
                .unwrap_or_else(|| Error::new(ErrorKind::Connect, "could not log in"))
        })?;
        match response.status() {
            StatusCode::OK => {}
            // A kind that only a human can mend: the cache waits longer before it tries again.
            StatusCode::UNAUTHORIZED => {
                return Err(Error::new(ErrorKind::CredentialsRefused, "the id or the secret is wrong"));
            }
            status => return Err(Error::new(ErrorKind::Unavailable, "could not log in").with_status(status)),
        }
        // Never more than an answer can have; and nothing of it in an error, for the token may stand in it.
        let broken = || Error::new(ErrorKind::Protocol, "the answer to the login is not what it should be");
        let body = Limited::new(response.into_body(), 1 << 20).collect().await.map_err(|_| broken())?;
        let answer: Answer = serde_json::from_slice(&body.to_bytes()).map_err(|_| broken())?;
        let token = AccessToken::bearer(&answer.access_token)?;
        Ok(match answer.expires_in {
            Some(seconds) => token.with_expires_in(Duration::from_secs(seconds)),
            None => token,
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [api_url, client_id, secret_file, ca] = &words[..] else {
        return Err("usage: own_provider API_URL CLIENT_ID SECRET_FILE CA.pem".into());
    };
    let client = Client::builder(Tls::builder(Trust::given([&*fs::read(ca)?])?).build()?).build();
    let login = Login {
        client: client.clone(),
        url: format!("{api_url}/authenticate/"),
        id: client_id.clone(),
        secret: fs::read_to_string(secret_file)?.trim_end().into(),
    };

    let mut service = ServiceBuilder::new()
        .layer(RetryUnauthorizedLayer::cloned())
        .layer(AuthorizationLayer::new(TokenCache::new(login), Origin::https(api_url)?))
        .service(client);
    let request = Request::get(format!("{api_url}/buyers/")).body(Full::<Bytes>::default())?;
    let response = service.ready().await?.call(request).await?;
    assert_eq!(response.status(), StatusCode::OK);
    println!("{} bytes", response.into_body().collect().await?.to_bytes().len());
    Ok(())
}
