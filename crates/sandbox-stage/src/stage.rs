//! What every provider's listener does around its routes: writes the journal, plays faults, holds answers.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::authorization::Denial;
use crate::authorization_server::PATHS;
use crate::event::Event;
use crate::fault::{Fault, Script, Target};
use crate::filler::Filler;
use crate::journal::Journal;
use crate::provider::Manner;
use crate::server::{HangUp, Peer};

/// Holds what the routes of one provider have in common.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) journal: Journal,
    pub(crate) script: Script,
    gates: [watch::Sender<usize>; 3],
    // Another origin on the same port: where a redirect leads.
    elsewhere: String,
    token_path: &'static str,
    refuse: fn(Target, StatusCode, &str) -> Response,
}

impl Stage {
    pub(crate) fn new(manner: Manner, port: u16) -> Self {
        Self {
            journal: Journal::new(),
            script: Script::default(),
            gates: [(); 3].map(|()| watch::Sender::new(0)),
            elsewhere: format!("https://localhost:{port}/elsewhere"),
            token_path: manner.token_path,
            refuse: manner.refuse,
        }
    }

    pub(crate) fn hold(&self, target: Target) -> Hold {
        let gate = self.gate(target).clone();
        gate.send_modify(|holds| *holds += 1);
        Hold { gate }
    }

    fn gate(&self, target: Target) -> &watch::Sender<usize> {
        let [api, login, token] = &self.gates;
        match target {
            Target::Api => api,
            Target::Login => login,
            Target::Token => token,
        }
    }

    fn target(&self, path: &str) -> Option<Target> {
        if path.starts_with("/sandbox/") {
            None
        } else if path == self.token_path || self.token_path.strip_suffix('/') == Some(path) {
            Some(Target::Token)
        } else if PATHS.contains(&path) {
            Some(Target::Login)
        } else {
            Some(Target::Api)
        }
    }

    /// Gives the answer of a fault that does not need the right one.
    fn instead(&self, fault: Fault, target: Target, headers: &HeaderMap, body: &Bytes) -> Option<Response> {
        let refuse = |status, text: &str| (self.refuse)(target, status, text);
        Some(match fault {
            Fault::EchoSecret => {
                let sent = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
                let (sent, body) = (String::from_utf8_lossy(sent), String::from_utf8_lossy(body));
                refuse(StatusCode::BAD_REQUEST, &format!("cannot read `{sent}` with `{body}`"))
            }
            Fault::ErrorIn200 => {
                let text = "the real status is not the one above";
                axum::Json(json!({ "error": "temporarily_unavailable", "error_description": text }))
                    .into_response()
            }
            Fault::HangUp => (StatusCode::INTERNAL_SERVER_ERROR, axum::Extension(HangUp)).into_response(),
            Fault::HtmlPage => {
                (StatusCode::BAD_GATEWAY, [(CONTENT_TYPE, "text/html")], PROXY_PAGE).into_response()
            }
            Fault::Redirect => {
                (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, self.elsewhere.clone())]).into_response()
            }
            Fault::TooManyRequests(duration) => {
                let mut answer = refuse(StatusCode::TOO_MANY_REQUESTS, "too many requests");
                answer.headers_mut().insert(RETRY_AFTER, duration.as_secs().into());
                answer
            }
            Fault::Unauthorized => match target {
                Target::Api => Denial::unauthorized("not accepted").answer(self.refuse),
                Target::Login | Target::Token => refuse(StatusCode::UNAUTHORIZED, "not accepted"),
            },
            Fault::Unavailable => refuse(StatusCode::SERVICE_UNAVAILABLE, "down for maintenance"),
            Fault::HugeBody
            | Fault::NoToken
            | Fault::OddExpiresIn
            | Fault::Slow(_)
            | Fault::WrongContentType => return None,
        })
    }
}

/// Holds back the answers of one target until it is dropped.
#[must_use = "answers go on as soon as this is dropped"]
pub struct Hold {
    gate: watch::Sender<usize>,
}

impl Hold {
    /// Lets the answers go on.
    pub fn release(self) {}
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.gate.send_modify(|holds| *holds = holds.saturating_sub(1));
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}

/// Attends a request from its arrival to its answer; control routes pass by.
pub(crate) async fn attend(State(stage): State<Arc<Stage>>, request: Request, next: Next) -> Response {
    let Some(target) = stage.target(request.uri().path()) else { return next.run(request).await };
    let (head, body) = request.into_parts();
    let peer = head.extensions.get::<Peer>().cloned().unwrap_or_default();
    let sequence = stage.journal.arrived(&head, peer, target);
    let recorder = Arc::clone(&stage);
    let mut body = Body::new(body.map_frame(move |frame| {
        if let Some(data) = frame.data_ref() {
            recorder.journal.received(sequence, data);
        }
        frame
    }));

    let fault = stage.script.take(target);
    let mut instead = None;
    if let Some(fault) = fault {
        // What was sent is read first, so that the journal has it, and is then there for the routes again.
        let bytes = drain(body).await;
        instead = stage.instead(fault, target, &head.headers, &bytes);
        body = Body::from(bytes);
    }
    let mut answer = match instead {
        Some(answer) => answer,
        None => next.run(Request::from_parts(head, body)).await,
    };
    if let Some(fault) = fault {
        answer = after(fault, answer).await;
    }
    // A sender outlives every wait: it is in the stage.
    let _ = stage.gate(target).subscribe().wait_for(|holds| *holds == 0).await;
    // One who was hung up on has no answer.
    if answer.extensions().get::<HangUp>().is_none() {
        stage.journal.answered(sequence, answer.status(), answer.extensions().get::<Event>().copied());
    }
    answer
}

/// Reads a body to its end, for a client that is still sending may not see an answer that comes before.
pub async fn drain(body: Body) -> Bytes {
    Limited::new(body, MAX_DRAINED).collect().await.map(|body| body.to_bytes()).unwrap_or_default()
}

/// Makes a wrong answer of the right one, if that is what the fault does.
async fn after(fault: Fault, mut answer: Response) -> Response {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others have made their own answer")]
    match fault {
        Fault::HugeBody => {
            let (mut head, body) = answer.into_parts();
            head.headers.remove(CONTENT_LENGTH);
            let tail = drain(body).await;
            Response::from_parts(head, Body::new(Filler::new(b' ', HUGE, tail)))
        }
        Fault::NoToken => {
            rewrite(answer, |body| {
                body.as_object_mut().map(|members| members.remove("access_token"));
            })
            .await
        }
        Fault::OddExpiresIn => {
            rewrite(answer, |body| {
                if let Some(seconds) = body.get_mut("expires_in") {
                    *seconds = Value::String(seconds.to_string());
                }
            })
            .await
        }
        Fault::Slow(duration) => {
            tokio::time::sleep(duration).await;
            answer
        }
        Fault::WrongContentType => {
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            answer
        }
        _ => answer,
    }
}

async fn rewrite(answer: Response, change: impl FnOnce(&mut Value)) -> Response {
    let (mut head, body) = answer.into_parts();
    let bytes = drain(body).await;
    let Ok(mut value) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(head, Body::from(bytes));
    };
    change(&mut value);
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(value.to_string()))
}

const HUGE: u64 = 8 * 1024 * 1024;
const MAX_DRAINED: usize = 64 * 1024 * 1024;
const PROXY_PAGE: &str =
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n";
