//! A token endpoint that rotates refresh tokens and takes a session back when one is used twice.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use claviger_auth_core::Error;
use claviger_client::Client;
use claviger_mtls::{Tls, Trust};
use claviger_token_endpoint::{
    ClientAuthentication, ClientAuthenticationMethod, TokenAnswer, TokenEndpoint, TokenRequest,
};
use tokio::{net::TcpListener, task::AbortHandle};

use crate::{authority::Authority, clara_sandbox::Full};

/// What becomes of a refresh token that is used once more.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Reuse {
    /// It is good until the one that came after it was used: what Auth0 and Okta call leeway or grace.
    Forgiven,
    /// It ends the session (RFC 9700 §4.14.2).
    Punished,
}

pub(crate) struct Issuer {
    pub(crate) token_url: String,
    state: Arc<Mutex<Issued>>,
    serving: AbortHandle,
}

pub(crate) struct Issued {
    reuse: Reuse,
    life: u32,
    number: usize,
    is_ended: bool,
    pub(crate) renewals: usize,
}

impl Issuer {
    pub(crate) async fn start(reuse: Reuse, life: u32) -> Self {
        let issued = Issued { reuse, life, number: 0, is_ended: true, renewals: 0 };
        let state = Arc::new(Mutex::new(issued));
        let router = Router::new().route("/token", post(answer)).with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let token_url = format!("http://{}/token", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { token_url, state, serving: serving.abort_handle() }
    }

    pub(crate) fn issued(&self) -> MutexGuard<'_, Issued> {
        self.state.lock().unwrap()
    }

    /// The refresh token that is good now.
    pub(crate) fn current(&self) -> String {
        format!("refresh{}", self.issued().number)
    }

    pub(crate) fn endpoint(&self) -> TokenEndpoint {
        let trust = Trust::given([Authority::new("Test CA").pem.as_bytes()]).unwrap();
        let client: Client<Full> =
            Client::builder(Tls::builder(trust).build().unwrap()).with_loopback_http().build();
        let acme = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
        TokenEndpoint::builder(&self.token_url, acme).with_loopback_http().build(client).unwrap()
    }

    /// What a login brings.
    pub(crate) async fn login(&self, endpoint: &TokenEndpoint) -> Result<TokenAnswer, Error> {
        endpoint.request(&TokenRequest::authorization_code("c".into(), "http://127.0.0.1/", "v".into())).await
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(state): State<Arc<Mutex<Issued>>>, body: String) -> (StatusCode, String) {
    let form: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut issued = state.lock().unwrap();
    if let Some(token) = form.get("refresh_token") {
        let former = format!("refresh{}", issued.number.saturating_sub(1));
        let is_forgiven = issued.reuse == Reuse::Forgiven && *token == former;
        if issued.is_ended || *token != format!("refresh{}", issued.number) && !is_forgiven {
            issued.is_ended = true;
            return (StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#.to_owned());
        }
        issued.renewals += 1;
    }
    issued.is_ended = false;
    issued.number += 1;
    let (number, life) = (issued.number, issued.life);
    let answer = format!(
        r#"{{"access_token":"access{number}","refresh_token":"refresh{number}","expires_in":{life}}}"#
    );
    (StatusCode::OK, answer)
}
