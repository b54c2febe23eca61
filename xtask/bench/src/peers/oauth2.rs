//! oauth2 with a `tokio::sync::Mutex` around the token: what one writes by hand; 30 s ahead.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderValue, Response, StatusCode};
use oauth2::{
    AsyncHttpClient, ClientId, ClientSecret, HttpRequest, HttpResponse, TokenResponse, TokenUrl,
    basic::BasicClient,
};
use tokio::sync::Mutex;
use tower::BoxError;

use crate::{
    issuer::{Issuer, Refused},
    peer::{Answer, Caller, Header, Inner, Peer, Setup, Stamped},
    peers::floor::bearer,
};

const AHEAD: Duration = Duration::from_secs(30);

/// The token and its end behind the mutex.
#[derive(Clone)]
pub struct OAuth2 {
    endpoint: Endpoint,
    token: Arc<Mutex<Option<(String, Instant)>>>,
}

impl Peer for OAuth2 {
    async fn start(setup: &Setup) -> Result<Self, BoxError> {
        let endpoint = Endpoint { issuer: Arc::clone(&setup.issuer), life: setup.due + AHEAD };
        Ok(Self { endpoint, token: Arc::default() })
    }

    fn over<A: Answer, S: Inner<A>>(&self, inner: S) -> impl Caller<Answer = A> + Sync {
        Stamped(self.clone(), inner)
    }
}

impl Header for OAuth2 {
    async fn header(&self) -> Result<HeaderValue, BoxError> {
        let mut kept = self.token.lock().await;
        if let Some((token, end)) = &*kept
            && *end > Instant::now() + AHEAD
        {
            return bearer(token);
        }
        let client = BasicClient::new(ClientId::new("acme".to_owned()))
            .set_client_secret(ClientSecret::new("swordfish".to_owned()))
            .set_token_uri(TokenUrl::new("https://auth.example/token".to_owned())?);
        let answer = client.exchange_client_credentials().request_async(&self.endpoint).await?;
        let token = answer.access_token().secret().clone();
        let value = bearer(&token);
        *kept = Some((token, Instant::now() + answer.expires_in().unwrap_or_default()));
        value
    }
}

#[derive(Clone)]
struct Endpoint {
    issuer: Arc<Issuer>,
    life: Duration,
}

impl<'c> AsyncHttpClient<'c> for Endpoint {
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Refused>> + Send + 'c>>;

    fn call(&'c self, _: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let token = self.issuer.issue().await?;
            let life = self.life.as_secs();
            let text = format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":{life}}}"#);
            let mut response = Response::new(text.into_bytes());
            *response.status_mut() = StatusCode::OK;
            Ok(response)
        })
    }
}
