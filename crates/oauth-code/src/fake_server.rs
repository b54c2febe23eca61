//! An authorization server that rotates refresh tokens, and takes a session back when one is used twice.

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use claviger_token_endpoint::{ClientAuthentication, ClientAuthenticationMethod, TokenAnswer, TokenEndpoint};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;
use tower::service_fn;

#[derive(Clone)]
pub(crate) struct FakeServer {
    state: Arc<Mutex<State>>,
    /// An answer waits until it may pass.
    pub(crate) gate: Arc<Semaphore>,
}

pub(crate) type Form = BTreeMap<String, String>;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) requests: Vec<Form>,
    /// Status and body of the next answers, in the place of what it would say.
    pub(crate) says: VecDeque<(u16, &'static str)>,
    pub(crate) rotates: bool,
    issued: usize,
    is_revoked: bool,
}

impl FakeServer {
    pub(crate) fn new() -> Self {
        let state = State { rotates: true, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Form> {
        self.state().requests.clone()
    }

    pub(crate) fn say(&self, status: u16, body: &'static str) {
        self.state().says.push_back((status, body));
    }

    pub(crate) fn endpoint(&self) -> TokenEndpoint {
        let server = self.clone();
        let client = ClientAuthentication::new(ClientAuthenticationMethod::None, "acme");
        TokenEndpoint::builder("https://auth.example/token", client)
            .with_revocation_url("https://auth.example/revoke")
            .with_device_authorization_url("https://auth.example/device")
            .build(service_fn(move |request: Request<Full<Bytes>>| {
                let server = server.clone();
                async move {
                    let path = request.uri().path().to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let form: Form = form_urlencoded::parse(&body).into_owned().collect();
                    let (status, answer) = server.state().answer(&path, form);
                    server.gate.acquire().await.unwrap().forget();
                    let mut response = Response::new(Full::<Bytes>::from(answer));
                    *response.status_mut() = status.try_into().unwrap();
                    Ok::<_, Infallible>(response)
                }
            }))
            .unwrap()
    }

    /// What a login brings: the first tokens.
    pub(crate) async fn login(&self) -> TokenAnswer {
        let code = claviger_token_endpoint::TokenRequest::authorization_code("c".into(), "r", "v".into());
        self.endpoint().request(&code).await.unwrap()
    }
}

impl State {
    fn answer(&mut self, path: &str, form: Form) -> (u16, String) {
        self.requests.push(form.clone());
        if let Some((status, body)) = self.says.pop_front() {
            return (status, body.to_owned());
        }
        if path == "/revoke" {
            self.is_revoked = true;
            return (200, String::new());
        }
        if form.get("grant_type").is_some_and(|grant| grant == "refresh_token") {
            let current = format!("refresh{}", if self.rotates { self.issued } else { 1 });
            if self.is_revoked || form["refresh_token"] != current {
                self.is_revoked = true;
                return (400, r#"{"error":"invalid_grant"}"#.to_owned());
            }
        }
        self.issued += 1;
        let number = self.issued;
        let refresh = if self.rotates || number == 1 {
            format!(r#","refresh_token":"refresh{number}""#)
        } else {
            String::new()
        };
        let scope = if number == 1 { r#","scope":"read write""# } else { "" };
        (200, format!(r#"{{"access_token":"access{number}","expires_in":3600{refresh}{scope}}}"#))
    }
}
